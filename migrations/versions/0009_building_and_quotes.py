"""Exports are built outside of the request that asks for it; quotes that two people look at

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.db import UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
STATES = "'requested', 'approved', 'built', 'released', 'withdrawn'"
KEPT = (
    "id, state, requested_by, purpose, topic, period, first_month, last_month, codebook_version, policy, sample, "
    "seed, requested_at, approved_by, approved_at, built_at, released_at, expires_at, withdrawn_at, done, found, "
    "manifest"
)


def upgrade() -> None:
    """Bring the database forward."""
    _renew_export_run(
        f"{STATES}, 'building'",
        sa.Column("building_since", UtcTime(), nullable=True),
        sa.Column("failure", TEXT(), nullable=True),
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcTime(), nullable=False),
        sa.Column("refused_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint('start >= 0 AND "end" > start', name=op.f("ck_quote_stretch")),
        sa.ForeignKeyConstraint(
            ["group_id", "number"],
            ["row.group_id", "row.number"],
            name=op.f("fk_quote_group_id_number"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["export_run.id"], name=op.f("fk_quote_run_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_quote_proposed_by")),
        sa.ForeignKeyConstraint(["refused_by"], ["staff.id"], name=op.f("fk_quote_refused_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    op.create_index("ix_quote_group_id_number", "quote", ["group_id", "number"])
    op.create_table(
        "quote_acceptance",
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id"], ["quote.id"], name=op.f("fk_quote_acceptance_quote_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_quote_acceptance_staff_id")),
        sa.PrimaryKeyConstraint("quote_id", "staff_id", name=op.f("pk_quote_acceptance")),
    )


def downgrade() -> None:
    """Bring the database back: what is being built is approved again, and quotes are forgotten."""
    op.drop_table("quote_acceptance")
    op.drop_table("quote")
    op.execute("UPDATE export_run SET state = 'approved' WHERE state = 'building'")
    _renew_export_run(STATES)


def _renew_export_run(states: str, *more: sa.Column[object]) -> None:
    """Make the table anew with these states and columns: SQLite changes no CHECK.

    What refers to it is put aside meanwhile, as SQLite would delete it with the table.
    """
    op.execute("CREATE TABLE export_member_before AS SELECT run_id, group_id FROM export_member")
    op.drop_table("export_member")
    op.execute(f"CREATE TABLE export_run_before AS SELECT {KEPT} FROM export_run")  # noqa: S608 (our own words)
    op.drop_table("export_run")
    op.create_table(
        "export_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", TEXT(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("purpose", TEXT(), nullable=False),
        sa.Column("topic", TEXT(), nullable=True),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        *(
            sa.Column(name, TEXT(), nullable=False, server_default="unknown")
            for name in ("period", "codebook_version", "policy")
        ),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("sample", "seed", "found")),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("requested_at", UtcTime(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, UtcTime(), nullable=True)
            for name in ("approved_at", "built_at", "released_at", "expires_at", "withdrawn_at")
        ),
        sa.Column("manifest", sa.JSON(), nullable=False),
        *more,
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_export_run_state")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_export_run_second_person")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name=op.f("fk_export_run_approved_by")),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name=op.f("fk_export_run_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_run")),
    )
    op.execute(f"INSERT INTO export_run ({KEPT}) SELECT {KEPT} FROM export_run_before")  # noqa: S608 (our own words)
    op.drop_table("export_run_before")
    op.create_table(
        "export_member",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["export_run.id"], name=op.f("fk_export_member_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "group_id", name=op.f("pk_export_member")),
    )
    op.execute(
        "INSERT INTO export_member (run_id, group_id) SELECT run_id, group_id FROM export_member_before"
    )
    op.drop_table("export_member_before")
