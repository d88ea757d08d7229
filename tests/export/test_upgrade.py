"""Export runs and what they hold survive the migration that makes their table anew, in both directions."""

import asyncio

from alembic import command
from sqlalchemy import text

from app.db import migration_config, open_database, reading, transaction
from app.export import runs
from app.export.models import ExportMember
from app.settings import Settings
from tests.export.test_builds import asked


def test_runs_and_members_survive_up_and_down(settings: Settings) -> None:
    async def fill() -> None:
        database = open_database(settings)
        first, second = await asked(database), await asked(database)
        async with transaction(database) as session:
            await runs.finish_build(session, run_id=first, manifest={"n": 1})
            session.add_all(ExportMember(run_id=run, group_id=second) for run in (first, second))
        await database.engine.dispose()

    async def found() -> list[tuple[object, ...]]:
        database = open_database(settings)
        query = (
            "SELECT state, purpose, done, found, manifest, (SELECT count(*) FROM export_member "
            "WHERE run_id = id) FROM export_run ORDER BY state DESC"
        )
        async with reading(database) as session:
            rows = [tuple(row) for row in await session.execute(text(query))]
        await database.engine.dispose()
        return rows

    asyncio.run(fill())
    before = asyncio.run(found())
    assert [(row[0], row[-1]) for row in before] == [("built", 1), ("building", 1)]
    config = migration_config(settings)
    command.downgrade(config, "0008")
    assert [(row[0], row[-1]) for row in asyncio.run(found())] == [("built", 1), ("approved", 1)]
    command.upgrade(config, "head")
    after = asyncio.run(found())
    assert [row[1:] for row in after] == [row[1:] for row in before]
