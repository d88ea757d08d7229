"""F2, F4 and rolling restarts: over two workers nothing is lost, and a former owner is out."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.workers import LEAKS, break_redis, late_crossing, roll, stop_owner, too_late

SEED = 20261127
STOPS, BREAKS = 3, 5

POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@POSTGRES
async def test_f2_an_old_owner_who_wakes_is_out(ground: Ground) -> None:
    outcome = await stop_owner(ground, STOPS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == STOPS


@POSTGRES
async def test_f4_without_redis_messages_cross_by_the_log(ground: Ground) -> None:
    outcome = await break_redis(ground, BREAKS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == BREAKS


@POSTGRES
async def test_f2_workers_that_never_ask_who_owns_what_are_caught(ground: Ground) -> None:
    short = (5.0, 6.0)
    outcome = await stop_owner(ground, 1, SEED, random.Random(SEED), stopped_s=short, bug=LEAKS)
    assert any("who was no owner was shown event" in each for each in outcome.failures)


@POSTGRES
async def test_f4_workers_that_never_ask_who_owns_what_are_caught(ground: Ground) -> None:
    outcome = await break_redis(ground, 1, SEED, random.Random(SEED), bug=LEAKS)
    assert any("who was no owner was shown event" in each for each in outcome.failures)


@POSTGRES
async def test_f4_a_worker_that_reads_nothing_for_itself_is_caught(ground: Ground) -> None:
    outcome = await break_redis(ground, 1, SEED, random.Random(SEED), bug="deaf")
    assert any("a message crossed only after" in each for each in outcome.failures)


@POSTGRES
async def test_workers_are_replaced_under_load_without_a_loss(ground: Ground) -> None:
    outcome = await roll(ground, 1, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == 1


def test_what_is_late_is_named() -> None:
    assert (late_crossing(1.9, 2), too_late(4.9, 5)) == ([], [])
    assert late_crossing(2.1, 2)
    assert too_late(5.1, 5)
