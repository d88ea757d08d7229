"""F14: an upgrade under traffic loses nothing; a migration that loses one message is caught."""

import random

import pytest

from tests.faults.ground import Ground
from tests.faults.upgrade import Kept, lost, upgrade

SEED = 20261127


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("careless", [False, True], ids=["as it should be", "careless"])
async def test_f14_a_hundred_thousand_messages_are_migrated_under_traffic(
    ground: Ground, *, careless: bool
) -> None:
    outcome = await upgrade(ground, 1, SEED, random.Random(SEED), careless=careless)
    assert outcome.count == 1
    assert outcome.told["messages migrated"] == "100,000"
    if careless:
        assert any("of 100000 messages are lost" in each for each in outcome.failures)
    else:
        assert outcome.failures == []


def test_f14_a_changed_message_is_named() -> None:
    assert lost(Kept(3, 17), Kept(3, 17)) == []
    assert lost(Kept(3, 17), Kept(3, 18)) == ["a stored message was changed"]
