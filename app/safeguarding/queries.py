"""Concerns as staff see them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.safeguarding.models import Concern
from app.safeguarding.rules import ConcernState


async def unclosed(session: AsyncSession) -> list[Concern]:
    """Every concern that is not closed, oldest first: the supervisors' list."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.state != ConcernState.CLOSED)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())


async def of_conversation(session: AsyncSession, *, conversation_id: UUID) -> list[Concern]:
    """All concerns of one conversation, oldest first."""
    rows = await session.execute(
        select(Concern)
        .where(Concern.conversation_id == conversation_id)
        .order_by(col(Concern.raised_at), col(Concern.id))
    )
    return list(rows.scalars())
