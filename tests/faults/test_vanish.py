"""F10: a coach who vanishes leaves nobody talking to nobody; a service that does not look is caught."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.vanish import vanish

SEED = 20261127
COACHES = 5


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_f10_parents_of_vanished_coaches_are_told_and_lead_the_queue(ground: Ground) -> None:
    outcome = await vanish(ground, COACHES, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == COACHES


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_f10_a_service_that_looks_after_nobody_is_caught(ground: Ground) -> None:
    outcome = await vanish(ground, 1, SEED, random.Random(SEED), unswept=True)
    assert any("word that the coach is lost" in each for each in outcome.failures)
