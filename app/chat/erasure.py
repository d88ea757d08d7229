"""Retention: a conversation whose time is over is erased, its key first of all.

What a database leaves of deleted rows in its files cannot be read without the key. A backup from before holds
both, so backups must not be kept for longer than the retention. Anonymised rows and tallies stay: nothing
leads from them back to the conversation, as the link goes with it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import record
from app.events import ParentRevoked

BATCH = 200


async def due(
    session: AsyncSession, *, now: datetime, retention_days: int, abandoned_hours: int
) -> list[UUID]:
    """The next conversations whose retention has ended, at most a batch; never one that is on hold."""
    rows = await session.execute(
        select(Conversation.id)
        .where(
            col(Conversation.on_hold).is_(False),
            or_(
                (col(Conversation.status) == Status.CLOSED)
                & (col(Conversation.closed_at) < now - timedelta(days=retention_days)),
                (col(Conversation.status) == Status.ABANDONED)
                & (col(Conversation.closed_at) < now - timedelta(hours=abandoned_hours)),
            ),
        )
        .order_by(col(Conversation.closed_at))
        .limit(BATCH)
    )
    return list(rows.scalars())


async def erase(session: AsyncSession, *, conversations: list[UUID]) -> None:
    """Delete these conversations with all that belongs to them, and note it; those on hold stay."""
    erased = await session.execute(
        delete(Conversation)
        .where(col(Conversation.id).in_(conversations), col(Conversation.on_hold).is_(False))
        .returning(col(Conversation.id))
    )
    for conversation in erased.scalars():
        record(session, ParentRevoked(conversation=conversation))
        audit.note(
            session,
            actor="system:retention",
            action="conversation.erased",
            subject=f"conversation:{conversation}",
        )
