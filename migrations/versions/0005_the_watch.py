"""How far each conversation has been read for signs of a risk; steps of concerns that nobody took

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    """Bring the database forward; what ended before counts as read, what goes on is read from its beginning."""
    op.add_column(
        "conversation", sa.Column("risk_read_up_to", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE conversation SET risk_read_up_to = (SELECT head FROM stream_head "
        "WHERE stream_head.conversation_id = conversation.id AND stream_head.stream = 'conv') "
        "WHERE status IN ('closed', 'abandoned')"
    )
    op.execute(
        "UPDATE conversation SET on_hold = true WHERE id IN "
        "(SELECT conversation_id FROM concern WHERE state <> 'closed')"
    )
    _renew_steps(nullable=True)


def downgrade() -> None:
    """Bring the database back."""
    op.execute("DELETE FROM concern_step WHERE staff_id IS NULL")
    _renew_steps(nullable=False)
    op.drop_column("conversation", "risk_read_up_to")


def _renew_steps(*, nullable: bool) -> None:
    """Make the table anew: SQLite changes no column."""
    kept = "concern_id, state, id, staff_id, at, note"
    op.execute("CREATE TABLE concern_step_before AS SELECT * FROM concern_step")
    op.drop_table("concern_step")
    op.create_table(
        "concern_step",
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=nullable),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concern.id"], name=op.f("fk_concern_step_concern_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_concern_step_staff_id")),
        sa.PrimaryKeyConstraint("concern_id", "state", name=op.f("pk_concern_step")),
        sa.UniqueConstraint("id", name=op.f("uq_concern_step_id")),
    )
    op.execute(f"INSERT INTO concern_step ({kept}) SELECT {kept} FROM concern_step_before")  # noqa: S608 (our own words)
    op.drop_table("concern_step_before")
