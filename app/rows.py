"""Rows of statements that are put together once and run all the time, without making objects of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

Statement = Select[Any] | ReturningInsert[Any]
Convert = Callable[[Any], Any]


async def rows_of(session: AsyncSession, statement: Statement, given: dict[str, Any]) -> list[Any]:
    """The rows of a statement of tables, with what the session has pending written first.

    On PostgreSQL they come from its driver, unless the transaction has yet to begin: the way through
    SQLAlchemy costs more there than a short statement itself. Raises one of `db.DATABASE_ERRORS`.
    """
    await session.flush()
    connection = await session.connection()
    if connection.dialect.driver == "asyncpg":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if driver.is_in_transaction():
            written = _written(statement, connection.dialect)
            return list(await driver.fetch(written.text, *written.values(given)))
    return list((await connection.execute(statement, given)).all())


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as the driver takes it: for each place a name, the statement's own value, a conversion."""

    text: str
    places: tuple[tuple[str, Any, Convert | None], ...]

    def values(self, given: dict[str, Any]) -> list[Any]:
        values = []
        for name, own, convert in self.places:
            value = given.get(name, own)
            values.append(value if convert is None else convert(value))
        return values


@lru_cache(maxsize=128)
def _written(statement: Statement, dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    own = compiled.params
    if isinstance(statement, Select):
        for column in statement.selected_columns:
            kind = column.type.dialect_impl(dialect)
            assert kind.result_processor(dialect, None) is None, f"the driver gives no {column.type!r}"
    places = []
    for name in compiled.positiontup or ():
        kind = compiled.binds[name].type.dialect_impl(dialect)
        places.append((name, own[name], kind.bind_processor(dialect)))
    return _Written(compiled.string, tuple(places))
