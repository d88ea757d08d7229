"""F9: of many coaches exactly one gets the parent, and a former one neither writes nor sees anything more."""

import random
from uuid import UUID

import pytest

from tests.faults.claims import race, race_faults
from tests.faults.ground import Ground

SEED = 20261127
RACES = {"sqlite": 20, "postgresql": 100}
UNFENCED = 6
ONE, OTHER = (UUID(int=1), 1), (UUID(int=2), 1)


async def test_f9_one_of_many_coaches_gets_the_parent(ground: Ground) -> None:
    count = RACES["sqlite" if ground.settings.database.startswith("sqlite") else "postgresql"]
    outcome = await race(ground, count, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == count


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_f9_without_the_fence_the_former_coach_is_caught_looking_on(ground: Ground) -> None:
    outcome = await race(ground, UNFENCED, SEED, random.Random(SEED), unfenced=True)
    assert any("a former owner was shown what came after them" in each for each in outcome.failures)


@pytest.mark.parametrize(
    ("answers", "owners", "generation"),
    [
        pytest.param(["ok", "ok"], [ONE], 1, id="two are told so"),
        pytest.param(["already_claimed"] * 2, [], 1, id="nobody is"),
        pytest.param(["ok", "internal"], [ONE], 1, id="one meets a fault"),
        pytest.param(["ok", "already_claimed"], [ONE, OTHER], 1, id="two owners"),
        pytest.param(["ok", "already_claimed"], [ONE], 2, id="an old generation"),
    ],
)
def test_f9_a_wrong_race_is_named(
    answers: list[str], owners: list[tuple[UUID, int]], generation: int
) -> None:
    assert race_faults(["ok", "already_claimed"], [ONE], 1) == []
    assert race_faults(answers, owners, generation)
