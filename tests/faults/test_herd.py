"""F15: five hundred clients come back at once, and are soon whole."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.herd import back_late, come_back_at_once

SEED = 20261127


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_f15_five_hundred_come_back_at_once(ground: Ground) -> None:
    outcome = await come_back_at_once(ground, 1, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert int(outcome.told["clients"]) >= 500


def test_f15_who_is_back_late_is_named() -> None:
    assert back_late(9.9, 10) == []
    assert back_late(10.1, 10)
