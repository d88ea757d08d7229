"""Tables of the queue. Partial unique indexes back the guards: one waiting entry, one active assignment."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db import UtcTime


class EntryState(StrEnum):
    WAITING = "waiting"
    ASSIGNED = "assigned"
    ABANDONED = "abandoned"
    EXPIRED = "expired"


class Availability(StrEnum):
    AVAILABLE = "available"
    BUSY = "busy"
    ON_BREAK = "on_break"
    OFFLINE = "offline"


class QueueEntry(SQLModel, table=True):
    """A waiting conversation. `priority` 1 is high risk and comes first."""

    __tablename__ = "queue_entry"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in EntryState)})", name="state"),
        CheckConstraint("priority IN (0, 1)", name="priority"),
        Index(
            "uq_queue_entry_waiting",
            "conversation_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_queue_entry_order", "state", "priority", "entered_at", "id"),
        Index("ix_queue_entry_conversation_id", "conversation_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    state: str = EntryState.WAITING
    priority: int = 0
    language: str = "en"
    entered_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Shift(SQLModel, table=True):
    """A coach's time on duty, and whether they are free now. A coach has at most one that has not ended."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint(f"availability IN ({', '.join(repr(a.value) for a in Availability)})", name="state"),
        Index(
            "uq_shift_current",
            "staff_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id")
    availability: str
    started_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Assignment(SQLModel, table=True):
    """A coach owns a conversation under a generation; `why` says what was compared."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("conversation_id", "generation", name="uq_assignment_generation"),
        Index(
            "uq_assignment_active",
            "conversation_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_assignment_staff_id", "staff_id", "ended_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    staff_id: UUID = Field(foreign_key="staff.id")
    generation: int
    why: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    assigned_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
