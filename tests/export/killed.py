"""A process that works until a test kills it: `rows URL FOLDER`, or `build URL FOLDER RUN STAFF`."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from app.db import open_database
from app.export.building import build_run
from app.export.rows import make_rows
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
        run, staff = map(UUID, rest)
        await build_run(database, settings, CODEBOOK, run_id=run, staff_id=staff, role="researcher")
    await database.engine.dispose()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
