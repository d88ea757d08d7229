"""The writer: commits whatever is queued in one transaction, and answers after the commit.

No timer: what piled up during the last commit is the next batch, and one message is a batch of one. Access,
idempotency and numbering are decided inside the transaction, under the conversations' locks.
"""

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from asyncpg.pgproto import pgproto
from msgspec import Struct

from app import clock
from app.chat import log
from app.chat.rows import Outcome, Row, Verdict
from app.chat.rules import Stream, text_fault, tidy
from app.chat.storing import Storing
from app.db import DATABASE_ERRORS, Database
from app.errors import AppError, BadRequest, Conflict, Forbidden, NotFound, RateLimited
from app.events import LogAppended
from app.sealing import DataKey, KeyRing, SealBroken, place

BATCH = 500
RETRY_MS = 1000

logger = structlog.get_logger(__name__)


class Posted(Struct, frozen=True):
    """The answer to a post: the same for a repeat, which is marked."""

    message_id: UUID
    seq: int
    at: datetime
    duplicate: bool


Answer = Callable[[Posted | AppError], None]


class Post(Struct, eq=False):
    """A text on its way into the log. Holds what a family wrote, so no repr."""

    conversation: UUID
    participant: UUID
    stream: Stream
    client_message_id: UUID
    body: str
    by: str  # a staff member's name, for notes
    answer: Answer

    __repr__ = object.__repr__


class Writer:
    """One per worker; `run` is its task."""

    def __init__(self, database: Database, key_ring: KeyRing, *, backlog: int, text_limit: int) -> None:
        self._bus = database.bus
        self._storing = Storing(database)
        self._key_ring = key_ring
        self._backlog = backlog
        self._text_limit = text_limit
        self._queued: deque[Post] = deque()
        self._wake = asyncio.Event()
        self._stopping = False

    def post(
        self,
        *,
        conversation: UUID,
        participant: UUID,
        client_message_id: UUID,
        body: str,
        answer: Answer,
        stream: Stream = Stream.CONV,
        by: str = "",
    ) -> None:
        """Queue a text; `answer` is called once, after the commit or when it is refused, and must not block.

        Raises AppError at once for a text that is unfit, or where too much is queued. The same client id
        again gets the same answer, marked as duplicate; with another body, `idempotency_conflict`.
        """
        body = refuse_text(body, limit=self._text_limit)
        if len(self._queued) >= self._backlog:
            raise RateLimited("Earshot is very busy.", next_step="Wait a moment.", retry_ms=RETRY_MS)
        self._queued.append(Post(conversation, participant, stream, client_message_id, body, by, answer))
        self._wake.set()

    async def posted(
        self,
        *,
        conversation: UUID,
        participant: UUID,
        client_message_id: UUID,
        body: str,
        stream: Stream = Stream.CONV,
        by: str = "",
    ) -> Posted:
        """Post, and wait for the answer: after the commit, or AppError."""
        answered: asyncio.Future[Posted | AppError] = asyncio.get_running_loop().create_future()

        def answer(outcome: Posted | AppError) -> None:
            if not answered.done():  # its client has gone; the message is stored all the same
                answered.set_result(outcome)

        self.post(
            conversation=conversation,
            participant=participant,
            client_message_id=client_message_id,
            body=body,
            answer=answer,
            stream=stream,
            by=by,
        )
        outcome = await answered
        if isinstance(outcome, AppError):
            raise outcome
        return outcome

    async def run(self) -> None:
        """Write batches until `stop`; what is queued by then is still written."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queued:
                await self._write(self._next_batch())
            if self._stopping:
                await self._storing.close()
                return

    def stop(self) -> None:
        """Let `run` end once nothing is queued."""
        self._stopping = True
        self._wake.set()

    def _next_batch(self) -> list[Post]:
        """What is queued, up to BATCH; an id that is in it twice waits, as the first one decides about it."""
        batch: list[Post] = []
        later: list[Post] = []
        taken: set[int] = set()
        while self._queued and len(batch) < BATCH:
            post = self._queued.popleft()
            if post.client_message_id.int in taken:
                later.append(post)
            else:
                taken.add(post.client_message_id.int)
                batch.append(post)
        self._queued.extendleft(reversed(later))
        return batch

    async def _write(self, batch: list[Post]) -> None:
        unanswered = batch
        try:
            keyed = await self._keyed(batch)
            unanswered = [post for post, _ in keyed]
            sealed = [(post, _sealed(post, key)) for post, key in keyed]
            at = clock.now()
            outcomes = await self._storing.write([row for _, row in sealed], at=at) if sealed else []
        except DATABASE_ERRORS as error:
            # Nothing of the batch is acknowledged, clients send it again; what was stored is then a repeat.
            logger.error("writer.batch_failed", kind=type(error).__name__, size=len(batch))  # noqa: TRY400
            for post in unanswered:
                post.answer(_not_stored())
            return
        self._tell(sealed, outcomes, at)

    async def _keyed(self, batch: list[Post]) -> list[tuple[Post, DataKey]]:
        """The batch with its conversations' data keys; who has none is answered."""
        recent = self._key_ring.recent
        known = [(post, recent(post.conversation)) for post in batch]
        missing = {post.conversation for post, key in known if key is None}
        if not missing:
            return [(post, key) for post, key in known if key is not None]
        wrapped = await self._storing.wrapped_keys(list(missing))
        keys: dict[UUID, DataKey] = {}
        for conversation, found in wrapped.items():
            try:
                keys[conversation] = self._key_ring.unwrap(conversation, found)
            except SealBroken:  # one conversation's lost key must not stop the others
                logger.error("writer.key_missing", conversation=str(conversation))  # noqa: TRY400
        keyed = []
        for post, key in known:
            if (found_key := key or keys.get(post.conversation)) is not None:
                keyed.append((post, found_key))
            else:
                post.answer(_not_stored() if post.conversation in wrapped else _nobody())
        return keyed

    def _tell(self, sealed: list[tuple[Post, Row]], outcomes: Sequence[Outcome], at: datetime) -> None:
        """After the commit: publish what was stored, then answer. What must be judged anew is next."""
        moment, again = clock.wire(at), []
        for (post, row), outcome in zip(sealed, outcomes, strict=True):
            if outcome.verdict == Verdict.STORED:
                self._bus.publish(_event(post, outcome, moment))
                post.answer(Posted(row.message_id, outcome.seq, at, duplicate=False))
            elif outcome.verdict == Verdict.AGAIN:
                again.append(post)
            else:
                answer = _refusal_or_repeat(outcome, row)
                if isinstance(answer, Posted):  # where its commit was not heard of, it has not been told yet
                    self._bus.publish(_event(post, outcome, clock.wire(answer.at)))
                post.answer(answer)
        self._queued.extendleft(reversed(again))


def _sealed(post: Post, key: DataKey) -> Row:
    message_id = _new_id()
    return Row(
        conversation=post.conversation,
        stream=post.stream,
        participant=post.participant,
        client_message_id=post.client_message_id,
        message_id=message_id,
        body=key.seal(post.body, bound_to=place(post.conversation, message_id, post.participant)),
        body_mac=key.mac(post.body),
        data=json.dumps({"by": post.by}) if post.by else "{}",
    )


def _new_id() -> UUID:
    """A random id like any other (RFC 9562, version 4), of a class that costs a tenth."""
    drawn = bytearray(os.urandom(16))
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80
    made: UUID = pgproto.UUID(bytes(drawn))
    return made


def _event(post: Post, outcome: Outcome, moment: str) -> LogAppended:
    message_id = outcome.message_id
    assert message_id is not None
    if post.stream == Stream.CONV:
        kind = "message.posted"
        wire: dict[str, object] | Struct = log.MessageWire(
            message_id, post.client_message_id, outcome.role, post.body
        )
    else:
        kind = "note.added"
        wire = log.note_wire(message_id=message_id, speaker=outcome.role, by=post.by, body=post.body)
    return LogAppended(
        conversation=post.conversation,
        stream=post.stream,
        epoch=outcome.epoch,
        seq=outcome.seq,
        kind=kind,
        at=moment,
        generation=outcome.generation,
        wire=wire,
    )


def _refusal_or_repeat(outcome: Outcome, row: Row) -> Posted | AppError:
    """A repeat's answer, or why this participant may not write this: NotFound where they are nobody here."""
    if outcome.verdict == Verdict.KNOWN:
        if outcome.body_mac == row.body_mac and outcome.message_id is not None and outcome.at is not None:
            return Posted(outcome.message_id, outcome.seq, outcome.at, duplicate=True)
        return Conflict(
            "A different message was already sent under this id.",
            next_step="Send it again under a new client_message_id.",
            code="idempotency_conflict",
        )
    if outcome.verdict == Verdict.FORMER:
        return Forbidden(
            "This conversation is with another coach now.",
            next_step="Nothing was sent. Take the next parent when you are ready.",
            code="not_assignee",
        )
    if outcome.verdict == Verdict.ENDED:
        return Conflict(
            "This conversation has ended, so the message was not sent.",
            next_step="Start a new conversation if you want to go on.",
            code="conversation_closed",
        )
    return _nobody()


def _nobody() -> AppError:
    return NotFound("There is no such conversation.", next_step="Go back to your own conversations.")


def _not_stored() -> AppError:
    return AppError("That could not be stored just now.", next_step="It is sent again.", retry_ms=RETRY_MS)


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
