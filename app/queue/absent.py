"""Parents who wait and have vanished: their place is held, nobody is sent to them, then they are let go.

Whoever may be at risk is offered to coaches all the same and never let go: somebody looks for them.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import db
from app.chat import actions as chat
from app.chat import log
from app.chat.rules import Status
from app.db import Database, reading, record, transaction
from app.events import QueueChanged
from app.queue.actions import raise_risk, settle_offer
from app.queue.models import WAITS, EntryState, ParentLease, QueueEntry
from app.queue.presence import away_since, last_heard, mark_away, mark_here
from app.queue.rules import Turn
from app.safeguarding.reading import read_to_the_end
from app.sealing import KeyRing


@dataclass(frozen=True, slots=True)
class Absent:
    """What is to be done now about parents who wait."""

    away: list[UUID]
    here: list[UUID]
    gone: list[UUID]


async def sweep_waiting(database: Database, key_ring: KeyRing, *, away: timedelta, gone: timedelta) -> None:
    """Do all that is due, each in a transaction of its own that looks again under its lock."""
    async with reading(database) as session:
        found = await find_absent(session, away=away, gone=gone)
    for conversation in found.away:
        async with transaction(database) as session:
            await note_away(session, conversation_id=conversation, away=away)
    for conversation in found.here:
        async with transaction(database) as session:
            await note_back(session, conversation_id=conversation)
    for conversation in found.gone:
        async with transaction(database) as session:
            await let_go(session, key_ring, conversation_id=conversation, gone=gone)


async def find_absent(session: AsyncSession, *, away: timedelta, gone: timedelta) -> Absent:
    """Who waits and is not heard, who is heard again, and who has been away for too long."""
    now = await db.time_of(session)
    rows = await session.execute(
        select(
            col(QueueEntry.conversation_id),
            col(QueueEntry.entered_at),
            col(ParentLease.seen_at),
            col(ParentLease.away_at),
        )
        .outerjoin(ParentLease, col(ParentLease.conversation_id) == col(QueueEntry.conversation_id))
        .where(
            WAITS,
            col(QueueEntry.message_left_at).is_(None),
            col(QueueEntry.turn) != Turn.HIGH_RISK,
        )
    )
    found = Absent([], [], [])
    for conversation, entered, seen, noted in rows:
        heard, left = last_heard(entered, seen), away_since(entered, noted)
        if noted is not None and noted < seen:
            found.here.append(conversation)
        elif left is None:
            found.away.extend([conversation] * (heard <= now - away))
        elif heard <= now - gone:
            found.gone.append(conversation)
    return found


async def note_away(session: AsyncSession, *, conversation_id: UUID, away: timedelta) -> bool:
    """Hold the place of a parent who is not heard; whoever was to be asked to take them is asked no more."""
    entry = await _lock(session, conversation_id)
    if entry is None:
        return False
    if not await mark_away(session, conversation_id=conversation_id, came=entry.entered_at, away=away):
        return False
    await settle_offer(session, conversation_id=conversation_id)
    record(session, QueueChanged())
    return True


async def note_back(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """A parent who waits is heard again, and has their place."""
    if await _lock(session, conversation_id) is None:
        return False
    if not await mark_here(session, conversation_id=conversation_id):
        return False
    record(session, QueueChanged())
    return True


async def let_go(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, gone: timedelta) -> bool:
    """Take a parent out of the queue who did not come back.

    False where they did, somebody has them, or what they wrote last tells of a risk.
    """
    entry = await _lock(session, conversation_id)
    lease = await session.get(ParentLease, conversation_id)
    if entry is None or lease is None or away_since(entry.entered_at, lease.away_at) is None:
        return False
    if last_heard(entry.entered_at, lease.seen_at) > (await db.time_of(session)) - gone:
        return False
    await log.lock(session, [conversation_id])
    if await read_to_the_end(session, key_ring, conversation_id=conversation_id):
        await raise_risk(session, conversation_id=conversation_id)
        return False
    await session.execute(
        update(QueueEntry)
        .where(col(QueueEntry.id) == entry.id)
        .values(state=EntryState.ABANDONED, ended_at=await db.time_of(session))
    )
    await settle_offer(session, conversation_id=conversation_id)
    await chat.change_status(
        session,
        conversation_id=conversation_id,
        to=Status.ABANDONED,
        happened=log.Happened("conversation.abandoned", {"by": "absence"}),
    )
    record(session, QueueChanged())
    return True


async def _lock(session: AsyncSession, conversation_id: UUID) -> QueueEntry | None:
    """The entry of a parent who waits at a screen and is not at risk, locked."""
    entry: QueueEntry | None = await session.scalar(
        select(QueueEntry)
        .where(
            col(QueueEntry.conversation_id) == conversation_id,
            WAITS,
            col(QueueEntry.message_left_at).is_(None),
            col(QueueEntry.turn) != Turn.HIGH_RISK,
        )
        .with_for_update()
    )
    return entry
