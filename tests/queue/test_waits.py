"""How long parents were told that they would wait, and how wrong that was."""

from datetime import timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.db import Database, reading, transaction
from app.queue.models import QueueEntry
from app.queue.rules import Expected, Told, Turn, expected_wait, wait_error
from app.queue.waits import note_told, recent_wait_error
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import claim, enter, on_duty

SEED = 20261127


def test_the_error_is_the_middle_one_and_the_share_counts_whose_p80_held() -> None:
    assert wait_error([]) is None
    told = [Told(60, 60, 100), Told(100, 60, 100), Told(200, 100, 150)]
    found = wait_error(told)
    assert found is not None
    assert (found.parents, found.off_s, round(found.within_p80, 2)) == (3, 40, 0.67)


def test_waits_told_from_a_steady_rhythm_hold_for_four_in_five() -> None:
    chance = Random(SEED)
    told = []
    for _ in range(2000):
        gaps = [chance.expovariate(1 / 60) for _ in range(50)]
        expected = expected_wait(10, gaps)
        assert expected is not None
        told.append(Told(sum(chance.expovariate(1 / 60) for _ in range(10)), expected.p50, expected.p80))
    found = wait_error(told)
    assert found is not None
    assert 0.7 <= found.within_p80 <= 0.9
    doubled = wait_error([Told(2 * each.waited, each.p50, each.p80) for each in told])
    assert doubled is not None
    assert doubled.within_p80 < 0.3, "waits twice as long as was told are seen"


async def _told_before(database: Database, conversation: UUID, seconds: float) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(QueueEntry)
            .where(col(QueueEntry.conversation_id) == conversation)
            .values(told_at=clock.now() - timedelta(seconds=seconds))
        )


async def test_what_was_told_first_is_measured_for_who_came_in_their_turn(
    database: Database, settings: Settings
) -> None:
    carys = await on_duty(database, CARYS)
    usual, at_risk, waits = [(await enter(database, settings)).conversation_id for _ in range(3)]
    async with transaction(database) as session:
        await note_told(session, {usual: Expected(60, 120), at_risk: Expected(60, 120)})
    async with transaction(database) as session:  # what is told later changes nothing
        await note_told(session, {usual: Expected(1, 1), waits: Expected(5, 9)})
    async with transaction(database) as session:
        risky = update(QueueEntry).where(col(QueueEntry.conversation_id) == at_risk)
        await session.execute(risky.values(turn=Turn.HIGH_RISK))
    for conversation in (usual, at_risk):
        await _told_before(database, conversation, 100)
    await claim(database, carys, usual)
    await claim(database, carys, at_risk)
    async with reading(database) as session:
        found = await recent_wait_error(session, now=clock.now())
        first = await session.scalar(select(QueueEntry).where(col(QueueEntry.conversation_id) == usual))
    assert first is not None
    assert (first.told_p50, first.told_p80) == (60, 120)
    assert found is not None
    assert (found.parents, found.within_p80) == (1, 1.0)
    assert 40 <= found.off_s <= 60
