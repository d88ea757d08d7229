"""How long parents were told that they would wait, and how wrong that was."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.db import table_of
from app.queue.models import EntryState, QueueEntry
from app.queue.rules import Expected, Told, Turn, WaitError, wait_error

RECENT = timedelta(hours=24)
MOST = 500


async def note_told(session: AsyncSession, told: Mapping[UUID, Expected]) -> None:
    """Write down what these parents were told first; what they were told later changes nothing."""
    if not told:
        return
    entry = table_of(QueueEntry)
    now = clock.now()
    await (await session.connection()).execute(
        update(entry)
        .where(
            entry.c.conversation_id == bindparam("whose"),
            entry.c.state == EntryState.WAITING,
            entry.c.told_at.is_(None),
        )
        .values(told_at=now, told_p50=bindparam("p50"), told_p80=bindparam("p80")),
        [
            {"whose": conversation, "p50": expected.p50, "p80": expected.p80}
            for conversation, expected in sorted(told.items())
        ],
    )


async def recent_wait_error(session: AsyncSession, *, now: datetime) -> WaitError | None:
    """How wrong it was for those who got a coach in their turn within a day; None where there were none."""
    rows = await session.execute(
        select(
            col(QueueEntry.told_at),
            col(QueueEntry.ended_at),
            col(QueueEntry.told_p50),
            col(QueueEntry.told_p80),
        )
        .where(
            col(QueueEntry.state) == EntryState.ASSIGNED,
            col(QueueEntry.turn) == Turn.ORDINARY,
            col(QueueEntry.told_at) > now - RECENT,
        )
        .order_by(col(QueueEntry.told_at).desc())
        .limit(MOST)
    )
    return wait_error(
        [
            Told((ended - at).total_seconds(), p50, p80)
            for at, ended, p50, p80 in rows
            if at and ended and p50 is not None and p80 is not None
        ]
    )
