"""Giving a conversation back to the queue's head, with a card that tells the next coach what was."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.models import Staff
from app.chat import actions as chat
from app.chat import log
from app.chat.models import Conversation, LogEntry
from app.chat.rules import Speaker, Status, Stream
from app.db import record
from app.events import CoachReleased, QueueChanged
from app.queue.models import Assignment, QueueEntry
from app.queue.rules import Turn
from app.safeguarding.queries import of_conversation
from app.safeguarding.rules import ConcernState


async def give_back(session: AsyncSession, *, conversation_id: UUID, staff_id: UUID, why: str) -> bool:
    """Put an open conversation of this coach at the queue's head; False where it is not theirs, or not open.

    The parent is told, the coach is fenced out, and a card waits for whoever takes them next.
    """
    await log.lock(session, [conversation_id])
    held = (
        await session.execute(
            select(Assignment)
            .join(Conversation, col(Conversation.id) == col(Assignment.conversation_id))
            .where(
                col(Assignment.conversation_id) == conversation_id,
                col(Assignment.staff_id) == staff_id,
                col(Assignment.ended_at).is_(None),
                col(Conversation.status) == Status.OPEN,
            )
        )
    ).scalar_one_or_none()
    if held is None or not await chat.send_back(session, conversation_id=conversation_id, why=why):
        return False
    held.ended_at = clock.now()
    session.add(held)
    # Nobody else can wait for this row: it is made under the conversation's lock.
    before = (
        await session.execute(
            select(QueueEntry)
            .where(col(QueueEntry.conversation_id) == conversation_id)
            .order_by(col(QueueEntry.entered_at).desc())
            .limit(1)
        )
    ).scalar_one()
    session.add(
        QueueEntry(
            conversation_id=conversation_id,
            turn=Turn.HIGH_RISK if held.high_risk else Turn.RETURNED,
            language=before.language,
            topic=before.topic,
            entered_at=held.ended_at,
        )
    )
    await write_card(session, conversation_id=conversation_id, staff_id=staff_id, why=why)
    audit.note(
        session,
        actor=f"staff:{staff_id}",
        action=f"conversation.given_back.{why}",
        subject=f"conversation:{conversation_id}",
    )
    record(session, CoachReleased(conversation=conversation_id))
    record(session, QueueChanged())
    return True


async def write_card(session: AsyncSession, *, conversation_id: UUID, staff_id: UUID, why: str) -> None:
    """Write the handover card to the staff stream: facts, no text. The caller holds the lock."""
    spoken = await session.execute(
        select(col(LogEntry.speaker), func.count(), func.max(col(LogEntry.at)))
        .where(
            col(LogEntry.conversation_id) == conversation_id,
            col(LogEntry.stream) == Stream.CONV,
            col(LogEntry.kind) == "message.posted",
        )
        .group_by(col(LogEntry.speaker))
    )
    said = {speaker: (count, last) for speaker, count, last in spoken}
    opened_at, name = (
        await session.execute(
            select(col(Conversation.opened_at), col(Staff.name))
            .join_from(Conversation, Staff, col(Staff.id) == staff_id)
            .where(col(Conversation.id) == conversation_id)
        )
    ).one()
    concerns = await of_conversation(session, conversation_id=conversation_id)
    parent, last = said.pop(Speaker.PARENT, (0, None))
    facts: dict[str, object] = {
        "why": why,
        "from": name,
        "since": clock.wire(opened_at),
        "parent_messages": parent,
        "staff_messages": sum(count for count, _ in said.values()),
        "parent_wrote_at": clock.wire(last) if last else None,
        "concerns": [each.category for each in concerns if each.state != ConcernState.CLOSED],
    }
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened("conversation.handed_over", facts),
    )
