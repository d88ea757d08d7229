"""The queue and the coaches as staff see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    distinct,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.models import Staff
from app.chat.models import Conversation
from app.db import table_of
from app.queue.models import (
    STANDS,
    WAITS,
    Assignment,
    Lease,
    Offer,
    QueueEntry,
    Shift,
)
from app.queue.rules import Waiting
from app.rows import rows_of
from app.safeguarding.models import Concern
from app.topics.queries import parents_topics

RECENT = timedelta(minutes=60)
RECENT_CLAIMS = 50
BOARD = 50  # as many of them as a board shows


@dataclass(frozen=True, slots=True)
class WaitingParent:
    """A waiting conversation as the board shows it; a message was left by somebody who is not there."""

    entry: Waiting
    is_message: bool
    topic: str | None
    age_band: str | None


@dataclass(frozen=True, slots=True)
class CoachOnDuty:
    """A coach's state as supervisors see it."""

    staff_id: UUID
    name: str
    availability: str
    load: int
    capacity: int
    lost: bool  # nobody hears them
    hard: int  # conversations of this shift in which somebody worried about safety


ENTRY = table_of(QueueEntry).c
IN_ORDER = (ENTRY.turn, ENTRY.entered_at, ENTRY.conversation_id)
AS_WAITING: tuple[Any, ...] = (
    ENTRY.conversation_id,
    ENTRY.entered_at,
    ENTRY.turn,
    ENTRY.language,
    ENTRY.topic,
    ENTRY.earlier_coach,
)
_EVERYBODY = select(ENTRY.conversation_id).where(WAITS).order_by(*IN_ORDER)
IS_MESSAGE: ColumnElement[bool] = ENTRY.message_left_at.is_not(None)


async def board(session: AsyncSession, *, most: int = BOARD) -> list[WaitingParent]:
    """The first of those who wait, with what their parents said first."""
    rows = await session.execute(select(IS_MESSAGE, *AS_WAITING).where(WAITS).order_by(*IN_ORDER).limit(most))
    entries = [(Waiting(*row[1:]), bool(row[0])) for row in rows]
    ids = [entry.conversation for entry, _ in entries]
    topics = await parents_topics(session, ids)
    bands = await session.execute(
        select(col(Conversation.id), col(Conversation.age_band)).where(col(Conversation.id).in_(ids))
    )
    age_bands = {row[0]: row[1] for row in bands}
    return [
        WaitingParent(
            entry=entry,
            is_message=is_message,
            topic=topics.get(entry.conversation),
            age_band=age_bands.get(entry.conversation),
        )
        for entry, is_message in entries
    ]


async def places(session: AsyncSession) -> dict[UUID, int]:
    """Everybody who waits with their place, 1 for who is next."""
    rows = await rows_of(session, _EVERYBODY, {})
    return {row[0]: number for number, row in enumerate(rows, start=1)}


async def how_many_wait(session: AsyncSession) -> int:
    """How many parents wait."""
    found: int = (
        await session.execute(select(func.count()).select_from(QueueEntry).where(WAITS))
    ).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class StandingOffer:
    """A parent who is offered to a coach now."""

    offer_id: UUID
    staff_id: UUID
    entry: Waiting
    is_message: bool
    age_band: str | None
    offered_at: datetime
    expires_at: datetime


async def standing_offers(session: AsyncSession) -> list[StandingOffer]:
    """What is offered to whom now, oldest first."""
    facts: tuple[Any, ...] = (
        col(Offer.id),
        col(Offer.staff_id),
        col(Conversation.age_band),
        col(Offer.offered_at),
        col(Offer.expires_at),
        IS_MESSAGE,
    )
    rows = await session.execute(
        select(*facts, *AS_WAITING)
        .join(QueueEntry, col(QueueEntry.conversation_id) == col(Offer.conversation_id))
        .join(Conversation, col(Conversation.id) == col(Offer.conversation_id))
        .where(STANDS, WAITS)
        .order_by(col(Offer.offered_at), col(Offer.id))
    )
    return [
        StandingOffer(
            offer_id=row[0],
            staff_id=row[1],
            age_band=row[2],
            offered_at=row[3],
            expires_at=row[4],
            is_message=bool(row[5]),
            entry=Waiting(*row[6:]),
        )
        for row in rows
    ]


async def offer_to(session: AsyncSession, *, staff_id: UUID, now: datetime) -> Offer | None:
    """The offer that stands with this coach."""
    return (
        await session.execute(
            select(Offer).where(
                col(Offer.staff_id) == staff_id,
                STANDS,
                col(Offer.expires_at) > now,
            )
        )
    ).scalar_one_or_none()


async def switchboard(session: AsyncSession) -> Staff | None:
    """The supervisor who gives parents out by hand now, if one does."""
    found = await session.scalars(switchboards().order_by(col(Staff.id)).limit(1))
    return found.one_or_none()


def switchboards() -> Select[Staff]:
    return (
        select(Staff)
        .join(Shift, col(Shift.staff_id) == col(Staff.id))
        .where(col(Shift.ended_at).is_(None), col(Shift.switchboard), col(Staff.disabled_at).is_(None))
    )


async def claim_gaps(session: AsyncSession, *, now: datetime) -> list[float]:
    """Seconds between the claims of the last hour, newest fifty at most, newest first."""
    rows = await session.execute(
        select(col(Assignment.assigned_at))
        .where(col(Assignment.assigned_at) > now - RECENT)
        .order_by(col(Assignment.assigned_at).desc())
        .limit(RECENT_CLAIMS)
    )
    times = list(rows.scalars())
    return [(later - earlier).total_seconds() for later, earlier in pairwise(times)]


async def load_of(session: AsyncSession, *, staff_id: UUID) -> int:
    """How many conversations a coach holds, wrap-ups included."""
    found: int = (
        await session.execute(
            select(func.count())
            .select_from(Assignment)
            .where(col(Assignment.staff_id) == staff_id, col(Assignment.ended_at).is_(None))
        )
    ).scalar_one()
    return found


async def coaches_on_duty(session: AsyncSession) -> list[CoachOnDuty]:
    """Every coach whose shift runs, by name."""
    hard = (
        select(col(Assignment.staff_id), func.count(distinct(col(Concern.conversation_id))).label("number"))
        .join(Concern, col(Concern.conversation_id) == col(Assignment.conversation_id))
        .join(Shift, col(Shift.staff_id) == col(Assignment.staff_id))
        .where(col(Shift.ended_at).is_(None), col(Assignment.assigned_at) >= col(Shift.started_at))
        .group_by(col(Assignment.staff_id))
        .subquery()
    )
    loads = (
        select(col(Assignment.staff_id), func.count().label("load"))
        .where(col(Assignment.ended_at).is_(None))
        .group_by(col(Assignment.staff_id))
        .subquery()
    )
    rows = await session.execute(
        select(
            col(Staff.id),
            col(Staff.name),
            col(Shift.availability),
            func.coalesce(loads.c.load, 0),
            col(Staff.capacity),
            col(Lease.lost_at).is_not(None),
            func.coalesce(hard.c.number, 0),
        )
        .join(Shift, col(Shift.staff_id) == col(Staff.id))
        .outerjoin(Lease, col(Lease.staff_id) == col(Staff.id))
        .outerjoin(loads, loads.c.staff_id == col(Staff.id))
        .outerjoin(hard, hard.c.staff_id == col(Staff.id))
        .where(col(Shift.ended_at).is_(None))
        .order_by(col(Staff.name), col(Staff.id))
    )
    return [CoachOnDuty(*row) for row in rows]
