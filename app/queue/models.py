"""Tables of the queue. Partial unique indexes back the guards: one waiting entry, one active assignment."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    UniqueConstraint,
    false,
    literal_column,
    text,
)
from sqlmodel import Field, SQLModel

from app.db import UtcTime, table_of
from app.queue.rules import Turn


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


class OfferState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"  # not answered in time
    WITHDRAWN = "withdrawn"  # the parent left, or a colleague was quicker


class QueueEntry(SQLModel, table=True):
    """A waiting conversation; the lowest `turn` comes first, and within one the oldest.

    `topic` is the parent's own. `earlier_coach` is set where the parent wishes to meet them again. Once
    `message_left_at` is set, nobody waits at a screen: what they wrote is to be answered.
    """

    __tablename__ = "queue_entry"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in EntryState)})", name="state"),
        CheckConstraint(f"turn IN ({', '.join(str(t.value) for t in Turn)})", name="turn"),
        Index(
            "uq_queue_entry_waiting",
            "conversation_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_queue_entry_order",
            "turn",
            "entered_at",
            "conversation_id",
            "language",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_queue_entry_conversation_id", "conversation_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    state: str = EntryState.WAITING
    turn: int = Turn.ORDINARY
    language: str = "en"
    topic: str | None = None
    earlier_coach: UUID | None = Field(default=None, foreign_key="staff.id")
    entered_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcTime)
    told_p50: int | None = None  # seconds that the parent was first told they may wait
    told_p80: int | None = None
    told_closing_at: datetime | None = Field(default=None, sa_type=UtcTime)
    message_left_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Shift(SQLModel, table=True):
    """A coach's time on duty, and whether they are free now. A coach has at most one that has not ended.

    `rests_until` keeps everybody new from them until then, and `break_due_at` from then on. While
    `switchboard` is on, this supervisor alone says who goes to whom.
    """

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
    last_given_at: datetime | None = Field(default=None, sa_type=UtcTime)
    rests_until: datetime | None = Field(default=None, sa_type=UtcTime)
    break_due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    switchboard: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Offer(SQLModel, table=True):
    """A parent is offered to a coach, who has until `expires_at`; `why` is the decision's record."""

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in OfferState)})", name="state"),
        Index(
            "uq_offer_conversation",
            "conversation_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "uq_offer_staff",
            "staff_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_offer_conversation_id", "conversation_id", "offered_at"),
        Index("ix_offer_answered_at", "answered_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    staff_id: UUID = Field(foreign_key="staff.id")
    state: str = OfferState.PENDING
    why: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    offered_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Assignment(SQLModel, table=True):
    """A coach owns a conversation under a generation; `why` says what was compared.

    While they hold one at high risk, they are given nobody new.
    """

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
        Index(
            "ix_assignment_active_staff",
            "staff_id",
            "high_risk",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    staff_id: UUID = Field(foreign_key="staff.id")
    generation: int
    high_risk: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    why: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    assigned_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Lease(SQLModel, table=True):
    """When a member of staff was last heard, by the database's clock; `lost_at` while nobody hears them."""

    __tablename__ = "lease"
    __table_args__ = (Index("ix_lease_seen_at", "seen_at"), Index("ix_lease_lost_at", "lost_at"))

    staff_id: UUID = Field(foreign_key="staff.id", primary_key=True)
    seen_at: datetime = Field(sa_type=UtcTime)
    lost_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Block(SQLModel, table=True):
    """Nothing may be started from this session until then; `upheld` is what a second person said of it."""

    __tablename__ = "block"
    __table_args__ = (
        CheckConstraint("reason IN ('abusive', 'sexual', 'threats', 'prank')", name="reason"),
        Index("ix_block_session_mac", "session_mac"),
        Index("ix_block_conversation_id", "conversation_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    session_mac: bytes | None = None
    reason: str
    made_by: UUID = Field(foreign_key="staff.id")
    made_at: datetime = Field(sa_type=UtcTime)
    until: datetime = Field(sa_type=UtcTime)
    reviewed_by: UUID | None = Field(default=None, foreign_key="staff.id")
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    upheld: bool | None = None


class ParentLease(SQLModel, table=True):
    """The same for a parent who waits or talks; `away_at` while they have left."""

    __tablename__ = "parent_lease"

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    seen_at: datetime = Field(sa_type=UtcTime)
    away_at: datetime | None = Field(default=None, sa_type=UtcTime)


def _said(value: StrEnum) -> ColumnElement[str]:
    """Written out: so PostgreSQL can keep a plan that uses the indexes of such rows alone."""
    return literal_column(f"'{value.value}'")


WAITS = table_of(QueueEntry).c.state == _said(EntryState.WAITING)
STANDS = table_of(Offer).c.state == _said(OfferState.PENDING)
NOT_TAKEN = table_of(Offer).c.state.in_((_said(OfferState.DECLINED), _said(OfferState.MISSED)))
