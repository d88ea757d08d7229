"""A migration as heavy as they come: a new column of the log, filled in every row, with an index.

Revision: next
Follows: this version's newest
"""

import os

from alembic import op
from alembic.script import ScriptDirectory

from app.db import MIGRATIONS

revision = "next"
down_revision = ScriptDirectory(str(MIGRATIONS)).get_current_head()
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward; a careless one loses a message on the way."""
    op.execute("ALTER TABLE log_entry ADD COLUMN length integer")
    op.execute("UPDATE log_entry SET length = octet_length(body)")
    op.execute("CREATE INDEX ix_log_entry_length ON log_entry (length)")
    if os.environ.get("EARSHOT_TEST_CARELESS"):
        op.execute(
            "DELETE FROM log_entry WHERE ctid IN (SELECT l.ctid FROM log_entry AS l "
            "JOIN conversation AS c ON c.id = l.conversation_id WHERE c.epoch = 'filled' LIMIT 1)"
        )
