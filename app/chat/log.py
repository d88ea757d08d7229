"""The log: durable events of a conversation's two streams, numbered without gaps in commit order.

Who appends holds the conversation's lock, which is its `stream_head` rows; `lock` takes them in one order
for everybody, so that two transactions cannot wait for each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import clock
from app.chat.models import Conversation, LogEntry, StreamHead
from app.chat.rules import Stream
from app.db import record
from app.events import LogAppended


@dataclass(frozen=True, slots=True)
class Happened:
    """What a durable event says besides its place: no text, only plain values."""

    kind: str
    data: dict[str, object]


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """The sealed part of an event, bound to its place, and what its readers are shown when it is opened.

    Holds what a family wrote, so no repr.
    """

    item: UUID
    sender: UUID
    speaker: str
    body: bytes
    wire: dict[str, object]


async def lock(session: AsyncSession, conversations: Iterable[UUID]) -> dict[tuple[UUID, str], int]:
    """Lock these conversations until the transaction ends; the heads of their streams."""
    rows = await session.execute(
        select(StreamHead.conversation_id, StreamHead.stream, StreamHead.head)
        .where(col(StreamHead.conversation_id).in_(sorted(conversations)))
        .order_by(col(StreamHead.conversation_id), col(StreamHead.stream))
        .with_for_update()
    )
    return {(conversation, stream): head for conversation, stream, head in rows}


async def append(
    session: AsyncSession,
    *,
    conversation_id: UUID,
    happened: Happened,
    stream: Stream = Stream.CONV,
    sealed: Sealed | None = None,
) -> int:
    """Append an event, published after the commit; its `seq`. The caller holds the lock.

    What a family wrote stands in none but `sealed`.
    """
    seq: int = (
        await session.execute(
            update(StreamHead)
            .where(col(StreamHead.conversation_id) == conversation_id, col(StreamHead.stream) == stream)
            .values(head=StreamHead.head + 1)
            .returning(col(StreamHead.head))
        )
    ).scalar_one()
    generation, epoch = (
        await session.execute(
            select(Conversation.generation, Conversation.epoch).where(Conversation.id == conversation_id)
        )
    ).one()
    at = clock.now()
    await session.execute(
        insert(LogEntry).values(
            conversation_id=conversation_id,
            stream=stream,
            seq=seq,
            kind=happened.kind,
            at=at,
            generation=generation,
            data=happened.data,
            sender_id=sealed.sender if sealed else None,
            speaker=sealed.speaker if sealed else None,
            message_id=sealed.item if sealed else None,
            body=sealed.body if sealed else None,
        )
    )
    record(
        session,
        LogAppended(
            conversation=conversation_id,
            stream=stream,
            epoch=epoch,
            seq=seq,
            kind=happened.kind,
            at=clock.wire(at),
            generation=generation,
            wire=sealed.wire if sealed else happened.data,
        ),
    )
    return seq


class MessageWire(Struct):
    """`message_wire` of one that has just been stored. Holds what a family wrote, so no repr."""

    message_id: UUID
    client_message_id: UUID
    speaker: str = field(name="from")
    body: str

    __repr__ = object.__repr__


def message_wire(
    *, message_id: UUID, client_message_id: UUID | None, speaker: str, body: str
) -> dict[str, object]:
    """What both sides see of a posted message."""
    return {
        "message_id": str(message_id),
        "client_message_id": str(client_message_id),
        "from": speaker,
        "body": body,
    }


def note_wire(*, message_id: UUID, speaker: str, by: str, body: str) -> dict[str, object]:
    """What staff see of a note."""
    return {"note_id": str(message_id), "from": speaker, "by": by, "body": body}


def flag_wire(data: dict[str, object], *, words: list[list[str]]) -> dict[str, object]:
    """What staff see of a text that may tell of a risk: `words` raised each of its flags."""
    flags = data["flags"]
    assert isinstance(flags, list)
    shown = [{**flag, "words": raised} for flag, raised in zip(flags, words, strict=True)]
    return {**data, "flags": shown}


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """An event as it was committed, its text opened. Holds what a family wrote, so no repr."""

    seq: int
    kind: str
    at: datetime
    generation: int
    speaker: str | None
    wire: dict[str, object]
