"""Exports: period, sample, policy, progress, expiry, and which conversations they hold

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    """Bring the database forward."""
    for name in ("period", "codebook_version", "policy"):
        op.add_column("export_run", sa.Column(name, TEXT(), nullable=False, server_default="unknown"))
    for name in ("sample", "seed", "found"):
        op.add_column("export_run", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("export_run", sa.Column("done", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("export_run", sa.Column("expires_at", UtcTime(), nullable=True))
    op.create_table(
        "export_member",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["export_run.id"], name=op.f("fk_export_member_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "group_id", name=op.f("pk_export_member")),
    )
    # Files that were built before say nowhere which conversations they hold: they may not be released.
    op.execute("UPDATE export_run SET state = 'approved' WHERE state = 'built'")
    op.drop_index("ix_row_group_month_main_topic", "row_group")
    op.create_index("ix_row_group_month_id", "row_group", ["month", "id"])


def downgrade() -> None:
    """Bring the database back."""
    op.drop_index("ix_row_group_month_id", "row_group")
    op.create_index("ix_row_group_month_main_topic", "row_group", ["month", "main_topic"])
    op.drop_table("export_member")
    for name in ("expires_at", "done", "found", "seed", "sample", "policy", "codebook_version", "period"):
        op.drop_column("export_run", name)
