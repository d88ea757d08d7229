"""A coach asks a supervisor, who answers or whispers unasked: on the staff stream, never to the parent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit
from app.chat import log
from app.chat.models import Conversation, LogEntry
from app.chat.rules import Status, Stream
from app.chat.transcript import data_key, read_entries
from app.db import record
from app.errors import Conflict, NotFound
from app.events import QueueChanged
from app.sealing import KeyRing, place

ASKED, WHISPERED = "consult.asked", "consult.whispered"
HELD = (Status.OPEN, Status.WRAP_UP)


@dataclass(frozen=True, slots=True)
class Question:
    """What waits for a supervisor's answer, without its words."""

    conversation: UUID
    by: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """A question or an answer with its words. May quote a family, so no repr."""

    kind: str
    by: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True, repr=False)
class Saying:
    """What somebody says now, under an id that they chose. May quote a family, so no repr."""

    staff_id: UUID
    by: str
    item: UUID
    body: str


async def ask(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, saying: Saying) -> None:
    """Ask the supervisors, who see it on their boards; the caller has checked whose conversation it is."""
    await _say(session, key_ring, conversation_id, saying, role="coach", kind=ASKED)


async def whisper(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, saying: Saying) -> None:
    """Say something to the coach who holds this conversation; the caller has checked that a supervisor asks.

    What was asked counts as answered. Refused where no coach holds it: nobody would read it.
    """
    known = await session.scalar(select(Conversation.id).where(Conversation.id == conversation_id))
    if known is None:
        raise NotFound("There is no such conversation.", next_step="Choose one from your board.")
    await _say(session, key_ring, conversation_id, saying, role="supervisor", kind=WHISPERED)


async def _say(
    session: AsyncSession, key_ring: KeyRing, conversation_id: UUID, saying: Saying, *, role: str, kind: str
) -> None:
    await log.lock(session, [conversation_id])
    status = await session.scalar(select(Conversation.status).where(Conversation.id == conversation_id))
    if status not in HELD:
        raise Conflict(
            "Nobody holds this conversation now, so nobody would read this.",
            next_step="Look at the board again.",
            code="conversation_closed" if status in (Status.CLOSED, Status.ABANDONED) else "conflict",
        )
    said = await session.scalar(
        select(LogEntry.seq).where(
            LogEntry.conversation_id == conversation_id,
            LogEntry.stream == Stream.STAFF,
            LogEntry.message_id == saying.item,
            LogEntry.sender_id == saying.staff_id,
        )
    )
    if said is not None:  # sent again, as its answer was lost
        return
    key = await data_key(session, key_ring, conversation_id)
    sealed = key.seal(saying.body, bound_to=place(conversation_id, saying.item, saying.staff_id))
    wire = log.note_wire(message_id=saying.item, speaker=role, by=saying.by, body=saying.body)
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened(kind, {"by": saying.by}),
        sealed=log.Sealed(saying.item, saying.staff_id, role, sealed, wire),
    )
    audit.note(
        session, actor=f"{role}:{saying.staff_id}", action=kind, subject=f"conversation:{conversation_id}"
    )
    record(session, QueueChanged())


async def open_questions(session: AsyncSession) -> list[Question]:
    """What coaches asked in conversations that they hold and nobody has answered since, oldest first."""
    rows = await session.execute(
        select(LogEntry.conversation_id, LogEntry.kind, LogEntry.at, LogEntry.data)
        .join(Conversation, col(Conversation.id) == col(LogEntry.conversation_id))
        .where(
            col(Conversation.status).in_(HELD),
            LogEntry.stream == Stream.STAFF,
            col(LogEntry.kind).in_((ASKED, WHISPERED)),
        )
        .order_by(col(LogEntry.conversation_id), col(LogEntry.seq))
    )
    waiting: dict[UUID, Question] = {}
    for conversation, kind, at, data in rows:
        if kind == WHISPERED:
            waiting.pop(conversation, None)
        else:
            waiting.setdefault(conversation, Question(conversation, str(data.get("by", "")), at))
    return sorted(waiting.values(), key=lambda question: question.asked_at)


async def read_consult(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID) -> list[Said]:
    """What was asked and answered about a conversation, and nothing else of it; whoever reads notes it."""
    entries = await read_entries(session, key_ring, conversation_id=conversation_id, stream=Stream.STAFF)
    said = [entry for entry in entries if entry.kind in (ASKED, WHISPERED)]
    if not said:
        raise NotFound("Nobody has asked about such a conversation.", next_step="Look at your board.")
    return [
        Said(kind=entry.kind, by=str(entry.wire["by"]), at=entry.at, body=str(entry.wire["body"]))
        for entry in said
    ]
