"""Tables of accounts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, true
from sqlmodel import Field, SQLModel

from app.db import UtcTime


class Role(StrEnum):
    """What a member of staff is here to do; parents have no account."""

    COACH = "coach"
    SUPERVISOR = "supervisor"
    RESEARCHER = "researcher"
    REVIEWER = "reviewer"
    MANAGER = "manager"


class Staff(SQLModel, table=True):
    """A member of staff. Disabled ones stay, as the audit record names them.

    `sees_again` is a coach's wish to be given parents whom they know, where the parents wish it too.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in Role)})", name="role"),
        CheckConstraint("capacity BETWEEN 1 AND 10", name="capacity"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str
    languages: str = "en"  # comma-separated, in order of preference
    capacity: int = 3
    skills: str | None = None  # top-level topics, comma-separated
    sees_again: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    password_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcTime)


class StaffSession(SQLModel, table=True):
    """A signed-in browser; the cookie's token is stored as its SHA-256."""

    __tablename__ = "staff_session"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", index=True)
    token_hash: bytes = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class FirstSignIn(SQLModel, table=True):
    """A one-time link's token, with which a member of staff sets the first password (or a forgotten one)."""

    __tablename__ = "first_sign_in"

    token_hash: bytes = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", index=True)
    expires_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)


class SocketPass(SQLModel, table=True):
    """What a signed-in browser shows in its first frame: good once, for a minute."""

    __tablename__ = "socket_pass"

    pass_hash: bytes = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="staff_session.id", index=True)
    expires_at: datetime = Field(sa_type=UtcTime)


class ParentToken(SQLModel, table=True):
    """Opens one conversation as its parent: 256 random bits, stored as their SHA-256."""

    __tablename__ = "parent_token"

    token_hash: bytes = Field(primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", index=True)
    created_at: datetime = Field(sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ReturnCode(SQLModel, table=True):
    """Four short words that resume a conversation, stored as an HMAC under the server's secret."""

    __tablename__ = "return_code"

    code_mac: bytes = Field(primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", unique=True)
    created_at: datetime = Field(sa_type=UtcTime)


class Consent(SQLModel, table=True):
    """A parent's consent to one purpose, for one conversation; absent means not given."""

    __tablename__ = "consent"
    __table_args__ = (CheckConstraint("purpose IN ('research')", name="purpose"),)

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    purpose: str = Field(primary_key=True)
    wording_version: str
    given_at: datetime = Field(sa_type=UtcTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcTime)
