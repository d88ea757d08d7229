"""Tables of topics."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import UtcTime


class Tagging(SQLModel, table=True):
    """A code of a codebook version put on a conversation; `rank` 1 is the main topic."""

    __tablename__ = "tagging"
    __table_args__ = (
        CheckConstraint("kind IN ('topic', 'barrier', 'disposition', 'service_gap')", name="kind"),
        CheckConstraint("tagged_by IN ('parent', 'coach')", name="tagged_by"),
        CheckConstraint("rank BETWEEN 1 AND 30", name="rank"),
        UniqueConstraint("conversation_id", "tagged_by", "kind", "code", name="uq_tagging_code"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", index=True)
    kind: str
    code: str = Field(index=True)
    rank: int = 1
    codebook_version: str
    tagged_by: str
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcTime)
