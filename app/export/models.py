"""Tables of anonymised rows, tallies and runs. Rows and tallies hold no id of a conversation or a person."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from app.db import UtcTime
from app.export.rules import RunState


class RowGroup(SQLModel, table=True):
    """One anonymised conversation, under an id of its own; `month` is its first day."""

    __tablename__ = "row_group"
    __table_args__ = (Index("ix_row_group_month_id", "month", "id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    month: date
    main_topic: str
    topics: list[str] = Field(sa_column=Column(JSON, nullable=False))
    barriers: list[str] = Field(sa_column=Column(JSON, nullable=False))
    service_gaps: list[str] = Field(sa_column=Column(JSON, nullable=False))
    disposition: str
    codebook_version: str
    redactor_version: str
    language: str
    age_band: str | None = None
    stage: str | None = None
    send: str | None = None
    attendance: str | None = None
    region: str | None = None
    simulated: bool = False


class Row(SQLModel, table=True):
    """One anonymised message; `spans` says what was masked, by which detector and why, never what it was."""

    __tablename__ = "row"
    __table_args__ = (CheckConstraint("speaker IN ('parent', 'coach', 'supervisor')", name="speaker"),)

    group_id: UUID = Field(foreign_key="row_group.id", ondelete="CASCADE", primary_key=True)
    number: int = Field(primary_key=True)
    speaker: str
    text: str
    spans: list[dict[str, object]] = Field(sa_column=Column(JSON, nullable=False))


class RowLink(SQLModel, table=True):
    """Which rows a conversation became: what withdrawal needs. It goes when the conversation goes."""

    __tablename__ = "row_link"

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)
    group_id: UUID = Field(unique=True)
    made_at: datetime = Field(sa_type=UtcTime)


class Tally(SQLModel, table=True):
    """How many closed conversations of a month had a topic, and crossed with it one more variable's value.

    `variable` '' counts the topic alone; `topic` '' counts all conversations, whatever they were about.
    """

    __tablename__ = "tally"
    __table_args__ = (CheckConstraint("count >= 0", name="count"),)

    month: date = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    variable: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    simulated: bool = Field(primary_key=True)
    count: int


class Tallied(SQLModel, table=True):
    """That a conversation was counted, so that it is counted once; it goes when the conversation goes."""

    __tablename__ = "tallied"

    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", primary_key=True)


class ExportRun(SQLModel, table=True):
    """One export: who asked and why, who approved it, and what was built.

    With a `sample` it holds so many conversations at most, drawn by chance from `seed`. `done` of `found`
    conversations are written so far. `failure` says why the last build ended without files.
    """

    __tablename__ = "export_run"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(s.value) for s in RunState)})", name="state"),
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="second_person"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    state: str = RunState.REQUESTED
    requested_by: UUID = Field(foreign_key="staff.id")
    purpose: str
    topic: str | None = None
    period: str = Field(default="unknown", sa_column_kwargs={"server_default": "unknown"})
    first_month: date
    last_month: date
    codebook_version: str = Field(default="unknown", sa_column_kwargs={"server_default": "unknown"})
    policy: str = Field(default="unknown", sa_column_kwargs={"server_default": "unknown"})
    sample: int | None = None
    seed: int | None = None
    requested_at: datetime = Field(sa_type=UtcTime)
    approved_by: UUID | None = Field(default=None, foreign_key="staff.id")
    approved_at: datetime | None = Field(default=None, sa_type=UtcTime)
    built_at: datetime | None = Field(default=None, sa_type=UtcTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcTime)
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    found: int | None = None
    building_since: datetime | None = Field(default=None, sa_type=UtcTime)
    failure: str | None = None
    manifest: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class ExportMember(SQLModel, table=True):
    """That an anonymised conversation is in a run's files. It outlives rows that are withdrawn, so that it
    can be said which files must be recalled."""

    __tablename__ = "export_member"

    run_id: UUID = Field(foreign_key="export_run.id", ondelete="CASCADE", primary_key=True)
    group_id: UUID = Field(primary_key=True)


class Quote(SQLModel, table=True):
    """Words of a released export that a report may print once two people have accepted them.

    It says where they stand in the masked message and holds no copy: it goes when its row goes, and what is
    masked later is masked in it.
    """

    __tablename__ = "quote"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "number"], ["row.group_id", "row.number"], ondelete="CASCADE"),
        CheckConstraint('start >= 0 AND "end" > start', name="stretch"),
        Index("ix_quote_group_id_number", "group_id", "number"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    run_id: UUID = Field(foreign_key="export_run.id")
    group_id: UUID
    number: int
    start: int
    end: int
    proposed_by: UUID = Field(foreign_key="staff.id")
    proposed_at: datetime = Field(sa_type=UtcTime)
    refused_by: UUID | None = Field(default=None, foreign_key="staff.id")


class QuoteAcceptance(SQLModel, table=True):
    """That a reviewer accepted a quote as it stands; a change of its words takes this away."""

    __tablename__ = "quote_acceptance"

    quote_id: UUID = Field(foreign_key="quote.id", ondelete="CASCADE", primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
