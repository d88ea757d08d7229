"""What puts codes on a conversation."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.topics.models import Tagging


async def tag(
    session: AsyncSession,
    *,
    conversation_id: UUID,
    kind: str,
    codes: tuple[str, ...],
    codebook_version: str,
    staff_id: UUID | None = None,
) -> None:
    """Put these codes on a conversation, in their order: by staff, or by its parent where none is named."""
    at = clock.now()
    session.add_all(
        Tagging(
            conversation_id=conversation_id,
            kind=kind,
            code=code,
            rank=rank,
            codebook_version=codebook_version,
            tagged_by="coach" if staff_id else "parent",
            staff_id=staff_id,
            at=at,
        )
        for rank, code in enumerate(codes, start=1)
    )
    await session.flush()
