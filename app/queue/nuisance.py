"""Nuisance: warn, end, and a block for a time on the session it came from, reviewed by a second person.

A session is a browser's tab, known by the MAC of an id that it chose: no address and no device is noted. A
block lapses after a day unless a second person has upheld it. It closes nothing but the chat: the numbers to
ring are always shown, and whoever may be at risk is never kept out.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.models import Staff
from app.chat import actions as chat
from app.chat import log
from app.chat.access import Place
from app.chat.models import Conversation, LogEntry
from app.chat.rules import Status
from app.db import record
from app.errors import BadRequest, Conflict, Forbidden, NotFound
from app.events import QueueChanged
from app.queue.models import Assignment, Block
from app.safeguarding.actions import has_unclosed

REVIEW_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """A block that a second person has to look at."""

    block: Block
    by: str


def session_mac(session_id: UUID, *, secret: bytes) -> bytes:
    """As a browser's session is stored: whoever reads the table cannot make the id of it."""
    return hmac.digest(secret, b"session:" + session_id.bytes, sha256)


async def warn(session: AsyncSession, *, place: Place) -> None:
    """Ask the parent to write with respect; said as often as the coach wishes."""
    conversation_id = place.conversation.id
    await log.lock(session, [conversation_id])
    await _require_open(session, conversation_id)
    await log.append(
        session, conversation_id=conversation_id, happened=log.Happened("conversation.warned", {})
    )
    _note(session, place.participant.staff_id, "conversation.warned", conversation_id)


async def end_and_block(session: AsyncSession, *, place: Place, reason: str) -> None:
    """End the conversation and block its session for a day, or for longer once a second person agrees.

    Refused before a warning, and where somebody may be at risk.
    """
    conversation_id, staff_id = place.conversation.id, place.participant.staff_id
    assert staff_id is not None
    await log.lock(session, [conversation_id])
    at_risk = await session.scalar(
        select(col(Assignment.high_risk)).where(
            col(Assignment.conversation_id) == conversation_id, col(Assignment.ended_at).is_(None)
        )
    )
    if at_risk or await has_unclosed(session, conversation_id=conversation_id):
        raise Conflict(
            "Somebody in this conversation may be at risk, so nobody is blocked.",
            next_step="Ask a supervisor to join you.",
        )
    await _require_open(session, conversation_id)
    warned = await session.scalar(
        select(col(LogEntry.seq))
        .where(col(LogEntry.conversation_id) == conversation_id, col(LogEntry.kind) == "conversation.warned")
        .limit(1)
    )
    if warned is None:
        raise BadRequest("They have not been warned yet.", next_step="Warn them first, then end it.")
    await chat.change_status(
        session,
        conversation_id=conversation_id,
        to=Status.WRAP_UP,
        happened=log.Happened("conversation.ended", {"by": "block"}),
    )
    now = clock.now()
    session.add(
        Block(
            conversation_id=conversation_id,
            session_mac=place.conversation.session_mac,
            reason=reason,
            made_by=staff_id,
            made_at=now,
            until=now + REVIEW_WITHIN,
        )
    )
    _note(session, staff_id, "session.blocked", conversation_id)
    record(session, QueueChanged())


async def review(
    session: AsyncSession, *, staff_id: UUID, block_id: UUID, uphold: bool, lasts: timedelta
) -> None:
    """Uphold a block, so that it lasts for `lasts` in all, or lift it at once.

    Refused: whoever made it, a block that has been reviewed or has lapsed, an unknown one.
    """
    block = await session.get(Block, block_id, with_for_update=True)
    if block is None:
        raise NotFound("There is no such block.", next_step="Look at the list again.")
    if block.made_by == staff_id:
        raise Forbidden("You made this block yourself.", next_step="Another supervisor reviews it.")
    now = clock.now()
    if block.reviewed_at is not None or block.until <= now:
        raise Conflict("This block was reviewed, or has lapsed.", next_step="Look at the list again.")
    block.reviewed_by, block.reviewed_at, block.upheld = staff_id, now, uphold
    block.until = block.made_at + lasts if uphold else now
    session.add(block)
    done = "session.block_upheld" if uphold else "session.block_lifted"
    _note(session, staff_id, done, block.conversation_id)
    record(session, QueueChanged())


async def lift_at_risk(session: AsyncSession, *, conversation_id: UUID) -> None:
    """Somebody in this conversation may be at risk: whatever block came of it ends now."""
    now = clock.now()
    lifted = await session.scalars(
        update(Block)
        .where(col(Block.conversation_id) == conversation_id, col(Block.until) > now)
        .values(until=now)
        .returning(col(Block.id))
    )
    if list(lifted):
        record(session, QueueChanged())


async def blocked_until(
    session: AsyncSession, *, session_mac: bytes | None, follows: UUID | None
) -> datetime | None:
    """Until when nothing may be started from this session, or to follow this conversation; else None."""
    known = [col(Block.session_mac) == session_mac] if session_mac else []
    known += [col(Block.conversation_id) == follows] if follows else []
    if not known:
        return None
    found: datetime | None = await session.scalar(
        select(col(Block.until))
        .where(col(Block.until) > clock.now(), or_(*known))
        .order_by(col(Block.until).desc())
        .limit(1)
    )
    return found


async def unreviewed(session: AsyncSession) -> list[Unreviewed]:
    """The blocks that stand and that nobody has reviewed, oldest first."""
    rows = await session.execute(
        select(Block, col(Staff.name))
        .join(Staff, col(Staff.id) == col(Block.made_by))
        .where(col(Block.until) > clock.now(), col(Block.reviewed_at).is_(None))
        .order_by(col(Block.made_at), col(Block.id))
    )
    return [Unreviewed(block, name) for block, name in rows]


async def _require_open(session: AsyncSession, conversation_id: UUID) -> None:
    status = await session.scalar(
        select(col(Conversation.status)).where(col(Conversation.id) == conversation_id)
    )
    if status != Status.OPEN:
        raise Conflict(
            "This conversation has ended.", next_step="Nothing more to do.", code="conversation_closed"
        )


def _note(session: AsyncSession, staff_id: UUID | None, action: str, conversation_id: UUID) -> None:
    audit.note(session, actor=f"staff:{staff_id}", action=action, subject=f"conversation:{conversation_id}")
