"""The database: engine, transactions, migrations, and the column types that both databases share.

SQLite in WAL mode (one process) and PostgreSQL stand behind one address. `transaction()` is the only place
that commits: it commits once and only then publishes what happened.
"""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    MetaData,
    Table,
    TypeDecorator,
    bindparam,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

from app.errors import ConfigurationError
from app.events import Bus, Event
from app.settings import PROJECT, Settings
from app.turn import Turn

MIGRATIONS = PROJECT / "migrations"
SQLITE_WAIT_S = 30
# A worker that was stopped in the middle of a transaction keeps its locks from the others no longer.
POSTGRES_SESSION = {"server_settings": {"idle_in_transaction_session_timeout": "30s"}}

T = TypeVar("T")

# What a database that is away, full or broken raises, through SQLAlchemy or beneath it. Its words may quote
# what a family wrote: only the kind of error may be logged.
DATABASE_ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server has ended, found in the midst of an order
    sqlite3.Error,
    OSError,
)


metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        if dialect.driver == "asyncpg":
            return None  # it gives aware moments in UTC by itself, and rows are many
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (the interface's name)
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(slots=True)
class Database:
    """An open database, with the bus on which its committed events are published."""

    engine: AsyncEngine
    bus: Bus = field(default_factory=Bus)
    # SQLite has one writer: waiting here costs microseconds, waiting in its busy handler up to 100 ms.
    turn: Turn | None = None

    @property
    def sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


def open_database(settings: Settings) -> Database:
    """An engine for the configured address; nothing is connected yet."""
    url = settings.database
    try:
        make_url(url)
        known = url.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://"))
    except (ArgumentError, ValueError):  # whose words would show the password
        known = False
    if not known:
        raise ConfigurationError(
            "EARSHOT_DATABASE_URL names a database that Earshot does not know.",
            next_step="Use sqlite:///path/to/file.db or postgresql://user:password@host/name.",
        )
    if url.startswith("postgresql"):
        engine = create_async_engine(
            url, connect_args=POSTGRES_SESSION, pool_size=10, max_overflow=10, hide_parameters=True
        )
        return Database(engine)
    Path(url.removeprefix("sqlite+aiosqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, connect_args={"timeout": SQLITE_WAIT_S, "factory": SqliteConnection}, hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return Database(engine, turn=Turn())


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """A session whose work is committed once when the block ends, and whose events are published then.

    An exception rolls all of it back and publishes nothing.
    """
    async with AsyncExitStack() as stack:
        if database.turn is not None:
            await stack.enter_async_context(database.turn.taken())
        session = await stack.enter_async_context(AsyncSession(database.engine, expire_on_commit=False))
        events: list[Event] = []
        session.info.update(events=events, last=[])
        await to_its_end(_begin(session, {"earshot_begin": "IMMEDIATE"}))
        yield session
        for step in session.info["last"]:
            await step()
        await to_its_end(_commit(session, database.bus, events))


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[AsyncSession]:
    """A session that sees one state of the database and changes nothing."""
    async with AsyncSession(database.engine, expire_on_commit=False) as session:
        options = (
            {} if database.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        await to_its_end(_begin(session, options))
        yield session


@asynccontextmanager
async def alone(database: Database, work: str) -> AsyncIterator[bool]:
    """Whether this worker is the only one that does this work now; the others leave it to it.

    SQLite has one worker. On PostgreSQL the lock belongs to a connection, so it ends with its worker.
    """
    if database.sqlite:
        yield True
        return
    number = _number_of(work)
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        taken = (await connection.execute(select(func.pg_try_advisory_lock(number)))).scalar_one()
        try:
            yield bool(taken)
        finally:
            if taken:
                await connection.execute(select(func.pg_advisory_unlock(number)))


_TURN = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
_TURN_BY_KEPT_PLANS = _TURN.add_columns(func.set_config("plan_cache_mode", "force_generic_plan", True))


async def take_turn(session: AsyncSession, work: str, *, by_kept_plans: bool = False) -> None:
    """Wait until no other transaction of any worker does this work; the turn ends with this one.

    `by_kept_plans` spares the database planning what follows for each value anew.
    On SQLite every writing transaction is the only one.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    await (await session.connection()).execute(
        _TURN_BY_KEPT_PLANS if by_kept_plans else _TURN, {"number": _number_of(work)}
    )


async def time_of(session: AsyncSession) -> datetime:
    """The moment by the database's clock, which is one for all workers."""
    if session.get_bind().dialect.name == "sqlite":
        told: str = (await session.execute(select(func.strftime("%Y-%m-%dT%H:%M:%f", "now")))).scalar_one()
        return datetime.fromisoformat(told).replace(tzinfo=UTC)
    moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return moment.astimezone(UTC)


def _number_of(work: str) -> int:
    return int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], signed=True)


async def _commit(session: AsyncSession, bus: Bus, events: list[Event]) -> None:
    await session.commit()
    for happened in events:
        bus.publish(happened)


async def _begin(session: AsyncSession, options: dict[str, object]) -> None:
    """Connect. Cut off half-way, aiosqlite's thread would go on alone and find no loop to tell."""
    await session.connection(execution_options=options)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await this even while being cancelled, however often: what a leaving client committed must be told."""
    task = asyncio.ensure_future(work)
    cut_off: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cut_off = error
    if cut_off is not None:
        raise cut_off
    task.result()


class SqliteConnection(sqlite3.Connection):
    """A connection that holds no lock once it is closed, whatever was cut off half-way.

    sqlite3 itself keeps a closed connection's transaction while any cursor has rows left to read. A cancelled
    statement leaves such a cursor in its traceback, and nobody else could write until that is collected.
    """

    def __init__(self, database: str, **options: Any) -> None:  # noqa: ANN401 (sqlite3's own)
        super().__init__(database, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self) -> sqlite3.Cursor:  # type: ignore[override]
        cursor = super().cursor()
        self._cursors.add(cursor)
        return cursor

    def execute(self, *statement: Any) -> sqlite3.Cursor:  # noqa: ANN401
        return self.cursor().execute(*statement)

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


def record(session: AsyncSession, happened: Event) -> None:
    """Publish this event once the session's transaction has committed."""
    session.info["events"].append(happened)


def before_commit(session: AsyncSession, step: Callable[[], Awaitable[None]]) -> None:
    """Run this as the transaction's last work, so that a lock which everybody wants is held briefly."""
    session.info["last"].append(step)


def table_of(model: type[SQLModel]) -> Table:
    """A model's table, for what is read so often that no objects should be made of it."""
    return metadata.tables[str(model.__tablename__)]


def migrate(settings: Settings) -> None:
    """Bring the database to the newest migration; from an empty one, make everything. Not inside a loop.

    ConfigurationError where it is out of reach, or a newer version made it.
    """

    async def look_first() -> None:
        database = open_database(settings)
        try:
            await _known_migration_of(database)
        finally:
            await database.engine.dispose()

    asyncio.run(look_first())
    command.upgrade(migration_config(settings), "head")


def migration_config(settings: Settings) -> Config:
    """Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["settings"] = settings
    return config


async def require_current(database: Database) -> None:
    """Refuse a database that is out of reach, or not at the newest migration."""
    found = await _known_migration_of(database)
    newest, *_ = _migrations()
    if found != newest:
        raise ConfigurationError(
            f"The database is at migration {found or 'none'} and this version needs {newest}.",
            next_step="Run `earshot migrate`. Nothing that is stored is lost by it.",
        )


async def _known_migration_of(database: Database) -> str | None:
    """The migration that the database is at, None before the first; an unknown one is refused."""

    def revision(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    try:
        async with database.engine.connect() as connection:
            found = await connection.run_sync(revision)
    except DATABASE_ERRORS as error:
        raise ConfigurationError(
            "The database cannot be reached.",
            next_step="Check EARSHOT_DATABASE_URL and that the database runs; `earshot doctor` says more.",
        ) from error
    newest, *_ = known = _migrations()
    if found is not None and found not in known:
        raise ConfigurationError(
            f"The database is at migration {found}, and this version knows none later than {newest}.",
            next_step="Run the newer version that made it, or one newer still. Nothing was changed.",
        )
    return found


@cache
def _migrations() -> list[str]:
    """The migrations of this version, the newest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def prepare_sqlite(connection: DBAPIConnection | sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # sqlite3 begins late by itself; _begin_sqlite begins on time
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("earshot_begin", "")
    connection.exec_driver_sql(f"BEGIN {mode}")
