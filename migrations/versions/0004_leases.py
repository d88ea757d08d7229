"""Leases of staff and of parents

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from app.db import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table(
        "lease",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("lost_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_lease_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_lease")),
    )
    op.create_index("ix_lease_seen_at", "lease", ["seen_at"])
    op.create_index("ix_lease_lost_at", "lease", ["lost_at"])
    op.create_table(
        "parent_lease",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("away_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_parent_lease_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_parent_lease")),
    )


def downgrade() -> None:
    """Bring the database back."""
    op.drop_table("parent_lease")
    op.drop_table("lease")
