"""Parents and coaches in open conversations, put into Earshot's database in bulk and with its own models."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlmodel import col

from app import clock
from app.accounts.models import ParentToken, Role, SocketPass, Staff, StaffSession
from app.accounts.tokens import new_token, token_hash
from app.chat.models import Conversation, ConversationKey, LogEntry, Participant, StreamHead
from app.chat.rules import Speaker, Status, Stream
from app.db import Database, reading, transaction
from app.queue.actions import set_availability
from app.queue.models import Assignment, Availability, EntryState, QueueEntry
from app.sealing import DataKey, KeyRing, place

PASS_GOOD_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Talking:
    """One open conversation; a coach needs a socket pass for each socket, a parent's token opens all."""

    conversation: UUID
    epoch: str
    parent: UUID  # participants
    coach: UUID
    parent_token: str
    coach_session: UUID
    wrapped_key: bytes


async def open_conversations(database: Database, key_ring: KeyRing, *, count: int) -> list[Talking]:
    """So many new conversations, each with a coach of its own; what was open before is over."""
    await _end_everything(database)
    coaches = await _coaches(database, count)
    now, made = clock.now(), []
    conversations, rows = [], []
    async with transaction(database) as session:
        for staff_id, session_id in coaches:
            conversation = Conversation(
                status=Status.OPEN,
                generation=1,
                epoch=secrets.token_hex(4),
                created_at=now,
                opened_at=now,
            )
            conversations.append(conversation)
            parent = Participant(conversation_id=conversation.id, role=Speaker.PARENT, joined_at=now)
            coach = Participant(
                conversation_id=conversation.id,
                role=Speaker.COACH,
                staff_id=staff_id,
                generation=1,
                joined_at=now,
            )
            token, wrapped = new_token(), key_ring.new_key(conversation.id)
            rows += [
                parent,
                coach,
                ConversationKey(conversation_id=conversation.id, wrapped=wrapped),
                *(StreamHead(conversation_id=conversation.id, stream=stream) for stream in Stream),
                ParentToken(token_hash=token_hash(token), conversation_id=conversation.id, created_at=now),
                Assignment(conversation_id=conversation.id, staff_id=staff_id, generation=1, assigned_at=now),
            ]
            made.append(
                Talking(
                    conversation=conversation.id,
                    epoch=conversation.epoch,
                    parent=parent.id,
                    coach=coach.id,
                    parent_token=token,
                    coach_session=session_id,
                    wrapped_key=wrapped,
                )
            )
        session.add_all(conversations)
        await session.flush()
        session.add_all(rows)
        await session.flush()
    return made


async def queue_up(database: Database, key_ring: KeyRing, *, count: int) -> UUID:
    """So many parents wait, and nobody else; the coach who may claim them, and holds nothing."""
    talking = await open_conversations(database, key_ring, count=count)
    waiting, now = [one.conversation for one in talking], clock.now()
    async with transaction(database) as session:
        await session.execute(
            update(Assignment).where(col(Assignment.ended_at).is_(None)).values(ended_at=now)
        )
        await session.execute(
            update(Conversation).where(col(Conversation.id).in_(waiting)).values(status=Status.WAITING)
        )
        session.add_all(QueueEntry(conversation_id=one, entered_at=now) for one in waiting)
        await session.flush()
    ((coach, _), *_) = await _coaches(database, 1)
    async with transaction(database) as session:
        await session.execute(update(Staff).where(col(Staff.id) == coach).values(capacity=10))
        await set_availability(session, staff_id=coach, availability=Availability.AVAILABLE)
    return coach


async def socket_passes(database: Database, sessions: Sequence[UUID]) -> list[str]:
    """A one-use pass for each of these sessions."""
    expires_at, tokens = clock.now() + PASS_GOOD_FOR, [new_token() for _ in sessions]
    async with transaction(database) as session:
        session.add_all(
            SocketPass(pass_hash=token_hash(token), session_id=session_id, expires_at=expires_at)
            for token, session_id in zip(tokens, sessions, strict=True)
        )
        await session.flush()
    return tokens


async def say_already(
    database: Database, key_ring: KeyRing, talking: Sequence[Talking], *, messages: int, body: str
) -> None:
    """Give each conversation a past of so many messages, sealed as the writer seals them."""
    for one in talking:
        key = key_ring.unwrap(one.conversation, one.wrapped_key)
        async with transaction(database) as session:
            session.add_all(_entry(one, key, seq, body) for seq in range(1, messages + 1))
            await session.flush()
            await session.execute(
                update(StreamHead)
                .where(
                    col(StreamHead.conversation_id) == one.conversation,
                    col(StreamHead.stream) == Stream.CONV,
                )
                .values(head=messages)
            )


async def stored_messages(database: Database) -> int:
    """How many messages the log holds."""
    async with reading(database) as session:
        found: int = (
            await session.execute(
                select(func.count()).select_from(LogEntry).where(col(LogEntry.kind) == "message.posted")
            )
        ).scalar_one()
    return found


def _entry(one: Talking, key: DataKey, seq: int, body: str) -> LogEntry:
    sender, speaker = (one.parent, Speaker.PARENT) if seq % 2 else (one.coach, Speaker.COACH)
    message_id = uuid4()
    return LogEntry(
        conversation_id=one.conversation,
        stream=Stream.CONV,
        seq=seq,
        kind="message.posted",
        at=clock.now(),
        generation=1,
        sender_id=sender,
        speaker=speaker,
        message_id=message_id,
        client_message_id=uuid4(),
        body=key.seal(body, bound_to=place(one.conversation, message_id, sender)),
        body_mac=key.mac(body),
    )


async def _coaches(database: Database, count: int) -> list[tuple[UUID, UUID]]:
    """So many coaches who are signed in, with their sessions; more are hired where there are too few."""
    async with reading(database) as session:
        known = (
            await session.execute(select(col(StaffSession.staff_id), col(StaffSession.id)).limit(count))
        ).all()
    now, hired, sessions = clock.now(), [], []
    for number in range(len(known), count):
        coach = Staff(email=f"{number}@example.org", name="Jo Ash", role=Role.COACH, created_at=now)
        hired.append(coach)
        sessions.append(
            StaffSession(staff_id=coach.id, token_hash=token_hash(new_token()), created_at=now, seen_at=now)
        )
    async with transaction(database) as session:
        session.add_all(hired)
        await session.flush()
        session.add_all(sessions)
        await session.flush()
    return [(row[0], row[1]) for row in known] + [(each.staff_id, each.id) for each in sessions]


async def _end_everything(database: Database) -> None:
    now = clock.now()
    async with transaction(database) as session:
        await session.execute(
            update(Assignment).where(col(Assignment.ended_at).is_(None)).values(ended_at=now)
        )
        await session.execute(
            update(Conversation)
            .where(col(Conversation.status).in_((Status.OPEN, Status.WAITING)))
            .values(status=Status.CLOSED, ended_at=now, closed_at=now)
        )
        await session.execute(
            update(QueueEntry)
            .where(col(QueueEntry.state) == EntryState.WAITING)
            .values(state=EntryState.ABANDONED, ended_at=now)
        )
