"""Concerns as staff see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from app.accounts.models import Role, Staff
from app.errors import NotFound
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.records import Record, key_of, opened
from app.safeguarding.rules import ConcernState
from app.sealing import KeyRing

CLOSED_PAGE = 50
IN_ORDER = [state.value for state in ConcernState]


@dataclass(frozen=True, slots=True, repr=False)
class StepTaken:
    """A step with its words opened; `by` is empty where the risk check took it, `second` but for a decision.

    Holds what is known about a family, so no repr.
    """

    state: str
    by: str
    at: datetime
    record: Record
    second: str


async def unclosed(session: AsyncSession) -> list[Concern]:
    """Every concern that is not closed, oldest first: the supervisors' list."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.state != ConcernState.CLOSED)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())


async def closed(session: AsyncSession, *, after: UUID | None = None) -> list[Concern]:
    """The concerns that were closed last, newest first; a page of them, which follows on the one named.

    However many were closed in one moment, none is left out or comes twice.
    """
    chosen = select(Concern).where(Concern.state == ConcernState.CLOSED)
    if after is not None:
        last = await session.get(Concern, after)
        if last is None or last.state != ConcernState.CLOSED:
            raise NotFound("There is no such closed concern.", next_step="Look the list up again.")
        chosen = chosen.where(
            or_(
                col(Concern.changed_at) < last.changed_at,
                and_(col(Concern.changed_at) == last.changed_at, col(Concern.id) > last.id),
            )
        )
    rows = await session.scalars(
        chosen.order_by(col(Concern.changed_at).desc(), col(Concern.id)).limit(CLOSED_PAGE)
    )
    return list(rows)


async def of_conversation(session: AsyncSession, *, conversation_id: UUID) -> list[Concern]:
    """All concerns of one conversation, oldest first."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.conversation_id == conversation_id)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())


async def steps(session: AsyncSession, key_ring: KeyRing, *, concern_id: UUID) -> list[StepTaken]:
    """The steps of a concern with their words, first to last; whoever reads for a person notes it."""
    concern = await session.get(Concern, concern_id)
    if concern is None:
        raise NotFound("There is no such concern.", next_step="The open ones are on your board.")
    second = aliased(Staff)
    rows = await session.execute(
        select(ConcernStep, Staff.name, second.name)
        .outerjoin(Staff, col(Staff.id) == col(ConcernStep.staff_id))
        .outerjoin(second, col(second.id) == col(ConcernStep.second_id))
        .where(ConcernStep.concern_id == concern_id)
    )
    key = await key_of(session, key_ring, concern)
    return [
        StepTaken(
            state=step.state,
            by=name or "",
            at=step.at,
            record=opened(key, concern, step),
            second=second_name or "",
        )
        for step, name, second_name in sorted(rows, key=lambda row: IN_ORDER.index(row[0].state))
    ]


async def second_people(session: AsyncSession) -> list[Staff]:
    """Who may be the second person of a decision: everybody at work who meets parents or leads, by name."""
    rows = await session.scalars(
        select(Staff)
        .where(
            col(Staff.role).in_((Role.COACH, Role.SUPERVISOR, Role.MANAGER)),
            col(Staff.disabled_at).is_(None),
        )
        .order_by(col(Staff.name), col(Staff.id))
    )
    return list(rows)
