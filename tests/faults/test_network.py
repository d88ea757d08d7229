"""F5 and F6: cut off or reading slowly, nobody loses a word."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.network import CUTS, cut_off, read_slowly

SEED = 20261126
VICTIMS = 3
SLOW_READERS = 2
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@ON_POSTGRESQL
async def test_f5_a_cut_network_costs_nobody_a_word(ground: Ground) -> None:
    outcome = await cut_off(ground, VICTIMS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == VICTIMS * len(CUTS)


@ON_POSTGRESQL
async def test_f6_a_slow_reader_is_dropped_and_comes_back_whole(ground: Ground) -> None:
    outcome = await read_slowly(ground, SLOW_READERS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == SLOW_READERS
