"""Work in the database may be cut off at any moment: it leaves no transaction and no lock behind."""

import asyncio
import contextlib
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.audit import AuditHead
from app.db import Database, reading, transaction
from app.direct import DirectSqlite
from app.rows import rows_of
from app.settings import Settings

Held = Callable[[], Awaitable[str]]
NUMBER = select(col(AuditHead.number))
SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Cut:
    """Awaits this work, and is cancelled where it waits for the n-th time."""

    def __init__(self, work: Coroutine[Any, Any, None], *, nth: int) -> None:
        self._steps = work.__await__()
        self._nth = nth
        self._waits = 0

    @property
    def was_whole(self) -> bool:
        """The work came to its end before it waited so often."""
        return self._waits < self._nth

    def __await__(self) -> Generator[Any, None, None]:
        thrown: BaseException | None = None
        with contextlib.suppress(StopIteration):
            while True:
                awaited = self._steps.throw(thrown) if thrown else self._steps.send(None)
                self._waits += 1
                task = asyncio.current_task()
                assert task is not None
                if self._waits == self._nth:
                    task.cancel()
                try:
                    yield awaited
                    thrown = None
                except asyncio.CancelledError as error:
                    thrown = error


@pytest.fixture
async def held(database: Database, settings: Settings) -> AsyncIterator[Held]:
    """Tells what some other program sees held in the database; nothing where all is free."""
    if database.sqlite:
        other = sqlite3.connect(settings.data_dir / "earshot.db", timeout=0, isolation_level=None)

        async def of_sqlite() -> str:
            try:
                other.execute("UPDATE audit_head SET number = number + 1")
            except sqlite3.OperationalError as error:
                return str(error)
            # What was just written cannot be moved out of the log while a reader is on what was before.
            busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return "a reader" if busy else ""

        yield of_sqlite
        other.close()
        return
    postgres = await asyncpg.connect(settings.database_url)

    async def of_postgres() -> str:
        return str(
            await postgres.fetchval(
                "SELECT coalesce(string_agg(state, ' '), '') FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid() AND state != 'idle'"
            )
        )

    yield of_postgres
    await postgres.close()


async def write(database: Database) -> None:
    """A transaction with a row that is left unread where it is cut off in the right place."""
    async with transaction(database) as session:
        await session.execute(
            update(AuditHead).values(number=AuditHead.number + 1).returning(col(AuditHead.number))
        )
        await session.execute(select(col(AuditHead.number)))


async def read(database: Database) -> None:
    async with reading(database) as session:
        await session.execute(select(col(AuditHead.number)))
        await session.execute(select(AuditHead))


async def read_rows(database: Database) -> None:
    """The second comes straight from PostgreSQL's driver."""
    async with reading(database) as session:
        await rows_of(session, NUMBER, {})
        await rows_of(session, NUMBER, {})


@pytest.fixture
def _uncollected() -> Generator[None]:
    """A collector that came by would free what nobody else does."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("work", [write, read, read_rows])
async def test_work_that_is_cut_off_anywhere_holds_nothing(
    database: Database, held: Held, work: Callable[[Database], Coroutine[Any, Any, None]]
) -> None:
    for nth in range(1, 200):
        cut = Cut(work(database), nth=nth)
        task = asyncio.ensure_future(cut)
        await asyncio.wait({task})
        assert await held() == "", f"cut off where it waited for the {nth}th time"
        assert task.cancelled() or task.exception() is None
        if cut.was_whole:
            assert nth > 5, "it must have been cut off in many places"
            return
    pytest.fail("it never came to its end")


async def test_what_is_held_is_seen(database: Database, held: Held) -> None:
    async with transaction(database) as session:
        await session.execute(update(AuditHead).values(number=7))
        assert await held() != ""
    async with reading(database) as session:
        await session.execute(select(col(AuditHead.number)))
        assert await held() != ""
    assert await held() == ""


@SQLITE_ONLY
async def test_a_writer_that_fails_between_two_rows_holds_nothing(database: Database, held: Held) -> None:
    direct = DirectSqlite(database)

    def fail(connection: sqlite3.Connection) -> None:
        cursor = connection.execute("UPDATE audit_head SET number = number + 1 RETURNING number")
        raise RuntimeError("half way", cursor)  # which keeps the cursor, as a traceback does

    with pytest.raises(RuntimeError, match="half way") as raised:
        await direct.work(fail)
    assert raised.value.args[1] is not None
    assert await held() == ""
    await direct.close()
