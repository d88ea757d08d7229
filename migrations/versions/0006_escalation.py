"""A concern has a key of its own and outlives its conversation; a decision names its second person

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
CATEGORIES = (
    "'suicide_self_harm', 'abuse_neglect', 'sexual_abuse', 'domestic_abuse', 'missing_child', "
    "'harm_to_baby', 'harm_to_others'"
)
STATES = "'raised', 'acknowledged', 'assessed', 'decided', 'closed'"
CONCERN = "id, conversation_id, category, state, raised_at, changed_at"
STEP = "concern_id, state, id, staff_id, at, note"


def upgrade() -> None:
    """Bring the database forward; what was noted before stays sealed under the conversation's key."""
    _renew(
        concern=[sa.Column("key", sa.LargeBinary(), nullable=True)],
        step=[
            sa.Column("second_id", sa.Uuid(), nullable=True),
            sa.ForeignKeyConstraint(["second_id"], ["staff.id"], name=op.f("fk_concern_step_second_id")),
            sa.CheckConstraint("second_id <> staff_id", name=op.f("ck_concern_step_two_people")),
        ],
    )


def downgrade() -> None:
    """Bring the database back; notes under a concern's own key go, as do concerns without a conversation."""
    op.execute(
        "UPDATE concern_step SET note = NULL WHERE concern_id IN (SELECT id FROM concern WHERE key IS NOT NULL)"
    )
    op.execute(
        "DELETE FROM concern_step WHERE concern_id IN "
        "(SELECT id FROM concern WHERE conversation_id NOT IN (SELECT id FROM conversation))"
    )
    op.execute("DELETE FROM concern WHERE conversation_id NOT IN (SELECT id FROM conversation)")
    _renew(
        concern=[
            sa.ForeignKeyConstraint(
                ["conversation_id"],
                ["conversation.id"],
                name=op.f("fk_concern_conversation_id"),
                ondelete="CASCADE",
            )
        ],
        step=[],
    )


def _renew(*, concern: list[sa.schema.SchemaItem], step: list[sa.schema.SchemaItem]) -> None:
    """Make both tables anew, steps and all: SQLite changes no constraint."""
    op.execute("CREATE TABLE concern_before AS SELECT * FROM concern")
    op.execute("CREATE TABLE concern_step_before AS SELECT * FROM concern_step")
    op.drop_table("concern_step")
    op.drop_table("concern")
    op.create_table(
        "concern",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("category", TEXT(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("raised_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.CheckConstraint(f"category IN ({CATEGORIES})", name=op.f("ck_concern_category")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_concern_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern")),
        *concern,
    )
    op.create_index(op.f("ix_concern_conversation_id"), "concern", ["conversation_id"], unique=False)
    op.create_table(
        "concern_step",
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concern.id"], name=op.f("fk_concern_step_concern_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_concern_step_staff_id")),
        sa.PrimaryKeyConstraint("concern_id", "state", name=op.f("pk_concern_step")),
        sa.UniqueConstraint("id", name=op.f("uq_concern_step_id")),
        *step,
    )
    for table, kept in (("concern", CONCERN), ("concern_step", STEP)):
        op.execute(f"INSERT INTO {table} ({kept}) SELECT {kept} FROM {table}_before")  # noqa: S608 (our own words)
        op.drop_table(f"{table}_before")
