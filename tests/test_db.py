"""Transactions commit once and then publish; both databases are durable, current and like their models."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Dialect, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.audit import AuditHead
from app.db import (
    DATABASE_ERRORS,
    Database,
    UtcTime,
    alone,
    before_commit,
    metadata,
    open_database,
    reading,
    record,
    require_current,
    transaction,
)
from app.errors import ConfigurationError
from app.events import Event, QueueChanged
from app.settings import Settings
from tests.scenes import PATIENCE_S


async def _number(database: Database) -> int:
    async with reading(database) as session:
        return (await session.execute(select(col(AuditHead.number)))).scalar_one()


async def test_events_are_published_once_the_work_can_be_read_elsewhere(
    database: Database, settings: Settings
) -> None:
    elsewhere = open_database(settings)
    seen: list[asyncio.Task[int]] = []
    database.bus.subscribe(QueueChanged, lambda _: seen.append(asyncio.create_task(_number(elsewhere))))
    async with transaction(database) as session:
        await session.execute(update(AuditHead).values(number=7))
        record(session, QueueChanged())
        record(session, QueueChanged())
        assert not seen, "nothing is published before the commit"
    assert await asyncio.gather(*seen) == [7, 7]
    await elsewhere.engine.dispose()


async def test_a_publisher_that_spoke_before_the_commit_would_be_caught(
    database: Database, settings: Settings
) -> None:
    elsewhere = open_database(settings)
    async with transaction(database) as session:
        await session.execute(update(AuditHead).values(number=7))
        too_early = await _number(elsewhere)
    assert too_early == 0
    assert await _number(elsewhere) == 7
    await elsewhere.engine.dispose()


async def test_an_exception_stores_and_publishes_nothing(database: Database) -> None:
    heard: list[Event] = []
    database.bus.subscribe(QueueChanged, heard.append)
    with pytest.raises(RuntimeError, match="half way"):  # noqa: PT012
        async with transaction(database) as session:
            await session.execute(update(AuditHead).values(number=7))
            record(session, QueueChanged())
            raise RuntimeError("half way")
    assert heard == []
    assert await _number(database) == 0


async def test_a_failing_last_step_stores_and_publishes_nothing(database: Database) -> None:
    heard: list[Event] = []
    database.bus.subscribe(QueueChanged, heard.append)

    async def fail() -> None:
        raise RuntimeError("at the last")

    with pytest.raises(RuntimeError, match="at the last"):  # noqa: PT012
        async with transaction(database) as session:
            await session.execute(update(AuditHead).values(number=7))
            record(session, QueueChanged())
            before_commit(session, fail)
    assert heard == []
    assert await _number(database) == 0


async def test_what_a_leaving_client_committed_is_told_to_the_others(database: Database) -> None:
    """A socket may be cut off in the very moment of its commit: stored and told, or neither."""
    heard: list[Event] = []
    database.bus.subscribe(QueueChanged, heard.append)
    stored = 0
    for moment in range(30):
        entered = asyncio.Event()

        async def work(entered: asyncio.Event = entered) -> None:
            async with transaction(database) as session:
                await session.execute(update(AuditHead).values(number=AuditHead.number + 1))
                record(session, QueueChanged())
                entered.set()

        task = asyncio.create_task(work())
        await asyncio.wait_for(entered.wait(), PATIENCE_S)
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        stored = await _number(database)
        assert stored == len(heard), f"cancelled {moment} turns after the last statement"
    assert stored > 0, "some of the thirty must have been cut off after their commit began"


async def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    async with reading(database) as session:
        before = (await session.execute(select(col(AuditHead.number)))).scalar_one()
        async with transaction(database) as writing:
            await writing.execute(update(AuditHead).values(number=before + 5))
        after = (await session.execute(select(col(AuditHead.number)))).scalar_one()
    assert after == before
    assert await _number(database) == before + 5


async def test_transactions_that_read_and_then_write_take_turns(database: Database) -> None:
    async def raise_by_one() -> None:
        async with transaction(database) as session:
            number = (await session.execute(select(col(AuditHead.number)).with_for_update())).scalar_one()
            await session.execute(update(AuditHead).values(number=number + 1))

    await asyncio.wait_for(asyncio.gather(*(raise_by_one() for _ in range(20))), PATIENCE_S)
    assert await _number(database) == 20


async def test_power_may_fail_at_any_time(database: Database) -> None:
    async with database.engine.connect() as connection:
        if database.sqlite:
            asked = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1}
            for pragma, wanted in asked.items():
                found = (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one()
                assert found == wanted, pragma
        else:
            for setting in ("synchronous_commit", "fsync", "full_page_writes"):
                found = (await connection.execute(text(f"SHOW {setting}"))).scalar_one()
                if setting == "synchronous_commit":
                    assert found == "on"
                else:
                    assert found in ("on", "off")  # the server's own matter; tests may run it faster


async def test_models_and_migrations_agree(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_column_without_a_migration_would_be_noticed(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, metadata))

    async with transaction(database) as session:
        await session.execute(text("ALTER TABLE conversation ADD COLUMN planted INTEGER"))
    async with database.engine.connect() as connection:
        assert "planted" in repr(await connection.run_sync(differences))


async def test_the_newest_migration_is_required_by_name(database: Database) -> None:
    await require_current(database)
    async with transaction(database) as session:
        newest = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        await session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(
        ConfigurationError, match=rf"at migration 0001 and this version needs {newest}"
    ) as gap:
        await require_current(database)
    assert "earshot migrate" in gap.value.next_step


async def test_a_newer_versions_database_is_said_to_be_one(database: Database) -> None:
    async with transaction(database) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="at migration 9999, and this version knows none") as newer:
        await require_current(database)
    assert "earshot migrate" not in newer.value.next_step


async def test_an_empty_database_is_at_no_migration(tmp_path: object) -> None:
    database = open_database(Settings(database_url=f"sqlite:///{tmp_path}/empty.db"))
    with pytest.raises(ConfigurationError, match="at migration none"):
        await require_current(database)
    await database.engine.dispose()


async def test_a_database_out_of_reach_is_said_without_its_password() -> None:
    database = open_database(Settings(database_url="postgresql://someone:lantern@127.0.0.1:1/earshot"))
    with pytest.raises(ConfigurationError, match="cannot be reached") as refused:
        await require_current(database)
    assert "lantern" not in f"{refused.value} {refused.value.next_step} {refused.value.__cause__}"
    await database.engine.dispose()


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="EARSHOT_DATABASE_URL"):
        open_database(Settings(database_url="mysql://somewhere/earshot"))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_times_are_aware_and_in_utc(dialect: Dialect) -> None:
    column = UtcTime()
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    stored = column.process_bind_param(summer, dialect)
    assert column.process_result_value(stored, dialect) == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
    assert column.process_bind_param(None, dialect) is None
    with pytest.raises(ValueError, match="zone"):
        column.process_bind_param(datetime(2026, 7, 1, 12, 0), dialect)  # noqa: DTZ001


async def test_ids_and_words_outside_a_columns_range_are_refused_by_the_tables(database: Database) -> None:
    from sqlalchemy.exc import IntegrityError

    from app import clock
    from app.chat.models import Conversation

    with pytest.raises(IntegrityError):
        async with transaction(database) as session:
            session.add(Conversation(id=uuid4(), status="forgotten", epoch="e", created_at=clock.now()))


async def test_work_for_one_worker_is_done_by_one_and_free_again_afterwards(
    database: Database, settings: Settings
) -> None:
    other = open_database(settings)
    async with alone(database, "daily") as first, alone(other, "daily") as second:
        assert first
        assert second == database.sqlite  # which has no other worker
    async with alone(other, "daily") as now:
        assert now
    await other.engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_transaction_that_does_nothing_more_lets_its_locks_go(
    database: Database, settings: Settings
) -> None:
    async with reading(database) as session:
        shown = await session.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert shown == "30s"
    ended = asyncio.Event()
    elsewhere = open_database(settings)
    with pytest.raises(DATABASE_ERRORS):  # noqa: PT012
        async with transaction(elsewhere) as session:
            await session.execute(update(AuditHead).values(number=7))
            raw = await (await session.connection()).get_raw_connection()
            assert raw.driver_connection is not None
            raw.driver_connection.add_termination_listener(lambda _: ended.set())
            await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            await asyncio.wait_for(ended.wait(), PATIENCE_S)
            async with transaction(database) as another:
                await another.execute(update(AuditHead).values(number=8))
            await session.execute(update(AuditHead).values(number=9))
    assert await _number(database) == 8
    await elsewhere.engine.dispose()
