"""Starting a conversation: all of it in one transaction, the place in the queue included."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit, clock
from app.accounts import actions as accounts
from app.chat import actions as chat
from app.chat import log
from app.chat.models import Conversation, Participant
from app.chat.rules import ChildFacts, Origin
from app.content.rules import Codebook
from app.db import record
from app.events import QueueChanged
from app.queue.models import Assignment, QueueEntry
from app.queue.rules import Turn
from app.sealing import KeyRing
from app.topics.actions import tag


@dataclass(frozen=True, slots=True)
class Start:
    """What a parent says when they start; only the language is always there.

    `same_coach` is their wish to talk to the coach of the conversation that this one follows. With `message`
    nobody is there to talk to them, and what they write is to be answered later.
    """

    start_id: UUID
    language: str
    topic: str | None = None
    child: ChildFacts = field(default_factory=ChildFacts)
    consent_version: str | None = None
    follows: UUID | None = None
    same_coach: bool = False
    message: bool = False
    session_mac: bytes | None = None
    origin: Origin = Origin.PARENT


@dataclass(frozen=True, slots=True, repr=False)
class Started:
    """A waiting conversation and the token that opens it, which is shown once."""

    conversation_id: UUID
    participant_id: UUID
    token: str
    repeated: bool


async def start_conversation(
    session: AsyncSession, key_ring: KeyRing, codebook: Codebook, *, secret: bytes, start: Start
) -> Started:
    """Make the conversation, put its parent in the queue and give them a token.

    The same `start_id` again makes nothing: it gives the same conversation and a fresh token. It is as
    secret as a token and is stored only as a MAC.
    """
    start_mac = hmac.digest(secret, b"start:" + start.start_id.bytes, sha256)
    earlier = await _earlier(session, start_mac)
    if earlier is not None:
        return earlier
    try:
        async with session.begin_nested():
            conversation = await chat.create_conversation(
                session,
                key_ring,
                start_mac=start_mac,
                origin=start.origin,
                language=start.language,
                child=start.child,
                follows=start.follows,
                session_mac=start.session_mac,
            )
    except IntegrityError:  # a double tap: the other request was quicker by a hair
        earlier = await _earlier(session, start_mac)
        if earlier is None:
            raise
        return earlier
    now = clock.now()
    session.add(
        QueueEntry(
            conversation_id=conversation.id,
            turn=Turn.MESSAGE if start.message else Turn.ORDINARY,
            message_left_at=now if start.message else None,
            language=start.language,
            topic=start.topic,
            earlier_coach=await _earlier_coach(session, start),
            entered_at=now,
        )
    )
    for kind in ("queue.entered", *(("message.left",) if start.message else ())):
        await log.append(session, conversation_id=conversation.id, happened=log.Happened(kind, {}))
    if start.topic is not None:
        await tag(
            session,
            conversation_id=conversation.id,
            kind="topic",
            codes=(start.topic,),
            codebook_version=codebook.version,
        )
    if start.consent_version is not None:
        await accounts.give_consent(
            session, conversation_id=conversation.id, wording_version=start.consent_version
        )
    token = await accounts.issue_parent_token(session, conversation_id=conversation.id)
    participant_id = (
        await session.execute(select(Participant.id).where(Participant.conversation_id == conversation.id))
    ).scalar_one()
    audit.note(
        session,
        actor=f"parent:{conversation.id}",
        action="conversation.started",
        subject=f"conversation:{conversation.id}",
    )
    record(session, QueueChanged())
    return Started(
        conversation_id=conversation.id, participant_id=participant_id, token=token, repeated=False
    )


def first_message_id(start_id: UUID, *, secret: bytes) -> UUID:
    """The client id of a start's first message: the same for a double tap, so that it is stored once.

    The coach sees it, so it must not be the `start_id`, with which anybody gets a token of the parent's.
    """
    return UUID(bytes=hmac.digest(secret, b"first message:" + start_id.bytes, sha256)[:16])


async def _earlier_coach(session: AsyncSession, start: Start) -> UUID | None:
    """Who held the conversation that this one follows last, where the parent wishes to meet them again."""
    if start.follows is None or not start.same_coach:
        return None
    return (
        await session.execute(
            select(Assignment.staff_id)
            .where(Assignment.conversation_id == start.follows)
            .order_by(col(Assignment.generation).desc())
            .limit(1)
        )
    ).scalar_one_or_none()


async def _earlier(session: AsyncSession, start_mac: bytes) -> Started | None:
    """What this start made before, with a fresh token."""
    found = (
        await session.execute(
            select(Conversation.id, Participant.id)
            .join(Participant, col(Participant.conversation_id) == Conversation.id)
            .where(Conversation.start_mac == start_mac, Participant.role == "parent")
        )
    ).one_or_none()
    if found is None:
        return None
    token = await accounts.issue_parent_token(session, conversation_id=found[0])
    return Started(conversation_id=found[0], participant_id=found[1], token=token, repeated=True)
