"""Tables of the chat. A conversation's `stream_head` row is its lock: whoever changes it takes that first."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.chat.rules import Origin, Speaker, Status, Stream
from app.db import UtcTime


def _one_of(column: str, values: list[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=column)


class Conversation(SQLModel, table=True):
    """One chat, opened once and closed once. What the parent says about the child is optional and banded."""

    __tablename__ = "conversation"
    __table_args__ = (
        _one_of("status", [status.value for status in Status]),
        _one_of("origin", [origin.value for origin in Origin]),
        Index("ix_conversation_status_closed_at", "status", "closed_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    status: str = Status.WAITING
    origin: str = Origin.PARENT
    start_mac: bytes | None = Field(default=None, unique=True)
    session_mac: bytes | None = None  # the browser's session that it was started from
    follows: UUID | None = None
    generation: int = 0
    epoch: str
    language: str = "en"
    age_band: str | None = None
    stage: str | None = None
    send: str | None = None
    attendance: str | None = None
    region: str | None = None
    on_hold: bool = False
    risk_read_up_to: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    created_at: datetime = Field(sa_type=UtcTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ConversationKey(SQLModel, table=True):
    """The wrapped data key; with this row gone, nothing of the conversation can be read again."""

    __tablename__ = "conversation_key"

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    wrapped: bytes


class Participant(SQLModel, table=True):
    """A person's role in a conversation: the key to access. A coach's ends when they leave."""

    __tablename__ = "participant"
    __table_args__ = (
        _one_of("role", [speaker.value for speaker in Speaker]),
        UniqueConstraint("conversation_id", "staff_id", name="uq_participant_staff"),
        Index(
            "uq_participant_parent",
            "conversation_id",
            unique=True,
            sqlite_where=text("role = 'parent'"),
            postgresql_where=text("role = 'parent'"),
        ),
        Index("ix_participant_staff_id", "staff_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    role: str
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")
    generation: int = 0
    joined_at: datetime = Field(sa_type=UtcTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcTime)
    read_up_to: int = 0


class StreamHead(SQLModel, table=True):
    """The number of the newest entry of a stream."""

    __tablename__ = "stream_head"
    __table_args__ = (_one_of("stream", [stream.value for stream in Stream]),)

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    stream: str = Field(primary_key=True)
    head: int = 0


class LogEntry(SQLModel, table=True):
    """One durable event. `seq` runs 1..n without gaps in each stream; text stands sealed in `body`."""

    __tablename__ = "log_entry"
    __table_args__ = (
        UniqueConstraint(
            "conversation_id", "sender_id", "client_message_id", name="uq_log_entry_client_message"
        ),
        CheckConstraint("seq > 0", name="seq"),
    )

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    stream: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str
    at: datetime = Field(sa_type=UtcTime)
    generation: int
    sender_id: UUID | None = None
    speaker: str | None = None
    message_id: UUID | None = None
    client_message_id: UUID | None = None
    body: bytes | None = None
    body_mac: bytes | None = None
    data: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
