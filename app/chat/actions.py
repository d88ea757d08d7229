"""What changes a conversation. Each takes the conversation's lock before it decides."""

import secrets
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import clock
from app.chat import log
from app.chat.models import Conversation, ConversationKey, Participant, StreamHead
from app.chat.rules import ChildFacts, Origin, Speaker, Status, Stream, may_become
from app.sealing import KeyRing


async def create_conversation(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    start_mac: bytes | None,
    origin: Origin,
    language: str,
    child: ChildFacts,
    follows: UUID | None,
    session_mac: bytes | None = None,
) -> Conversation:
    """A new waiting conversation with its parent, its key and its two empty streams."""
    conversation = Conversation(
        start_mac=start_mac,
        origin=origin,
        language=language,
        follows=follows,
        session_mac=session_mac,
        epoch=secrets.token_hex(4),
        created_at=clock.now(),
        age_band=child.age_band,
        stage=child.stage,
        send=child.send,
        attendance=child.attendance,
        region=child.region,
    )
    session.add(conversation)
    await session.flush()
    session.add_all(
        [
            ConversationKey(conversation_id=conversation.id, wrapped=key_ring.new_key(conversation.id)),
            StreamHead(conversation_id=conversation.id, stream=Stream.CONV),
            StreamHead(conversation_id=conversation.id, stream=Stream.STAFF),
            Participant(
                conversation_id=conversation.id, role=Speaker.PARENT, joined_at=conversation.created_at
            ),
        ]
    )
    await session.flush()
    return conversation


async def open_with(
    session: AsyncSession, *, conversation_id: UUID, staff_id: UUID, role: str, first_name: str
) -> int:
    """Give the waiting conversation to a member of staff; the new generation, which fences the others out.

    The caller has already won the queue entry and holds the conversation's lock.
    """
    generation: int = (
        await session.execute(
            update(Conversation)
            .where(col(Conversation.id) == conversation_id)
            .values(
                generation=Conversation.generation + 1,
                status=Status.OPEN,
                opened_at=clock.now(),
            )
            .returning(col(Conversation.generation))
        )
    ).scalar_one()
    await session.execute(
        update(Participant)
        .where(
            col(Participant.conversation_id) == conversation_id,
            col(Participant.role) != Speaker.PARENT,
            col(Participant.left_at).is_(None),
        )
        .values(left_at=clock.now())
    )
    earlier = (
        await session.execute(
            select(Participant).where(
                Participant.conversation_id == conversation_id, Participant.staff_id == staff_id
            )
        )
    ).scalar_one_or_none()
    participant = earlier or Participant(
        conversation_id=conversation_id, staff_id=staff_id, role=role, joined_at=clock.now()
    )
    participant.generation, participant.left_at = generation, None
    session.add(participant)
    await session.flush()
    await log.append(
        session,
        conversation_id=conversation_id,
        happened=log.Happened("conversation.assigned", {"coach": first_name}),
    )
    return generation


async def send_back(session: AsyncSession, *, conversation_id: UUID, why: str) -> bool:
    """Take an open conversation from its coach and let it wait again; False where it is not open any more.

    The new generation fences the coach out at once. The caller holds the conversation's lock.
    """
    moved = (
        await session.execute(
            update(Conversation)
            .where(col(Conversation.id) == conversation_id, col(Conversation.status) == Status.OPEN)
            .values(status=Status.WAITING, generation=Conversation.generation + 1)
            .returning(col(Conversation.id))
        )
    ).one_or_none()
    if moved is None:
        return False
    await leave(session, conversation_id=conversation_id)
    again = log.Happened("queue.entered", {"again": True, "why": why})
    await log.append(session, conversation_id=conversation_id, happened=again)
    return True


async def change_status(
    session: AsyncSession, *, conversation_id: UUID, to: Status, happened: log.Happened
) -> bool:
    """Move a locked conversation on, once: False when it is no longer where it could move from.

    The times and the event are written with it.
    """
    now = clock.now()
    times: dict[Status, dict[str, object]] = {
        Status.ABANDONED: {"ended_at": now, "closed_at": now, "ended_by": "parent"},
        Status.WRAP_UP: {"ended_at": now, "ended_by": happened.data.get("by")},
        Status.CLOSED: {"closed_at": now},
    }
    before = [status for status in Status if may_become(status, to)]
    moved = (
        await session.execute(
            update(Conversation)
            .where(col(Conversation.id) == conversation_id, col(Conversation.status).in_(before))
            .values(status=to, **times[to])
            .returning(col(Conversation.id))
        )
    ).one_or_none()
    if moved is None:
        return False
    await log.append(session, conversation_id=conversation_id, happened=happened)
    return True


async def leave(session: AsyncSession, *, conversation_id: UUID) -> None:
    """End the part that staff have in a conversation; the parent keeps theirs."""
    await session.execute(
        update(Participant)
        .where(
            col(Participant.conversation_id) == conversation_id,
            col(Participant.role) != Speaker.PARENT,
            col(Participant.left_at).is_(None),
        )
        .values(left_at=clock.now())
    )


async def mark_read(session: AsyncSession, *, read: dict[UUID, int]) -> None:
    """Move participants' read cursors forward, never back."""
    await (await session.connection()).execute(
        update(Participant)
        .where(col(Participant.id) == bindparam("reader"), col(Participant.read_up_to) < bindparam("up_to"))
        .values(read_up_to=bindparam("up_to")),
        [{"reader": participant_id, "up_to": up_to} for participant_id, up_to in sorted(read.items())],
    )
