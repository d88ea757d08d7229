"""Work until a test kills it: `rows URL FOLDER`, or `build URL FOLDER RUN STAFF`, and builds that stop."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from app.content.rules import Codebook
from app.db import Database, open_database, reading
from app.export import manifest, queries
from app.export.building import build_asked, build_run
from app.export.builds import REFUSED, build_here
from app.export.rows import make_rows
from app.export.rules import RunState
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, NOW


async def work(what: str, url: str, folder: str, *rest: str) -> None:
    settings = Settings(env="development", database_url=url, data_dir=Path(folder))
    database = open_database(settings)
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    if what == "rows":
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    else:
        await build_again(database, settings, *map(UUID, rest))
    await database.engine.dispose()


async def build_again(database: Database, settings: Settings, run: UUID, researcher: UUID) -> None:
    """Build a run, whether it has to be asked for or is to be built since a build of it was killed."""
    async with reading(database) as session:
        waits = (await queries.run(session, run)).state == RunState.BUILDING
    if waits:
        await build_asked(database, settings, CODEBOOK, run_id=run)
    else:
        await build_run(database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher")


def die_half_way(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Build, and be killed with all rows written and the manifest not yet."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    manifest.write_manifest = die
    build_here(settings, codebook, run_id)


def refuse(*_: object) -> None:
    """End as a build does that was refused, but cannot set its run back."""
    sys.exit(REFUSED)


def stop_half_way(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Build, and stand still there, having told who this is."""

    def stop(*_: object) -> None:
        (settings.data_dir / "begun").write_text(str(os.getpid()))
        signal.pause()

    manifest.write_manifest = stop
    build_here(settings, codebook, run_id)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
