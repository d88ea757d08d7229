"""Tables of safeguarding."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db import UtcTime
from app.safeguarding.rules import Category, ConcernState


class Concern(SQLModel, table=True):
    """A worry about somebody's safety. While one is not closed, its conversation cannot close."""

    __tablename__ = "concern"
    __table_args__ = (
        CheckConstraint(f"category IN ({', '.join(repr(c.value) for c in Category)})", name="category"),
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in ConcernState)})", name="state"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", index=True)
    category: str
    state: str = ConcernState.RAISED
    raised_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)


class ConcernStep(SQLModel, table=True):
    """One step of a concern: who took it, when, and their sealed note."""

    __tablename__ = "concern_step"

    concern_id: UUID = Field(foreign_key="concern.id", ondelete="CASCADE", primary_key=True)
    state: str = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid4, unique=True)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")  # None: the risk check
    at: datetime = Field(sa_type=UtcTime)
    note: bytes | None = None
