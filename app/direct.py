"""Connections beneath the sessions, for the few statements that every message passes."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import SQLITE_WAIT_S, Database, SqliteConnection, prepare_sqlite, to_its_end

T = TypeVar("T")


class Taken(Exception):
    """A statement would have stored what is stored already; nothing of it was."""


class DirectPostgres:
    """A connection beneath the sessions for one caller's statements, each a durable transaction.

    It is opened when first needed, and anew after one was lost.
    """

    # A statement is planned once and must stay right while tables grow from nothing: by indexes only.
    SETUP = (
        "SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
        "SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
    )

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._held: AsyncConnection | None = None
        self._direct: Any = None

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run one statement as a transaction of its own; its rows. Taken, or one of DATABASE_ERRORS."""
        try:
            if self._direct is None:
                self._held = await self._engine.connect()
                self._direct = (await self._held.get_raw_connection()).driver_connection
                await self._direct.execute(self.SETUP)
            rows: list[Any] = await self._direct.fetch(statement, *values)
        except asyncpg.UniqueViolationError:
            raise Taken from None  # the statement is undone, and the connection as good as before
        except BaseException:
            # Whatever state it is in, the next statement begins on a new one.
            await to_its_end(self.close())
            raise
        return rows

    async def close(self) -> None:
        """Give the connection up; it is not used for anything else, as it is set up for this alone."""
        held, self._held, self._direct = self._held, None, None
        if held is not None:
            await held.invalidate()
            await held.close()


class DirectSqlite:
    """A connection and a thread beneath the sessions for one caller's transactions."""

    def __init__(self, database: Database) -> None:
        assert database.turn is not None
        self._turn = database.turn
        self._path = str(database.engine.url.database)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")
        self._connection: sqlite3.Connection | None = None

    async def work(self, transact: Callable[[sqlite3.Connection], T]) -> T:
        """Do this in one transaction, durable when this returns. One of DATABASE_ERRORS where it fails."""
        async with self._turn.taken(ahead=True):
            # The thread goes on where its caller is cancelled, so the turn is kept until it is done.
            working = asyncio.get_running_loop().run_in_executor(self._thread, self._transact, transact)
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                await asyncio.wait({working})
                raise

    async def close(self) -> None:
        """Give the connection and the thread up."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _transact(self, transact: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=SQLITE_WAIT_S, factory=SqliteConnection)
            prepare_sqlite(self._connection, None)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcome = transact(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            self._close()  # which rolls back
            raise
        return outcome

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
