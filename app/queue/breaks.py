"""Breaks by shift: after so long on duty nobody new comes, and with the last chat gone a break begins."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.db import Database, reading, record, transaction
from app.events import QueueChanged
from app.queue.models import Assignment, Availability, Shift
from app.settings import Timers

NONE = timedelta()


async def give_breaks(database: Database, timers: Timers) -> None:
    """Begin each break that is due and whose coach holds nobody any more."""
    if not timers.break_every or not timers.break_length:
        return
    async with reading(database) as session:
        due = list(await session.scalars(_due(clock.now())))
    for shift_id in due:
        async with transaction(database) as session:
            await begin_break(
                session,
                shift_id=shift_id,
                length=timedelta(seconds=timers.break_length),
                every=timedelta(seconds=timers.break_every),
            )


async def begin_break(session: AsyncSession, *, shift_id: UUID, length: timedelta, every: timedelta) -> bool:
    """Let this coach rest, if they still may; a break that stands already is never shortened."""
    now = clock.now()
    shift = await session.get_one(Shift, shift_id, with_for_update=True)
    # Asked once it is locked: a statement that waits for a lock sees nothing else that came meanwhile.
    if await session.scalar(_due(now).where(col(Shift.id) == shift_id)) is None:
        return False
    shift.rests_until = max(shift.rests_until or now, now + length)
    shift.break_due_at = shift.rests_until + every
    session.add(shift)
    record(session, QueueChanged())
    return True


async def rests_still(session: AsyncSession, *, staff_id: UUID, now: datetime) -> datetime | None:
    """Until when a coach who comes on duty anew still rests: a new shift takes no break away."""
    found: datetime | None = await session.scalar(
        select(col(Shift.rests_until))
        .where(col(Shift.staff_id) == staff_id, col(Shift.rests_until) > now)
        .order_by(col(Shift.rests_until).desc())
        .limit(1)
    )
    return found


async def end_rest(session: AsyncSession, *, staff_id: UUID) -> None:
    """End the break of somebody who needs none: a rehearsed coach."""
    await session.execute(
        update(Shift)
        .where(col(Shift.staff_id) == staff_id, col(Shift.ended_at).is_(None))
        .values(rests_until=None, break_due_at=None)
    )


def _due(now: datetime) -> Select[UUID]:
    holds = exists().where(
        col(Assignment.staff_id) == col(Shift.staff_id), col(Assignment.ended_at).is_(None)
    )
    return select(col(Shift.id)).where(
        col(Shift.ended_at).is_(None),
        col(Shift.availability) == Availability.AVAILABLE,
        col(Shift.break_due_at) <= now,
        ~holds,
    )
