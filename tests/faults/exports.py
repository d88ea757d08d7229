"""F12: the row job and the build of an export, killed outright while parents withdraw their consent."""

import asyncio
import sys
from contextlib import suppress
from random import Random
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.accounts.actions import withdraw_consent
from app.db import Database, open_database, reading, transaction
from app.export import building, queries, runs
from app.export.models import Row, RowGroup, RowLink
from app.export.periods import parse_period
from app.export.rows import make_rows
from app.settings import PROJECT, Settings
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed, add_staff
from tests.export.folders import conversations_in, torn
from tests.export.killed import build_again
from tests.faults.ground import Ground, Outcome

FRESH = 8  # conversations that the row job finds at each try
STEPS = {"rows": FRESH, "build": 1}  # of which each says so: a conversation's rows, a page of an export
START_S = 300  # a process, on a machine that many share
STANDING = 16  # and that each build finds


async def kill_exports(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """Kill the row job and the build in turns, each at some moment: all of it is there or nothing is."""
    outcome, settings = ground.outcome(seed), ground.settings
    database = open_database(settings)
    at_work = 0
    try:
        withdrawn: set[UUID] = set()
        left = [await add_closed(database) for _ in range(STANDING)]
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
        run, researcher = await _approved(database)
        for number in range(count):
            arguments: tuple[str, ...] = ("rows",)
            if number % 2:
                arguments = ("build", str(run), str(researcher))
            else:
                left += [await add_closed(database) for _ in range(FRESH)]
            gone = left.pop(chance.randrange(len(left)))
            withdrawn.add(gone)
            at_work += await _killed(settings, database, chance, gone, *arguments)
            broken = [*await _rows_broken(database, withdrawn), *torn(runs.run_folder(settings, run))]
            outcome.add(broken)
        outcome.add(await _ends_whole(database, settings, run, researcher, withdrawn), count=0)
        outcome.told["killed at work"] = f"{at_work} of {count}"
    finally:
        await database.engine.dispose()
    return outcome


async def _killed(
    settings: Settings, database: Database, chance: Random, gone: UUID, what: str, *rest: str
) -> bool:
    """Start a job, withdraw a consent meanwhile, kill it after some of its steps.

    Whether it was still at work.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.export.killed", what),
        *(settings.database_url, str(settings.data_dir), *rest),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), START_S) == b"so far\n"
    async with transaction(database) as session:
        await withdraw_consent(session, conversation_id=gone)
    for _ in range(chance.randint(0, STEPS[what])):
        await asyncio.wait_for(process.stdout.readline(), START_S)  # nothing more once it has ended
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), chance.uniform(0.0, 0.4))
    working = process.returncode is None
    if working:
        process.kill()
    await process.wait()
    return working


async def _rows_broken(database: Database, withdrawn: set[UUID]) -> list[str]:
    async with reading(database) as session:
        groups = (await session.execute(select(func.count()).select_from(RowGroup))).scalar_one()
        links = (await session.execute(select(func.count()).select_from(RowLink))).scalar_one()
        partial = list(
            await session.scalars(
                select(col(Row.group_id)).group_by(col(Row.group_id)).having(func.count() != 3)
            )
        )
        of = {link.group_id: link.conversation_id for link in await session.scalars(select(RowLink))}
        consented = select(col(RowGroup.id)).where(queries.consented())
        usable = {of[group] for group in await session.scalars(consented)}
    broken = [] if groups == links else [f"{groups} anonymised conversations and {links} links"]
    broken += [f"{len(partial)} have not all of their rows"] if partial else []
    return broken + ([f"{len(usable & withdrawn)} are used without consent"] if usable & withdrawn else [])


async def _approved(database: Database) -> tuple[UUID, UUID]:
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
    return run.id, researcher


async def _ends_whole(
    database: Database, settings: Settings, run: UUID, researcher: UUID, withdrawn: set[UUID]
) -> list[str]:
    """Run both to their ends: every conversation is there once, the withdrawn are not, no rest lies about."""
    async with reading(database) as session:
        links = {link.conversation_id: str(link.group_id) for link in await session.scalars(select(RowLink))}
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    await build_again(database, settings, run, researcher)
    building.remove_unfinished(settings)
    folder = runs.run_folder(settings, run)
    broken = torn(folder)
    if [path.name for path in folder.parent.iterdir()] != [str(run)]:
        broken.append("something is left beside the export")
    if found := conversations_in(folder) & {links[each] for each in withdrawn if each in links}:
        broken.append(f"{len(found)} withdrawn conversations are in the export")
    return broken
