"""F1 and F2: killed or stopped, the service loses nothing that it acknowledged; a hasty one is caught."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.kills import kill_mid_send, stop_and_wake

SEED = 20261126
KILLS, HASTY_KILLS, STOPS = 10, 3, 3  # kills on each engine


async def test_f1_a_kill_loses_nothing_acknowledged(ground: Ground) -> None:
    outcome = await kill_mid_send(ground, KILLS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == KILLS


async def test_f1_acknowledging_before_the_commit_is_caught(ground: Ground) -> None:
    outcome = await kill_mid_send(ground, HASTY_KILLS, SEED, random.Random(SEED), hasty=True)
    lost = [failure for failure in outcome.failures if "was acknowledged and is not stored" in failure]
    assert lost


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_f2_a_server_that_was_stopped_goes_on_in_order(ground: Ground) -> None:
    outcome = await stop_and_wake(ground, STOPS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == STOPS
