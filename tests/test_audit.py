"""The audit record is a chain: what is changed, removed or inserted later is found, by its number."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from app import audit, clock
from app.audit import AuditEntry, AuditHead, note, verify
from app.db import Database, reading, transaction
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import claim, coachs, end, enter, on_duty, parents, wrap_up

ENTRIES = 6


async def _verified(database: Database) -> int | None:
    async with reading(database) as session:
        return await verify(session)


async def _fill(database: Database) -> None:
    for turn in range(ENTRIES // 2):
        async with transaction(database) as session:
            for kind in ("read", "exported"):
                note(
                    session,
                    actor=f"coach:{turn}",
                    action=f"transcript.{kind}",
                    subject="conversation:x",
                    why="y",
                )


async def test_an_empty_and_a_filled_record_verify(database: Database) -> None:
    assert await _verified(database) is None
    await _fill(database)
    assert await _verified(database) is None
    async with reading(database) as session:
        numbers = (
            await session.execute(select(col(AuditEntry.number)).order_by(AuditEntry.number))
        ).scalars()  # type: ignore[arg-type]
        assert list(numbers) == list(range(1, ENTRIES + 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "coach:somebody else"),
        ("action", "transcript.kept"),
        ("subject", "conversation:z"),
        ("details", {"why": "n"}),
        ("at", clock.now()),
        ("id", uuid4()),
        ("hash", b"x" * 32),
    ],
)
async def test_a_changed_entry_is_found(database: Database, field: str, value: object) -> None:
    await _fill(database)
    async with transaction(database) as session:
        await session.execute(update(AuditEntry).where(col(AuditEntry.number) == 3).values({field: value}))
    assert await _verified(database) == 3


async def test_a_removed_entry_is_found(database: Database) -> None:
    await _fill(database)
    async with transaction(database) as session:
        await session.execute(delete(AuditEntry).where(col(AuditEntry.number) == 4))
    assert await _verified(database) == 4


async def test_a_cut_off_end_is_found(database: Database) -> None:
    await _fill(database)
    async with transaction(database) as session:
        await session.execute(delete(AuditEntry).where(col(AuditEntry.number) >= 5))
    assert await _verified(database) == 5


async def test_an_appended_forgery_is_found(database: Database) -> None:
    await _fill(database)
    async with transaction(database) as session:
        await session.execute(
            insert(AuditEntry).values(
                number=ENTRIES + 1,
                id=uuid4(),
                at=clock.now(),
                actor="coach:9",
                action="a",
                subject="s",
                details={},
                hash=b"x" * 32,
            )
        )
    assert await _verified(database) == ENTRIES + 1


async def test_entries_of_many_at_once_make_one_chain(database: Database) -> None:
    async def work(number: int) -> None:
        async with transaction(database) as session:
            for step in range(3):
                note(session, actor=f"coach:{number}", action="a", subject=f"s:{step}")

    await asyncio.gather(*(work(number) for number in range(15)))
    assert await _verified(database) is None
    async with reading(database) as session:
        assert (await session.execute(select(col(AuditHead.number)))).scalar_one() == 45


async def test_what_is_rolled_back_leaves_no_entry(database: Database) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with transaction(database) as session:
            note(session, actor="coach:1", action="a", subject="s")
            raise RuntimeError
    async with reading(database) as session:
        assert (await session.execute(select(AuditEntry))).all() == []
    assert await _verified(database) is None
    assert audit.GENESIS == b"\0" * 32


async def test_everybody_is_named_by_role_and_id(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    conversation = started.conversation_id
    await claim(database, carys, conversation)
    await end(database, settings, await parents(database, conversation))
    await wrap_up(database, settings, await coachs(database, carys, conversation))
    async with reading(database) as session:
        rows = await session.execute(select(col(AuditEntry.action), col(AuditEntry.actor)))
        actors = {row.action: row.actor for row in rows}
    assert actors["conversation.started"] == f"parent:{conversation}"
    coach = f"coach:{carys.id}"
    for action in ("availability.available", "conversation.claimed", "conversation.closed"):
        assert actors[action] == coach
