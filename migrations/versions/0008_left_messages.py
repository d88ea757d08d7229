"""Messages left while the service is closed; blocks for nuisance; breaks, and what parents are told of their wait

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Bring the database forward."""
    _renew_queue_entry(
        sa.Column("told_at", UtcTime(), nullable=True),
        sa.Column("told_p50", sa.Integer(), nullable=True),
        sa.Column("told_p80", sa.Integer(), nullable=True),
        sa.Column("told_closing_at", UtcTime(), nullable=True),
        sa.Column("message_left_at", UtcTime(), nullable=True),
        sa.CheckConstraint("turn IN (0, 1, 2, 3)", name=op.f("ck_queue_entry_turn")),
    )
    op.add_column("shift", sa.Column("break_due_at", UtcTime(), nullable=True))
    op.add_column("conversation", sa.Column("session_mac", sa.LargeBinary(), nullable=True))
    op.create_table(
        "block",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("session_mac", sa.LargeBinary(), nullable=True),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", UtcTime(), nullable=True),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('abusive', 'sexual', 'threats', 'prank')", name=op.f("ck_block_reason")
        ),
        _of_a_conversation("block"),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_block_made_by")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["staff.id"], name=op.f("fk_block_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
    )
    for column in ("session_mac", "conversation_id"):
        op.create_index(f"ix_block_{column}", "block", [column])


def downgrade() -> None:
    """Bring the database back: messages wait like everybody else."""
    op.drop_table("block")
    op.drop_column("conversation", "session_mac")
    op.drop_column("shift", "break_due_at")
    op.execute("UPDATE queue_entry SET turn = 2 WHERE turn = 3")
    _renew_queue_entry(sa.CheckConstraint("turn IN (0, 1, 2)", name=op.f("ck_queue_entry_turn")))


def _of_a_conversation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_conversation_id")
    return sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=name, ondelete="CASCADE")


def _renew_queue_entry(*parts: sa.schema.SchemaItem) -> None:
    """Make the table anew with these columns and constraints: SQLite changes no CHECK."""
    kept = "id, conversation_id, state, turn, language, topic, earlier_coach, entered_at, ended_at"
    op.execute(f"CREATE TABLE queue_entry_before AS SELECT {kept} FROM queue_entry")  # noqa: S608 (our own words)
    op.drop_table("queue_entry")
    op.create_table(
        "queue_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("language", TEXT(), nullable=False),
        sa.Column("topic", TEXT(), nullable=True),
        sa.Column("earlier_coach", sa.Uuid(), nullable=True),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        *parts,
        sa.CheckConstraint(
            "state IN ('waiting', 'assigned', 'abandoned', 'expired')", name=op.f("ck_queue_entry_state")
        ),
        _of_a_conversation("queue_entry"),
        sa.ForeignKeyConstraint(["earlier_coach"], ["staff.id"], name=op.f("fk_queue_entry_earlier_coach")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry")),
    )
    op.execute(f"INSERT INTO queue_entry ({kept}) SELECT {kept} FROM queue_entry_before")  # noqa: S608 (our own words)
    op.drop_table("queue_entry_before")
    op.create_index("ix_queue_entry_conversation_id", "queue_entry", ["conversation_id"])
    for name, columns, unique in (
        ("uq_queue_entry_waiting", ["conversation_id"], True),
        ("ix_queue_entry_order", ["turn", "entered_at", "conversation_id"], False),
    ):
        op.create_index(
            name, "queue_entry", columns, unique=unique, sqlite_where=WAITING, postgresql_where=WAITING
        )
