"""Ending and wrapping up: only here are load, concerns, topics and chat seen together.

Whatever closes a conversation first reads what nobody has read of it for signs of a risk, under its lock and
in the same transaction: so no concern is raised behind a conversation that has closed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.chat import actions as chat
from app.chat import log
from app.chat.access import Place
from app.chat.rules import Status, Stream
from app.content.rules import Codebook
from app.db import record
from app.errors import Conflict
from app.events import CoachReleased, ConversationClosed, QueueChanged
from app.queue.actions import mark_high_risk, settle_offer
from app.queue.models import Assignment, EntryState, QueueEntry, Shift
from app.queue.rules import rests_after
from app.safeguarding.actions import has_unclosed
from app.safeguarding.queries import of_conversation
from app.safeguarding.reading import read_to_the_end
from app.sealing import KeyRing
from app.topics.actions import tag


@dataclass(frozen=True, slots=True)
class WrapUp:
    """What an ended conversation was about: one to three topics, main one first, and what came of it."""

    topics: tuple[str, ...]
    disposition: str
    barriers: tuple[str, ...] = ()
    service_gaps: tuple[str, ...] = ()


async def end(session: AsyncSession, key_ring: KeyRing, *, place: Place) -> None:
    """End the conversation for the person whose place this is; where it has ended already, nothing happens.

    A parent who still waits leaves the queue, and the conversation is abandoned; a concern of theirs stays.
    """
    conversation_id, role = place.conversation.id, place.participant.role
    left_queue = role == "parent" and await _leave_queue(session, conversation_id=conversation_id)
    await log.lock(session, [conversation_id])
    if left_queue:
        await read_to_the_end(session, key_ring, conversation_id=conversation_id)
        moved = await chat.change_status(
            session,
            conversation_id=conversation_id,
            to=Status.ABANDONED,
            happened=log.Happened("conversation.abandoned", {}),
        )
    else:
        moved = await chat.change_status(
            session,
            conversation_id=conversation_id,
            to=Status.WRAP_UP,
            happened=log.Happened("conversation.ended", {"by": role}),
        )
    if moved:
        record(session, QueueChanged())


async def end_unattended(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """End an open conversation whose parent has left it; False where it is not open."""
    await log.lock(session, [conversation_id])
    moved = await chat.change_status(
        session,
        conversation_id=conversation_id,
        to=Status.WRAP_UP,
        happened=log.Happened("conversation.ended", {"by": "absence"}),
    )
    if moved:
        record(session, QueueChanged())
    return moved


async def close_unwrapped(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID) -> bool:
    """Close an ended conversation whose wrap-up never came, with the parent's own topic and no more.

    False, and not closed, while a concern is open: a supervisor sees it on their board.
    """
    await log.lock(session, [conversation_id])
    if await _is_held(session, key_ring, conversation_id=conversation_id):
        return False
    moved = await chat.change_status(
        session,
        conversation_id=conversation_id,
        to=Status.CLOSED,
        happened=log.Happened("conversation.closed", {"by": "time"}),
    )
    if moved:
        await _let_go(session, conversation_id=conversation_id, actor="service")
    return moved


async def expire(
    session: AsyncSession, key_ring: KeyRing, *, before: datetime, messages_before: datetime
) -> None:
    """Abandon whatever has waited since `before`: its parent left without saying so, and nobody came.

    Nobody waits beside a message that was left: it goes only when `messages_before` is passed too.
    """
    kept = col(QueueEntry.message_left_at).is_not(None) & (col(QueueEntry.entered_at) >= messages_before)
    expired = await session.scalars(
        update(QueueEntry)
        .where(col(QueueEntry.state) == EntryState.WAITING, col(QueueEntry.entered_at) < before, ~kept)
        .values(state=EntryState.EXPIRED, ended_at=clock.now())
        .returning(col(QueueEntry.conversation_id))
    )
    conversations = sorted(expired)
    for conversation_id in conversations:
        await settle_offer(session, conversation_id=conversation_id)
    await log.lock(session, conversations)
    for conversation_id in conversations:
        await read_to_the_end(session, key_ring, conversation_id=conversation_id)
        await chat.change_status(
            session,
            conversation_id=conversation_id,
            to=Status.ABANDONED,
            happened=log.Happened("conversation.abandoned", {}),
        )
    if conversations:
        record(session, QueueChanged())


async def wrap_up(
    session: AsyncSession,
    key_ring: KeyRing,
    codebook: Codebook,
    *,
    place: Place,
    wrap_up: WrapUp,
    debrief: timedelta = timedelta(),
) -> bool:
    """Tag an ended conversation and close it. Where a concern was raised, its coach rests for a debrief.

    False, and not closed, where its last words have just told of a risk: the concern is in this transaction,
    which must be committed; then `held_by_last_words` says why to whoever asked.

    Refused: an unknown code (named, with near matches), a conversation that has not ended, an open concern.
    """
    conversation_id, staff_id = place.conversation.id, place.participant.staff_id
    assert staff_id is not None
    coded = {
        "topic": tuple(codebook.resolve(code) for code in wrap_up.topics),
        "barrier": tuple(codebook.resolve(code, kind="barrier") for code in wrap_up.barriers),
        "disposition": (codebook.resolve(wrap_up.disposition, kind="disposition"),),
        "service_gap": tuple(codebook.resolve(code, kind="service_gap") for code in wrap_up.service_gaps),
    }
    coded = {kind: tuple(dict.fromkeys(codes)) for kind, codes in coded.items()}
    shift = (
        await session.execute(
            select(Shift)
            .where(col(Shift.staff_id) == staff_id, col(Shift.ended_at).is_(None))
            .with_for_update()
        )
    ).scalar_one_or_none()
    await log.lock(session, [conversation_id])
    if await has_unclosed(session, conversation_id=conversation_id):
        raise Conflict(
            "A concern about this conversation is still open, so it cannot close yet.",
            next_step="A supervisor works the concern through first; then send the wrap-up again.",
        )
    if await _is_held(session, key_ring, conversation_id=conversation_id):
        return False
    moved = await chat.change_status(
        session,
        conversation_id=conversation_id,
        to=Status.CLOSED,
        happened=log.Happened("conversation.closed", {}),
    )
    if not moved:
        raise Conflict(
            "This conversation has not ended yet, so it cannot be wrapped up.",
            next_step="End it first; the parent is told kindly.",
        )
    for kind, codes in coded.items():
        await tag(
            session,
            conversation_id=conversation_id,
            kind=kind,
            codes=codes,
            codebook_version=codebook.version,
            staff_id=staff_id,
        )
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened(
            "conversation.tagged",
            {
                "topics": list(coded["topic"]),
                "barriers": list(coded["barrier"]),
                "service_gaps": list(coded["service_gap"]),
                "disposition": coded["disposition"][0],
            },
        ),
    )
    if shift is not None:
        worrying = bool(await of_conversation(session, conversation_id=conversation_id))
        shift.rests_until = rests_after(
            until=shift.rests_until, now=clock.now(), worrying=worrying, debrief=debrief
        )
        session.add(shift)
    actor = f"{place.participant.role}:{staff_id}"
    await _let_go(session, conversation_id=conversation_id, actor=actor)
    return True


def held_by_last_words() -> Conflict:
    """Why a wrap-up closed nothing that could have been closed a moment before."""
    return Conflict(
        "The last words of this conversation may tell of a risk, so a concern was raised and it stays open.",
        next_step="Read them again. A supervisor works the concern through; then send the wrap-up again.",
    )


async def _is_held(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID) -> bool:
    """Whether a concern holds this locked conversation, once its last words have been read too."""
    if await read_to_the_end(session, key_ring, conversation_id=conversation_id):
        await mark_high_risk(session, conversation_id=conversation_id)
    return await has_unclosed(session, conversation_id=conversation_id)


async def _let_go(session: AsyncSession, *, conversation_id: UUID, actor: str) -> None:
    """End what staff have to do with a conversation that has just been closed."""
    await chat.leave(session, conversation_id=conversation_id)
    await session.execute(
        update(Assignment)
        .where(col(Assignment.conversation_id) == conversation_id, col(Assignment.ended_at).is_(None))
        .values(ended_at=clock.now())
    )
    audit.note(session, actor=actor, action="conversation.closed", subject=f"conversation:{conversation_id}")
    record(session, CoachReleased(conversation=conversation_id))
    record(session, ConversationClosed(conversation=conversation_id))
    record(session, QueueChanged())


async def _leave_queue(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """Take the parent out of the queue, unless a coach was quicker: then False."""
    left = (
        await session.execute(
            update(QueueEntry)
            .where(
                col(QueueEntry.conversation_id) == conversation_id,
                col(QueueEntry.state) == EntryState.WAITING,
            )
            .values(state=EntryState.ABANDONED, ended_at=clock.now())
            .returning(col(QueueEntry.id))
        )
    ).one_or_none()
    if left is not None:
        await settle_offer(session, conversation_id=conversation_id)
    return left is not None
