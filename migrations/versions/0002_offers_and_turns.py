"""Offers and turns

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
WAITING = sa.text("state = 'waiting'")
PENDING = sa.text("state = 'pending'")
ACTIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Bring the database forward."""
    op.add_column("staff", sa.Column("skills", TEXT(), nullable=True))
    op.add_column("staff", sa.Column("sees_again", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("shift", sa.Column("rests_until", UtcTime(), nullable=True))
    op.add_column("shift", sa.Column("switchboard", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("shift", sa.Column("last_given_at", UtcTime(), nullable=True))
    op.add_column(
        "assignment", sa.Column("high_risk", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_assignment_active_staff",
        "assignment",
        ["staff_id", "high_risk"],
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    _renew_queue_entry(
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("topic", TEXT(), nullable=True),
        sa.Column("earlier_coach", sa.Uuid(), nullable=True),
        sa.CheckConstraint("turn IN (0, 1, 2)", name=op.f("ck_queue_entry_turn")),
        sa.ForeignKeyConstraint(["earlier_coach"], ["staff.id"], name=op.f("fk_queue_entry_earlier_coach")),
        filled={"turn": "CASE priority WHEN 1 THEN 0 ELSE 2 END"},
    )
    op.create_index(
        "ix_queue_entry_order",
        "queue_entry",
        ["turn", "entered_at", "conversation_id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("offered_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("answered_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'accepted', 'declined', 'missed', 'withdrawn')",
            name=op.f("ck_offer_state"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_offer_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_offer_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_index("ix_offer_conversation_id", "offer", ["conversation_id", "offered_at"])
    op.create_index("ix_offer_answered_at", "offer", ["answered_at"])
    for column, name in (("conversation_id", "uq_offer_conversation"), ("staff_id", "uq_offer_staff")):
        op.create_index(name, "offer", [column], unique=True, sqlite_where=PENDING, postgresql_where=PENDING)


def downgrade() -> None:
    """Bring the database back."""
    op.drop_table("offer")
    _renew_queue_entry(
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.CheckConstraint("priority IN (0, 1)", name=op.f("ck_queue_entry_priority")),
        filled={"priority": "CASE turn WHEN 0 THEN 1 ELSE 0 END"},
    )
    op.create_index("ix_queue_entry_order", "queue_entry", ["state", "priority", "entered_at", "id"])
    op.drop_index("ix_assignment_active_staff", "assignment")
    op.drop_column("assignment", "high_risk")
    for column in ("last_given_at", "switchboard", "rests_until"):
        op.drop_column("shift", column)
    for column in ("sees_again", "skills"):
        op.drop_column("staff", column)


def _renew_queue_entry(*parts: sa.schema.SchemaItem, filled: dict[str, str]) -> None:
    """Make the table anew with these columns and constraints: SQLite drops no column that a CHECK names."""
    kept = "id, conversation_id, state, language, entered_at, ended_at"
    op.execute("CREATE TABLE queue_entry_before AS SELECT * FROM queue_entry")
    op.drop_table("queue_entry")
    op.create_table(
        "queue_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("language", TEXT(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'assigned', 'abandoned', 'expired')", name=op.f("ck_queue_entry_state")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_queue_entry_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry")),
        *parts,
    )
    names, values = ", ".join(filled), ", ".join(filled.values())
    op.execute(
        f"INSERT INTO queue_entry ({kept}, {names}) SELECT {kept}, {values} FROM queue_entry_before"  # noqa: S608 (our own words)
    )
    op.drop_table("queue_entry_before")
    op.create_index("ix_queue_entry_conversation_id", "queue_entry", ["conversation_id"])
    op.create_index(
        "uq_queue_entry_waiting",
        "queue_entry",
        ["conversation_id"],
        unique=True,
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
