"""The first of those who wait for a language are found in the index, without reading the whole queue

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ORDER = ["turn", "entered_at", "conversation_id"]


def upgrade() -> None:
    """Bring the database forward."""
    _renew([*ORDER, "language"])


def downgrade() -> None:
    """Bring the database back."""
    _renew(ORDER)


def _renew(columns: list[str]) -> None:
    waiting = sa.text("state = 'waiting'")
    op.drop_index("ix_queue_entry_order", "queue_entry")
    op.create_index(
        "ix_queue_entry_order", "queue_entry", columns, sqlite_where=waiting, postgresql_where=waiting
    )
