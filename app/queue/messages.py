"""Messages left while no coach is there: told at closing time, kept in the queue, answered when it is open.

A message is a conversation whose parent is not waited for. It comes after those who are there, whoever is at
risk first of all, and after three days in its own turn, so that it is never put off for ever.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.chat import log
from app.chat.access import Place
from app.chat.models import LogEntry
from app.chat.rules import Speaker, Stream
from app.db import record
from app.errors import BadRequest, Conflict
from app.events import QueueChanged
from app.queue.actions import settle_offer
from app.queue.models import WAITS, QueueEntry
from app.queue.rules import Turn

PUT_OFF = timedelta(days=3)


async def tell_closing(session: AsyncSession, *, next_opening: str | None) -> int:
    """Tell each parent who waits that the service has closed, once, and when it opens; how many were told."""
    told = await session.scalars(
        update(QueueEntry)
        .where(WAITS, col(QueueEntry.told_closing_at).is_(None), col(QueueEntry.message_left_at).is_(None))
        .values(told_closing_at=clock.now())
        .returning(col(QueueEntry.conversation_id))
    )
    conversations = sorted(told)
    await log.lock(session, conversations)
    for conversation_id in conversations:
        closing = log.Happened("queue.closing", {"next_opening": next_opening})
        await log.append(session, conversation_id=conversation_id, happened=closing)
    return len(conversations)


async def leave_message(session: AsyncSession, *, place: Place) -> None:
    """The parent waits no longer at their screen: what they wrote stays to be answered.

    Twice changes nothing. Refused: a parent who does not wait, and one who has written nothing.
    """
    conversation_id = place.conversation.id
    wrote = select(
        exists().where(
            col(LogEntry.conversation_id) == conversation_id,
            col(LogEntry.stream) == Stream.CONV,
            col(LogEntry.kind) == "message.posted",
            col(LogEntry.speaker) == Speaker.PARENT,
        )
    )
    if not await session.scalar(wrote):
        raise BadRequest("There is no message yet.", next_step="Write it first, then leave it here.")
    entry = await _waiting(session, place)
    if entry.message_left_at is not None:
        return
    entry.message_left_at = clock.now()
    entry.turn = Turn.MESSAGE if entry.turn == Turn.ORDINARY else entry.turn
    session.add(entry)
    await session.flush()
    await settle_offer(session, conversation_id=conversation_id)
    await log.lock(session, [conversation_id])
    await log.append(session, conversation_id=conversation_id, happened=log.Happened("message.left", {}))
    record(session, QueueChanged())


async def rejoin(session: AsyncSession, *, place: Place, is_open: bool) -> None:
    """The parent waits at their screen again, behind those who wait there; who came before them keeps that.

    Twice changes nothing. Refused: while the service is closed, and a parent who does not wait.
    """
    entry = await _waiting(session, place)
    if entry.message_left_at is None:
        return
    if not is_open:
        raise Conflict(
            "The chat is closed now.", next_step="Your message is kept and will be answered. Come back then."
        )
    entry.message_left_at = entry.told_closing_at = None
    if entry.turn == Turn.MESSAGE:
        entry.turn, entry.entered_at = Turn.ORDINARY, clock.now()
        entry.told_at = entry.told_p50 = entry.told_p80 = None
    session.add(entry)
    await session.flush()
    await log.lock(session, [entry.conversation_id])
    await log.append(
        session, conversation_id=entry.conversation_id, happened=log.Happened("queue.rejoined", {})
    )
    record(session, QueueChanged())


async def _waiting(session: AsyncSession, place: Place) -> QueueEntry:
    """The parent's entry, locked; refused where they do not wait."""
    entry: QueueEntry | None = await session.scalar(
        select(QueueEntry)
        .where(WAITS, col(QueueEntry.conversation_id) == place.conversation.id)
        .with_for_update()
    )
    if entry is None:
        raise Conflict(
            "You are not waiting any more.", next_step="Look at the chat: a coach may be there already."
        )
    return entry


async def bring_forward(session: AsyncSession, *, now: datetime) -> int:
    """Messages that were put off for long enough wait like everybody else from now on; how many."""
    moved = list(
        await session.scalars(
            update(QueueEntry)
            .where(
                WAITS,
                col(QueueEntry.turn) == Turn.MESSAGE,
                col(QueueEntry.entered_at) <= now - PUT_OFF,
            )
            .values(turn=Turn.ORDINARY)
            .returning(col(QueueEntry.id))
        )
    )
    if moved:
        record(session, QueueChanged())
    return len(moved)
