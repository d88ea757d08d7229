"""Tables of safeguarding."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db import UtcTime
from app.safeguarding.rules import Category, Channel, ConcernState


class Concern(SQLModel, table=True):
    """A worry about somebody's safety. While one is not closed, its conversation cannot close.

    It outlives its conversation, so nothing ties the two rows together; `key` is its own, wrapped.
    """

    __tablename__ = "concern"
    __table_args__ = (
        CheckConstraint(f"category IN ({', '.join(repr(c.value) for c in Category)})", name="category"),
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in ConcernState)})", name="state"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(index=True)
    category: str
    state: str = ConcernState.RAISED
    raised_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    key: bytes | None = None


class ConcernStep(SQLModel, table=True):
    """One step of a concern: who took it, when, and what they wrote, sealed; a decision's second person."""

    __tablename__ = "concern_step"
    __table_args__ = (CheckConstraint("second_id <> staff_id", name="two_people"),)

    concern_id: UUID = Field(foreign_key="concern.id", ondelete="CASCADE", primary_key=True)
    state: str = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid4, unique=True)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")  # None: the risk check
    at: datetime = Field(sa_type=UtcTime)
    note: bytes | None = None
    second_id: UUID | None = Field(default=None, foreign_key="staff.id")


class Page(SQLModel, table=True):
    """One call to a lead over one channel about a concern that nobody has acknowledged. It holds no words."""

    __tablename__ = "page"
    __table_args__ = (
        CheckConstraint(f"channel IN ({', '.join(repr(c.value) for c in Channel)})", name="channel"),
        UniqueConstraint("concern_id", "number", "channel"),
        Index(
            "ix_page_unsent",
            "next_try_at",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    concern_id: UUID = Field(foreign_key="concern.id", ondelete="CASCADE")
    number: int
    channel: str
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")  # None: nobody leads
    made_at: datetime = Field(sa_type=UtcTime)
    next_try_at: datetime = Field(sa_type=UtcTime)
    tries: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
