"""Reading what was said: opens the sealed log. Whoever reads for a person notes it in the audit record."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.chat.log import Entry, flag_wire, message_wire, note_wire
from app.chat.models import Conversation, ConversationKey, LogEntry, StreamHead
from app.chat.rules import Stream
from app.sealing import DataKey, KeyRing, SealBroken, place

T = TypeVar("T")

STREAMS_AT_ONCE = 50
MOST_EVENTS = 2**31 - 1  # more than a stream can have
UNREADABLE = "\N{REPLACEMENT CHARACTER}"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stream stands: its epoch and the number of its newest event."""

    epoch: str
    head: int


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message as it was written. Holds what a family wrote, so no repr."""

    seq: int
    message_id: UUID
    client_message_id: UUID | None
    speaker: str
    body: str
    at: datetime


async def standing(session: AsyncSession, *, conversation_id: UUID, stream: str) -> Standing:
    """Epoch and head of a stream of a conversation that exists."""
    epoch, head = (
        await session.execute(
            select(Conversation.epoch, StreamHead.head)
            .join(StreamHead, col(StreamHead.conversation_id) == Conversation.id)
            .where(Conversation.id == conversation_id, StreamHead.stream == stream)
        )
    ).one()
    return Standing(epoch=epoch, head=head)


async def standings(session: AsyncSession, conversations: Collection[UUID]) -> dict[str, Standing]:
    """Epoch and head of each stream of these few conversations, by the stream's name."""
    rows = await session.execute(
        select(StreamHead.stream, Conversation.id, Conversation.epoch, StreamHead.head)
        .join(StreamHead, col(StreamHead.conversation_id) == Conversation.id)
        .where(col(Conversation.id).in_(conversations))
    )
    return {
        f"{stream}:{conversation}": Standing(epoch=epoch, head=head)
        for stream, conversation, epoch, head in rows
    }


async def read_entries(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    conversation_id: UUID,
    stream: str,
    after: int = 0,
    up_to: int | None = None,
) -> list[Entry]:
    """Events with `after < seq <= up_to`, oldest first, as their readers see them.

    A text that does not open is read as UNREADABLE and logged: it must not shut people out of all the others.
    """
    query = select(LogEntry).where(
        LogEntry.conversation_id == conversation_id, LogEntry.stream == stream, col(LogEntry.seq) > after
    )
    if up_to is not None:
        query = query.where(col(LogEntry.seq) <= up_to)
    stored = (await session.execute(query.order_by(col(LogEntry.seq)))).scalars().all()
    key: DataKey | None = None
    try:
        key = await data_key(session, key_ring, conversation_id) if any(e.body for e in stored) else None
    except SealBroken:
        logger.error("transcript.key_missing", conversation=str(conversation_id))  # noqa: TRY400 (no more to see)
    return [_opened(entry, key) for entry in stored]


async def heads(session: AsyncSession, conversations: Collection[UUID]) -> dict[str, int]:
    """The number of the newest event in each stream of these conversations, by the stream's name."""
    found: dict[str, int] = {}
    for some in _portions(conversations):
        rows = await session.execute(
            select(StreamHead.conversation_id, StreamHead.stream, StreamHead.head).where(
                col(StreamHead.conversation_id).in_(some)
            )
        )
        found.update({f"{stream}:{conversation}": head for conversation, stream, head in rows})
    return found


async def read_missing(
    session: AsyncSession, key_ring: KeyRing, after: Mapping[str, int], *, most: int | None = None
) -> dict[str, tuple[str, list[Entry]]]:
    """For each of these streams, by name, its epoch and the events after this number, so many at most, in as
    few queries as can be: this is for many streams of which little is missing.
    """
    found: dict[str, tuple[str, list[Entry]]] = {}
    for some in _portions(after, size=STREAMS_AT_ONCE):
        wanted = [(name.partition(":")[0], UUID(name.partition(":")[2]), after[name]) for name in some]
        facts = await session.execute(
            select(Conversation.id, Conversation.epoch, ConversationKey.wrapped)
            .join(ConversationKey, col(ConversationKey.conversation_id) == col(Conversation.id))
            .where(col(Conversation.id).in_({conversation for _, conversation, _ in wanted}))
        )
        epochs: dict[UUID, str] = {}
        keys: dict[UUID, DataKey | None] = {}
        for conversation, epoch, wrapped in facts:
            epochs[conversation] = epoch
            keys[conversation] = _unwrapped(key_ring, conversation, wrapped)
        stored = await session.scalars(
            select(LogEntry)
            .where(
                or_(
                    *(
                        and_(
                            col(LogEntry.conversation_id) == conversation,
                            col(LogEntry.stream) == stream,
                            col(LogEntry.seq) > seq,
                            col(LogEntry.seq) <= (MOST_EVENTS if most is None else seq + most),
                        )
                        for stream, conversation, seq in wanted
                    )
                )
            )
            .order_by(col(LogEntry.conversation_id), col(LogEntry.stream), col(LogEntry.seq))
        )
        for entry in stored:
            name = f"{entry.stream}:{entry.conversation_id}"
            _, entries = found.setdefault(name, (epochs.get(entry.conversation_id, ""), []))
            entries.append(_opened(entry, keys.get(entry.conversation_id)))
    return found


async def read_messages(
    session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, after: int = 0
) -> list[Message]:
    """All messages of a conversation in order."""
    stored = (
        await session.execute(
            select(LogEntry)
            .where(
                LogEntry.conversation_id == conversation_id,
                LogEntry.stream == Stream.CONV,
                LogEntry.kind == "message.posted",
                col(LogEntry.seq) > after,
            )
            .order_by(col(LogEntry.seq))
        )
    ).scalars()
    key: DataKey | None = None
    messages = []
    for entry in stored:
        key = key or await data_key(session, key_ring, conversation_id)
        assert entry.message_id is not None
        messages.append(
            Message(
                seq=entry.seq,
                message_id=entry.message_id,
                client_message_id=entry.client_message_id,
                speaker=entry.speaker or "",
                body=_body(entry, key),
                at=entry.at,
            )
        )
    return messages


async def data_key(session: AsyncSession, key_ring: KeyRing, conversation_id: UUID) -> DataKey:
    """The conversation's data key; it exists as long as the conversation has not been erased."""
    wrapped = (
        await session.execute(
            select(ConversationKey.wrapped).where(ConversationKey.conversation_id == conversation_id)
        )
    ).scalar_one()
    return key_ring.unwrap(conversation_id, wrapped)


def _body(entry: LogEntry, key: DataKey) -> str:
    assert entry.body is not None
    assert entry.message_id is not None
    assert entry.sender_id is not None
    return key.open(entry.body, bound_to=place(entry.conversation_id, entry.message_id, entry.sender_id))


def _opened(entry: LogEntry, key: DataKey | None) -> Entry:
    return Entry(
        seq=entry.seq,
        kind=entry.kind,
        at=entry.at,
        generation=entry.generation,
        speaker=entry.speaker,
        wire=entry.data if entry.body is None else _wire(entry, _readable(entry, key)),
    )


def _unwrapped(key_ring: KeyRing, conversation: UUID, wrapped: bytes) -> DataKey | None:
    try:
        return key_ring.unwrap(conversation, wrapped)
    except SealBroken:
        logger.error("transcript.key_missing", conversation=str(conversation))  # noqa: TRY400 (no more to see)
        return None


def _portions(values: Collection[T], size: int = 1000) -> Iterator[list[T]]:
    """The values a portion at a time: a statement takes some thousands of them at most."""
    remaining = list(values)
    for start in range(0, len(remaining), size):
        yield remaining[start : start + size]


def _readable(entry: LogEntry, key: DataKey | None) -> str:
    if key is None:
        return UNREADABLE
    try:
        return _body(entry, key)
    except SealBroken:
        where = {"conversation": str(entry.conversation_id), "stream": entry.stream, "seq": entry.seq}
        logger.error("transcript.seal_broken", **where)  # noqa: TRY400 (there is no more to see)
        return UNREADABLE


def _wire(entry: LogEntry, body: str) -> dict[str, object]:
    assert entry.message_id is not None
    speaker = entry.speaker or ""
    if entry.stream == Stream.CONV:
        return message_wire(
            message_id=entry.message_id,
            client_message_id=entry.client_message_id,
            speaker=speaker,
            body=body,
        )
    if entry.kind == "risk.flagged":
        flags = entry.data["flags"]
        assert isinstance(flags, list)
        return flag_wire(entry.data, words=[[]] * len(flags) if body == UNREADABLE else json.loads(body))
    return note_wire(
        message_id=entry.message_id,
        speaker=speaker,
        by=str(entry.data.get("by", "")),
        body=body,
    )
