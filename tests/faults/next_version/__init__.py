"""The version after this one, as far as an upgrade goes: it has one migration more, over the whole log."""

import os
from pathlib import Path

from alembic.config import Config

from app.settings import Settings

FOLDER = Path(__file__).parent / "versions"
REVISION = "next"


def seed() -> None:
    """Let the `earshot` of this process be that version."""
    from app import db

    ours = db.migration_config

    def config(settings: Settings) -> Config:
        made = ours(settings)
        made.set_main_option("path_separator", "os")
        made.set_main_option(
            "version_locations", os.pathsep.join((str(db.MIGRATIONS / "versions"), str(FOLDER)))
        )
        return made

    db.migration_config = config
    known = [REVISION, *db._migrations()]
    db._migrations = lambda: known  # type: ignore[assignment]  # nothing is kept of it
