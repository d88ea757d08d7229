"""How far each conversation has been read for signs of a risk, and what of it has not.

The place is raised in the transaction that writes what was found, and the texts are read from the database:
whatever is lost of the hints that there is something to read, nothing stored stays unread.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from msgspec import Struct
from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.chat.models import Conversation, ConversationKey, LogEntry, StreamHead
from app.chat.rules import Status, Stream
from app.safeguarding.risk import Flag
from app.sealing import KeyRing, SealBroken, place

EACH = 20  # events of one conversation at a time: a long one must not keep the others waiting
LIVE = (Status.WAITING, Status.OPEN, Status.WRAP_UP)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Text:
    """A message as it was written. Holds what a family wrote, so no repr."""

    seq: int
    speaker: str
    sender: UUID
    body: str


@dataclass(frozen=True, slots=True, repr=False)
class Unread:
    """The next unread texts of a conversation, between `after` and `up_to`; `more` says that it goes on."""

    conversation: UUID
    after: int
    up_to: int
    more: bool
    texts: tuple[Text, ...]


class Quiet(Struct, frozen=True):
    """All texts of a conversation from a place to another were read, and tell of nothing."""

    conversation: UUID
    after: int
    up_to: int


Flagged = tuple[Text, Sequence[Flag]]


async def conversations_with_unread(
    session: AsyncSession, *, before: datetime, ended_since: datetime
) -> list[UUID]:
    """Conversations with an unread message from before this moment; of the ended ones, those since then."""
    this = col(Conversation.id)
    recent = col(Conversation.status).in_((Status.CLOSED, Status.ABANDONED)) & (
        col(Conversation.closed_at) >= ended_since
    )
    rows = await session.execute(
        select(this)
        .join(
            StreamHead, and_(col(StreamHead.conversation_id) == this, col(StreamHead.stream) == Stream.CONV)
        )
        .where(
            or_(col(Conversation.status).in_(LIVE), recent),
            col(StreamHead.head) > col(Conversation.risk_read_up_to),
            exists().where(
                col(LogEntry.conversation_id) == this,
                col(LogEntry.stream) == Stream.CONV,
                col(LogEntry.seq) > col(Conversation.risk_read_up_to),
                col(LogEntry.kind) == "message.posted",
                col(LogEntry.at) < before,
            ),
        )
        .order_by(col(Conversation.created_at))
    )
    return list(rows.scalars())


async def unread_of(
    session: AsyncSession, key_ring: KeyRing, conversations: Collection[UUID]
) -> list[Unread]:
    """What is unread of these conversations, at most EACH events of each; who has nothing is left out."""
    this, after = col(Conversation.id), col(Conversation.risk_read_up_to)
    rows = await session.execute(
        select(
            this,
            after,
            col(StreamHead.head),
            col(ConversationKey.wrapped),
            col(LogEntry.seq),
            col(LogEntry.speaker),
            col(LogEntry.sender_id),
            col(LogEntry.message_id),
            col(LogEntry.body),
        )
        .join(
            StreamHead, and_(col(StreamHead.conversation_id) == this, col(StreamHead.stream) == Stream.CONV)
        )
        .join(ConversationKey, col(ConversationKey.conversation_id) == this)
        .outerjoin(
            LogEntry,
            and_(
                col(LogEntry.conversation_id) == this,
                col(LogEntry.stream) == Stream.CONV,
                col(LogEntry.seq) > after,
                col(LogEntry.seq) <= after + EACH,
                col(LogEntry.kind) == "message.posted",
            ),
        )
        .where(this.in_(conversations), col(StreamHead.head) > after)
        .order_by(this, col(LogEntry.seq))
    )
    places: dict[UUID, tuple[int, int]] = {}
    texts: dict[UUID, list[Text]] = defaultdict(list)
    for conversation, read, head, wrapped, seq, speaker, sender, item, body in rows:
        places[conversation] = (read, head)
        if body is None or item is None or sender is None:  # nothing of theirs is unread but its head
            continue
        try:
            opened = key_ring.unwrap(conversation, wrapped).open(
                body, bound_to=place(conversation, item, sender)
            )
        except SealBroken:  # nobody can read it; the log says so, and the others must not wait for it
            logger.error("risk.seal_broken", conversation=str(conversation), seq=seq)  # noqa: TRY400
            continue
        texts[conversation].append(Text(seq, speaker or "", sender, opened))
    return [
        Unread(
            conversation=conversation,
            after=read,
            up_to=min(read + EACH, head),
            more=head > read + EACH,
            texts=tuple(texts[conversation]),
        )
        for conversation, (read, head) in places.items()
    ]


async def move_on(session: AsyncSession, unread: Unread) -> str | None:
    """Move the check's place behind these texts; the conversation's status, or None where it has moved."""
    return (
        await session.execute(
            update(Conversation)
            .where(
                col(Conversation.id) == unread.conversation,
                col(Conversation.risk_read_up_to) == unread.after,
            )
            .values(risk_read_up_to=unread.up_to)
            .returning(col(Conversation.status))
        )
    ).scalar_one_or_none()


async def move_all_on(session: AsyncSession, quiet: Sequence[Quiet]) -> None:
    """Move the check's place behind texts that told of nothing; a place that is further on stays."""
    place = col(Conversation.risk_read_up_to)
    await (await session.connection()).execute(
        update(Conversation)
        .where(
            col(Conversation.id) == bindparam("of"), place >= bindparam("after"), place < bindparam("up_to")
        )
        .values(risk_read_up_to=bindparam("up_to")),
        [
            {"of": each.conversation, "after": each.after, "up_to": each.up_to}
            for each in sorted(quiet, key=lambda each: each.conversation)
        ],
    )
