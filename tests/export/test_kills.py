"""The row job and a build, killed outright at some moment: whole or absent, nothing twice, nothing left."""

import asyncio
import random
import sys
from contextlib import suppress

from sqlalchemy import func, select
from sqlmodel import col

from app.db import Database, reading, transaction
from app.export import building, runs
from app.export.models import Row, RowGroup, RowLink
from app.export.periods import parse_period
from app.export.rows import make_rows
from app.settings import PROJECT, Settings
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed, add_staff
from tests.export.folders import torn

CONVERSATIONS = 40
KILLS = 3
SEED = 20260317


async def start_and_kill(settings: Settings, after_s: float, *arguments: str) -> bool:
    """Whether the process was still at work when it was killed, so many seconds after it had begun."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.export.killed", arguments[0]),
        *(settings.database_url, str(settings.data_dir), *arguments[1:]),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"begun\n"
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), after_s)
    at_work = process.returncode is None
    if at_work:
        process.kill()
    await process.wait()
    return at_work


async def counts(database: Database) -> tuple[int, int, int]:
    """Groups, links, and groups that have not all three of their messages."""
    async with reading(database) as session:
        groups = (await session.execute(select(func.count()).select_from(RowGroup))).scalar_one()
        links = (await session.execute(select(func.count()).select_from(RowLink))).scalar_one()
        partial = await session.scalars(
            select(col(Row.group_id)).group_by(col(Row.group_id)).having(func.count() != 3)
        )
        return groups, links, len(list(partial))


async def test_the_row_job_killed_and_run_again_makes_each_row_once(
    database: Database, settings: Settings
) -> None:
    for _ in range(CONVERSATIONS):
        await add_closed(database)
    chance, killed = random.Random(SEED), 0
    for _ in range(KILLS):
        killed += await start_and_kill(settings, chance.uniform(0.02, 0.3), "rows")
        groups, links, partial = await counts(database)
        assert (links, partial) == (groups, 0)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    assert await counts(database) == (CONVERSATIONS, CONVERSATIONS, 0)
    assert killed > 0


async def test_a_build_killed_at_any_moment_is_whole_or_absent(
    database: Database, settings: Settings
) -> None:
    for _ in range(CONVERSATIONS):
        await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    async with transaction(database) as session:
        run = await runs.request_run(
            session,
            CODEBOOK,
            staff_id=researcher,
            role="researcher",
            purpose="What is left when a build is killed",
            topic=None,
            period=parse_period(f"{LONG_AGO:%Y-%m}"),
        )
        await runs.approve_run(session, run_id=run.id, staff_id=reviewer, role="reviewer")
    chance, killed = random.Random(SEED), 0
    for _ in range(KILLS):
        killed += await start_and_kill(
            settings, chance.uniform(0.02, 0.6), "build", str(run.id), str(researcher)
        )
        assert torn(runs.run_folder(settings, run.id)) == []
    await building.build_run(
        database, settings, CODEBOOK, run_id=run.id, staff_id=researcher, role="researcher"
    )
    assert [path.name for path in (settings.data_dir / "exports").iterdir()] == [str(run.id)]
    assert killed > 0
