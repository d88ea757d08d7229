"""What is tagged."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.topics.models import Tagging


async def parents_topics(session: AsyncSession, conversations: Collection[UUID]) -> dict[UUID, str]:
    """The topic that each of these conversations' parents chose, where they chose one."""
    rows = await session.execute(
        select(Tagging.conversation_id, Tagging.code).where(
            col(Tagging.conversation_id).in_(conversations),
            Tagging.kind == "topic",
            Tagging.tagged_by == "parent",
            Tagging.rank == 1,
        )
    )
    return {row[0]: row[1] for row in rows}
