"""The queue and the coaches as staff see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.models import Staff
from app.chat.models import Conversation
from app.queue.models import Assignment, EntryState, QueueEntry, Shift
from app.queue.rules import Waiting, in_order
from app.topics.queries import parents_topics

RECENT = timedelta(minutes=60)
RECENT_CLAIMS = 50


@dataclass(frozen=True, slots=True)
class WaitingParent:
    """A waiting conversation as the board shows it."""

    entry: Waiting
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


async def waiting(session: AsyncSession) -> list[Waiting]:
    """Everybody who waits, next first."""
    rows = await session.execute(
        select(
            col(QueueEntry.conversation_id),
            col(QueueEntry.entered_at),
            col(QueueEntry.priority),
            col(QueueEntry.language),
        ).where(col(QueueEntry.state) == EntryState.WAITING)
    )
    return in_order([Waiting(*row) for row in rows])


async def board(session: AsyncSession) -> list[WaitingParent]:
    """Everybody who waits, with what their parents said first."""
    entries = await waiting(session)
    ids = [entry.conversation for entry in entries]
    topics = await parents_topics(session, ids)
    bands = await session.execute(
        select(col(Conversation.id), col(Conversation.age_band)).where(col(Conversation.id).in_(ids))
    )
    age_bands = {row[0]: row[1] for row in bands}
    return [
        WaitingParent(
            entry=entry, topic=topics.get(entry.conversation), age_band=age_bands.get(entry.conversation)
        )
        for entry in entries
    ]


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
        )
        .join(Shift, col(Shift.staff_id) == col(Staff.id))
        .outerjoin(loads, loads.c.staff_id == col(Staff.id))
        .where(col(Shift.ended_at).is_(None))
        .order_by(col(Staff.name), col(Staff.id))
    )
    return [CoachOnDuty(*row) for row in rows]
