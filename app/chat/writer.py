"""The writer: commits whatever is queued in one transaction, and answers after the commit.

No timer: what piled up during the last commit is the next batch, and one message is a batch of one. Access,
idempotency and numbering are decided inside the transaction, under the conversations' locks.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.chat import log
from app.chat.models import Conversation, ConversationKey, LogEntry, Participant, StreamHead
from app.chat.rules import Stream, may_post, text_fault, tidy
from app.db import Database, record, transaction
from app.errors import AppError, BadRequest, Conflict, Forbidden, NotFound, RateLimited
from app.events import LogAppended
from app.sealing import KeyRing, SealBroken, place

BATCH = 500
RETRY_MS = 1000

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a post: the same for a repeat, which is marked."""

    message_id: UUID
    seq: int
    at: datetime
    duplicate: bool


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """A text on its way into the log. Holds what a family wrote, so no repr."""

    conversation: UUID
    participant: UUID
    stream: Stream
    client_message_id: UUID
    body: str
    by: str  # a staff member's name, for notes
    answer: "asyncio.Future[Posted]"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one batch needs to know, read under the locks."""

    conversations: dict[UUID, tuple[str, int, str, bytes]]  # status, generation, epoch, wrapped key
    participants: dict[UUID, Participant]
    repeats: dict[tuple[UUID, UUID, UUID], tuple[UUID, int, datetime, bytes]]


class Writer:
    """One per worker; `run` is its task."""

    def __init__(self, database: Database, key_ring: KeyRing, *, backlog: int, text_limit: int) -> None:
        self._database = database
        self._key_ring = key_ring
        self._backlog = backlog
        self._text_limit = text_limit
        self._queued: deque[Post] = deque()
        self._wake = asyncio.Event()
        self._stopping = False

    async def post(
        self,
        *,
        conversation: UUID,
        participant: UUID,
        client_message_id: UUID,
        body: str,
        stream: Stream = Stream.CONV,
        by: str = "",
    ) -> Posted:
        """Store a text durably; returns after the commit, raises AppError when it is refused.

        The same client id again gives the same answer, marked as duplicate; with another body it is refused
        as `idempotency_conflict`.
        """
        body = refuse_text(body, limit=self._text_limit)
        if len(self._queued) >= self._backlog:
            raise RateLimited("Earshot is very busy.", next_step="Wait a moment.", retry_ms=RETRY_MS)
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._queued.append(
            Post(conversation, participant, stream, client_message_id, body, by, answer),
        )
        self._wake.set()
        return await answer

    async def run(self) -> None:
        """Write batches until `stop`; what is queued by then is still written."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queued:
                batch = [self._queued.popleft() for _ in range(min(BATCH, len(self._queued)))]
                await self._write(batch)
            if self._stopping:
                return

    def stop(self) -> None:
        """Let `run` end once nothing is queued."""
        self._stopping = True
        self._wake.set()

    async def _write(self, batch: list[Post]) -> None:
        answers: list[Posted | AppError]
        try:
            async with transaction(self._database) as session:
                answers = await self._decide_and_insert(session, batch)
        except (SQLAlchemyError, OSError) as error:
            # Nothing of the batch is stored, clients send it again. The database's own words and the
            # traceback may quote what a family wrote, so only the kind of error is logged.
            logger.error("writer.batch_failed", kind=type(error).__name__, size=len(batch))  # noqa: TRY400
            answers = [_not_stored() for _ in batch]
        for post, answer in zip(batch, answers, strict=True):
            if post.answer.done():  # its client has gone; the message is stored all the same
                continue
            if isinstance(answer, AppError):
                post.answer.set_exception(answer)
            else:
                post.answer.set_result(answer)

    async def _decide_and_insert(self, session: AsyncSession, batch: list[Post]) -> list[Posted | AppError]:
        heads = await log.lock(session, {post.conversation for post in batch})
        facts = await _facts(session, batch)
        at = clock.now()
        rows: list[dict[str, object]] = []
        answers: list[Posted | AppError] = []
        for post in batch:
            known = facts.repeats.get((post.conversation, post.participant, post.client_message_id))
            refusal = _refusal(post, facts)
            if isinstance(refusal, NotFound):
                answers.append(refusal)
                continue
            _, generation, epoch, wrapped = facts.conversations[post.conversation]
            try:
                key = self._key_ring.unwrap(post.conversation, wrapped)
            except SealBroken:  # one conversation's lost key must not stop the others
                logger.error("writer.key_missing", conversation=str(post.conversation))  # noqa: TRY400
                answers.append(_not_stored())
                continue
            mac = key.mac(post.body)
            if known:
                answers.append(_repeat(known, mac))
                continue
            if refusal:
                answers.append(refusal)
                continue
            message_id = uuid4()
            heads[post.conversation, post.stream] += 1
            seq = heads[post.conversation, post.stream]
            speaker = facts.participants[post.participant].role
            rows.append(
                {
                    "conversation_id": post.conversation,
                    "stream": post.stream.value,
                    "seq": seq,
                    "kind": "message.posted" if post.stream == Stream.CONV else "note.added",
                    "at": at,
                    "generation": generation,
                    "sender_id": post.participant,
                    "speaker": speaker,
                    "message_id": message_id,
                    "client_message_id": post.client_message_id,
                    "body": key.seal(
                        post.body, bound_to=place(post.conversation, message_id, post.participant)
                    ),
                    "body_mac": mac,
                    "data": {"by": post.by} if post.by else {},
                }
            )
            facts.repeats[post.conversation, post.participant, post.client_message_id] = (
                message_id,
                seq,
                at,
                mac,
            )
            answers.append(Posted(message_id=message_id, seq=seq, at=at, duplicate=False))
            record(
                session,
                LogAppended(
                    conversation=post.conversation,
                    stream=post.stream,
                    epoch=epoch,
                    seq=seq,
                    kind=str(rows[-1]["kind"]),
                    at=clock.wire(at),
                    generation=generation,
                    wire=_wire(post, message_id=message_id, speaker=speaker),
                ),
            )
        if rows:
            await session.execute(insert(LogEntry), rows)
            raised = {(row["conversation_id"], row["stream"]): row["seq"] for row in rows}
            await (await session.connection()).execute(
                update(StreamHead)
                .where(
                    col(StreamHead.conversation_id) == bindparam("conversation"),
                    col(StreamHead.stream) == bindparam("of"),
                )
                .values(head=bindparam("reached")),
                [
                    {"conversation": conversation, "of": stream, "reached": head}
                    for (conversation, stream), head in raised.items()
                ],
            )
        return answers


def refuse_text(body: str, *, limit: int) -> str:
    """The text as it will be stored, or BadRequest when it is empty, unreadable or longer than `limit`."""
    tidied = tidy(body)
    fault = text_fault(tidied, limit=limit)
    if fault == "too_large":
        raise BadRequest(
            f"That message is longer than {limit} characters.",
            next_step="Split it in two. Nothing was sent yet.",
            code="too_large",
            status=413,
        )
    if fault:
        raise BadRequest(
            "That message is empty, or holds characters that cannot be stored.",
            next_step="Write it again, then send it.",
        )
    return tidied


async def _facts(session: AsyncSession, batch: list[Post]) -> _Facts:
    ids = sorted({post.conversation for post in batch})
    conversations = (
        await session.execute(
            select(
                col(Conversation.id),
                col(Conversation.status),
                col(Conversation.generation),
                col(Conversation.epoch),
                col(ConversationKey.wrapped),
            )
            .join(ConversationKey, col(ConversationKey.conversation_id) == col(Conversation.id))
            .where(col(Conversation.id).in_(ids))
        )
    ).all()
    participants = (
        await session.execute(
            select(Participant).where(col(Participant.id).in_({post.participant for post in batch}))
        )
    ).scalars()
    repeats = (
        await session.execute(
            select(
                col(LogEntry.conversation_id),
                col(LogEntry.sender_id),
                col(LogEntry.client_message_id),
                col(LogEntry.message_id),
                col(LogEntry.seq),
                col(LogEntry.at),
                col(LogEntry.body_mac),
            ).where(
                col(LogEntry.conversation_id).in_(ids),
                col(LogEntry.client_message_id).in_({post.client_message_id for post in batch}),
            )
        )
    ).all()
    return _Facts(
        conversations={row[0]: (row[1], row[2], row[3], row[4]) for row in conversations},
        participants={participant.id: participant for participant in participants},
        repeats={
            (conversation, sender, client_id): (message_id, seq, at, mac)
            for conversation, sender, client_id, message_id, seq, at, mac in repeats
            if sender and client_id and message_id and mac
        },
    )


def _refusal(post: Post, facts: _Facts) -> AppError | None:
    """Why this participant may not write this; NotFound also where they are nobody here."""
    sender = facts.participants.get(post.participant)
    conversation = facts.conversations.get(post.conversation)
    if sender is None or conversation is None or sender.conversation_id != post.conversation:
        return NotFound("There is no such conversation.", next_step="Go back to your own conversations.")
    status, generation, _, _ = conversation
    if sender.role != "parent" and (sender.left_at is not None or sender.generation != generation):
        return Forbidden(
            "This conversation is with another coach now.",
            next_step="Nothing was sent. Take the next parent when you are ready.",
            code="not_assignee",
        )
    if post.stream == Stream.CONV and not may_post(status, sender.role):
        return Conflict(
            "This conversation has ended, so the message was not sent.",
            next_step="Start a new conversation if you want to go on.",
            code="conversation_closed",
        )
    return None


def _not_stored() -> AppError:
    return AppError("That could not be stored just now.", next_step="It is sent again.", retry_ms=RETRY_MS)


def _repeat(known: tuple[UUID, int, datetime, bytes], mac: bytes) -> Posted | AppError:
    message_id, seq, at, stored_mac = known
    if stored_mac == mac:
        return Posted(message_id=message_id, seq=seq, at=at, duplicate=True)
    return Conflict(
        "A different message was already sent under this id.",
        next_step="Send it again under a new client_message_id.",
        code="idempotency_conflict",
    )


def _wire(post: Post, *, message_id: UUID, speaker: str) -> dict[str, object]:
    if post.stream == Stream.CONV:
        return log.message_wire(
            message_id=message_id,
            client_message_id=post.client_message_id,
            speaker=speaker,
            body=post.body,
        )
    return log.note_wire(message_id=message_id, speaker=speaker, by=post.by, body=post.body)
