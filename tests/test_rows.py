"""Rows through SQLAlchemy or straight from PostgreSQL's driver are the same, and so is what is refused."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import PickleType, bindparam, func, insert, make_url, select, type_coerce
from sqlalchemy.exc import StatementError

from app import clock
from app.audit import AuditHead
from app.db import DATABASE_ERRORS, Database, open_database, reading, table_of, transaction
from app.queue.models import Offer, Shift
from app.rows import Statement, rows_of
from app.settings import Settings
from tests.faults.proxy import proxy_to

HEAD = select(table_of(AuditHead).c.number)
SINCE = select(table_of(Shift).c.id).where(table_of(Shift).c.started_at > bindparam("since"))
PICKLED = type_coerce(table_of(Offer).c.why, PickleType())
POSTGRESQL_ONLY = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def test_the_second_reading_of_a_transaction_is_as_the_first(database: Database) -> None:
    async with transaction(database) as session:
        first, second = await rows_of(session, HEAD, {}), await rows_of(session, HEAD, {})
    assert [tuple(row) for row in first] == [tuple(row) for row in second]
    assert len(first) == 1


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("given", [{}, {"since": datetime(2026, 3, 1, 12)}], ids=["nothing", "naive"])  # noqa: DTZ001
async def test_what_is_not_given_or_has_no_zone_is_refused(
    database: Database, given: dict[str, object], *, begun: bool
) -> None:
    async with reading(database) as session:
        if begun:
            await rows_of(session, SINCE, {"since": clock.now() - timedelta(days=1)})
        with pytest.raises((StatementError, KeyError, ValueError)):
            await rows_of(session, SINCE, given)


@POSTGRESQL_ONLY
@pytest.mark.parametrize("statement", [select(PICKLED), insert(table_of(Offer)).returning(PICKLED)])
async def test_what_sqlalchemy_would_make_of_a_value_is_not_left_undone(
    database: Database, statement: Statement
) -> None:
    async with transaction(database) as session:
        await rows_of(session, HEAD, {})
        with pytest.raises(AssertionError, match="the driver gives no PickleType"):
            await rows_of(session, statement, {})


@POSTGRESQL_ONLY
async def test_a_database_lost_half_way_is_a_database_error_and_the_next_reading_works(
    database: Database,
) -> None:
    async def lose() -> None:
        async with reading(database) as session:
            await rows_of(session, HEAD, {})
            backend = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
            async with transaction(database) as other:
                await other.execute(select(func.pg_terminate_backend(backend)))
            await rows_of(session, HEAD, {})

    with pytest.raises(DATABASE_ERRORS):
        await lose()
    async with reading(database) as session:
        assert len(await rows_of(session, HEAD, {})) == 1


@POSTGRESQL_ONLY
async def test_whoever_gives_up_does_not_wait_for_a_database_that_does_not_answer(settings: Settings) -> None:
    address = make_url(settings.database_url)
    async with proxy_to(f"http://{address.host}:{address.port}") as proxy:
        way = make_url(proxy.url)
        through = address.set(host=way.host, port=way.port).render_as_string(hide_password=False)
        database = open_database(settings.model_copy(update={"database_url": through}))
        async with asyncio.timeout(10), reading(database) as session:
            await rows_of(session, HEAD, {})
            for wire in proxy.living:
                wire.cut()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(rows_of(session, HEAD, {}), timeout=0.1)
        async with reading(database) as session:
            assert len(await rows_of(session, HEAD, {})) == 1
        await database.engine.dispose()
