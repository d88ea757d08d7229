"""Work until a test kills it: `rows URL FOLDER`, or `build URL FOLDER RUN STAFF`, and builds that stop."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from app.content.rules import Codebook
from app.db import Database, open_database, reading
from app.errors import Conflict
from app.export import builds, manifest, queries
from app.export.building import Progress, build_asked, build_run
from app.export.builds import REFUSED, build_here
from app.export.rows import make_rows
from app.export.rules import RunState
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, NOW

QUOTED = "the purple heron of Nant Gwyn told nobody"


async def work(what: str, url: str, folder: str, *rest: str) -> None:
    settings = Settings(env="development", database_url=url, data_dir=Path(folder))
    database = open_database(settings)
    tell()
    if what == "rows":
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW, progress=tell)
    else:
        run, researcher = map(UUID, rest)
        with suppress(Conflict):  # a withdrawal was felt
            await build_again(database, settings, run, researcher, progress=tell)
    await database.engine.dispose()


def tell(*_: int) -> None:
    """A line for who waits for the moment to kill: that this has begun, and each step."""
    sys.stdout.write("so far\n")
    sys.stdout.flush()


async def build_again(
    database: Database, settings: Settings, run: UUID, researcher: UUID, *, progress: Progress | None = None
) -> None:
    """Build a run, whether it has to be asked for or is to be built since a build of it was killed."""
    async with reading(database) as session:
        waits = (await queries.run(session, run)).state == RunState.BUILDING
    if waits:
        await build_asked(database, settings, CODEBOOK, run_id=run, progress=progress)
    else:
        await build_run(
            database,
            settings,
            CODEBOOK,
            run_id=run,
            staff_id=researcher,
            role="researcher",
            progress=progress,
        )


def die_half_way(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Build, and be killed with all rows written and the manifest not yet."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    manifest.write_manifest = die
    build_here(settings, codebook, run_id)


def quote_half_way(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Build, and meet what nobody expected, which quotes a text."""
    manifest.write_manifest = _quote
    build_here(settings, codebook, run_id)


def quote_outside(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Meet it where the run has no say in it."""
    builds.build_asked = _quote
    build_here(settings, codebook, run_id)


def quote_freely(*_: object) -> None:
    """Meet it with nobody to hold it back."""
    _quote()


def _quote(*_: object, **__: object) -> None:
    raise RuntimeError(f"cannot write {QUOTED!r}")


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
