"""Concerns as staff see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.accounts.models import Staff
from app.chat.transcript import data_key
from app.errors import NotFound
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.rules import NOBODY, ConcernState
from app.sealing import KeyRing, place

IN_ORDER = [state.value for state in ConcernState]


@dataclass(frozen=True, slots=True, repr=False)
class StepTaken:
    """A step with its note opened; `by` is empty where the risk check took it.

    Holds what is known about a family, so no repr.
    """

    state: str
    by: str
    at: datetime
    note: str


async def unclosed(session: AsyncSession) -> list[Concern]:
    """Every concern that is not closed, oldest first: the supervisors' list."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.state != ConcernState.CLOSED)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())


async def of_conversation(session: AsyncSession, *, conversation_id: UUID) -> list[Concern]:
    """All concerns of one conversation, oldest first."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.conversation_id == conversation_id)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())


async def steps(session: AsyncSession, key_ring: KeyRing, *, concern_id: UUID) -> list[StepTaken]:
    """The steps of a concern with their notes, first to last; whoever reads for a person notes it."""
    rows = (
        await session.execute(
            select(ConcernStep, Staff.name, Concern.conversation_id)
            .join(Concern, col(Concern.id) == col(ConcernStep.concern_id))
            .outerjoin(Staff, col(Staff.id) == col(ConcernStep.staff_id))
            .where(ConcernStep.concern_id == concern_id)
        )
    ).all()
    if not rows:
        raise NotFound("There is no such concern.", next_step="The open ones are on your board.")
    key = await data_key(session, key_ring, rows[0][2])
    return [
        StepTaken(
            state=step.state,
            by=name or "",
            at=step.at,
            note=key.open(step.note, bound_to=place(conversation_id, step.id, step.staff_id or NOBODY))
            if step.note
            else "",
        )
        for step, name, conversation_id in sorted(rows, key=lambda row: IN_ORDER.index(row[0].state))
    ]
