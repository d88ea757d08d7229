"""Who was shown what stands in the audit record before they are shown it, many together."""

import asyncio
from uuid import uuid4

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app import audit
from app.audit import AuditEntry
from app.db import Database, reading, transaction
from app.realtime.readings import Readings


async def _noted(database: Database) -> list[tuple[str, str]]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(AuditEntry.actor), col(AuditEntry.subject))
            .where(col(AuditEntry.action) == "transcript.read")
            .order_by(col(AuditEntry.number))
        )
        assert await audit.verify(session) is None
    return [(actor, subject) for actor, subject in rows]


async def test_all_who_come_at_once_stand_in_the_record(database: Database) -> None:
    readings = Readings(database)
    come = {f"coach:{uuid4()}": {uuid4(), uuid4()} for _ in range(20)}
    await asyncio.gather(*(readings.note(actor, seen) for actor, seen in come.items()))
    wanted = {(actor, f"conversation:{one}") for actor, seen in come.items() for one in seen}
    noted = await _noted(database)
    assert set(noted) == wanted
    assert len(noted) == 40


async def test_one_who_leaves_meanwhile_keeps_nobody_else_waiting(database: Database) -> None:
    readings = Readings(database)
    leaves = asyncio.create_task(readings.note("parent:1", {uuid4()}))
    stays = asyncio.create_task(readings.note("parent:2", {uuid4()}))
    await asyncio.sleep(0)
    leaves.cancel()
    await stays
    assert "parent:2" in {actor for actor, _ in await _noted(database)}
    assert leaves.cancelled()


async def test_what_cannot_be_noted_is_said_to_each_and_the_next_is_noted(database: Database) -> None:
    readings = Readings(database)
    async with transaction(database) as session:
        await session.execute(text("ALTER TABLE audit_entry RENAME TO away"))
    outcomes = await asyncio.gather(
        *(readings.note(f"parent:{turn}", {uuid4()}) for turn in range(3)), return_exceptions=True
    )
    assert [isinstance(outcome, SQLAlchemyError) for outcome in outcomes] == [True, True, True]
    async with transaction(database) as session:
        await session.execute(text("ALTER TABLE away RENAME TO audit_entry"))
    await readings.note("parent:9", {uuid4()})
    assert [actor for actor, _ in await _noted(database)] == ["parent:9"]


async def test_what_was_begun_is_finished_before_the_database_closes(database: Database) -> None:
    readings = Readings(database)
    waiting = asyncio.create_task(readings.note("parent:1", {uuid4()}))
    await asyncio.sleep(0)
    waiting.cancel()
    await readings.settled()
    before = await _noted(database)
    assert [actor for actor, _ in before] in ([], ["parent:1"])
    await readings.note("parent:2", {uuid4()})
    await readings.settled()
    assert (await _noted(database))[-1][0] == "parent:2"
