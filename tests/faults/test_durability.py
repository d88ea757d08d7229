"""F3b: a power cut cannot be tried here; the settings that survive one are read from connections in use."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from app.db import Database, open_database, transaction
from app.direct import DirectPostgres, DirectSqlite
from app.settings import Settings

SQLITE = {"synchronous": 2, "journal_mode": "wal"}  # 2 is FULL


def weak(found: dict[str, object]) -> list[str]:
    """The settings with which an acknowledged message could be lost in a power cut."""
    needed = SQLITE if "journal_mode" in found else {"synchronous_commit": "on"}
    return [name for name, value in needed.items() if found[name] != value]


def pragmas(connection: sqlite3.Connection) -> dict[str, object]:
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SQLITE}


async def of_a_session(database: Database) -> dict[str, object]:
    async with transaction(database) as session:
        if database.sqlite:
            return {name: await session.scalar(text(f"PRAGMA {name}")) for name in SQLITE}
        return {"synchronous_commit": await session.scalar(text("SHOW synchronous_commit"))}


async def of_the_writer(database: Database) -> dict[str, object]:
    if database.sqlite:
        lite = DirectSqlite(database)
        try:
            return await lite.work(pragmas)
        finally:
            await lite.close()
    direct = DirectPostgres(database)
    try:
        return {"synchronous_commit": (await direct.fetch("SHOW synchronous_commit"))[0][0]}
    finally:
        await direct.close()


async def test_f3b_what_is_committed_survives_a_power_cut(database: Database) -> None:
    assert weak(await of_a_session(database)) == []
    assert weak(await of_the_writer(database)) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_f3b_a_hasty_postgresql_is_seen_and_cannot_make_the_writer_hasty(settings: Settings) -> None:
    plain = settings.database.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(plain)
    await connection.execute(f"ALTER DATABASE {plain.rpartition('/')[2]} SET synchronous_commit = off")
    await connection.close()
    database = open_database(settings)
    try:
        assert weak(await of_a_session(database)) == ["synchronous_commit"]
        assert weak(await of_the_writer(database)) == []
    finally:
        await database.engine.dispose()


def test_f3b_a_hasty_sqlite_is_seen(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "hasty.db")
    connection.execute("PRAGMA synchronous = NORMAL")
    assert weak(pragmas(connection)) == ["synchronous", "journal_mode"]
    connection.close()
