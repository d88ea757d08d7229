"""Rows of statements that are put together once and run all the time, without making objects of them."""

import asyncio
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
            try:
                return list(await driver.fetch(written.text, *written.values(given)))
            except asyncio.CancelledError:
                # Whoever is cut off must not wait for a database that does not answer.
                await connection.invalidate()
                raise
    return list((await connection.execute(statement, given)).all())


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as the driver takes it: the names of its values by place, its own ones, and conversions."""

    text: str
    names: tuple[str, ...]
    own: dict[str, Any]
    conversions: dict[str, Convert]

    def values(self, given: dict[str, Any]) -> list[Any]:
        """By place. KeyError where one is neither given nor the statement's own."""
        values = self.own | given
        return [
            self.conversions[name](values[name]) if name in self.conversions else values[name]
            for name in self.names
        ]


@lru_cache(maxsize=256)
def _written(statement: Statement, dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    for column in statement.exported_columns:
        kind = column.type.dialect_impl(dialect)
        assert kind.result_processor(dialect, None) is None, f"the driver gives no {column.type!r}"
    names = tuple(compiled.positiontup or ())
    own = {name: compiled.params[name] for name in names if not compiled.binds[name].required}
    conversions: dict[str, Convert] = {}
    for name in names:
        convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            conversions[name] = convert
    return _Written(compiled.string, names, own, conversions)
