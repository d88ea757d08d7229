"""However consent is given and withdrawn while the job runs: never a row without consent."""

import random

import pytest
from sqlalchemy import true

from app.export import queries
from tests.faults.consents import play_histories
from tests.faults.ground import Ground

SEED = 20260403
HISTORIES = 100


async def test_rows_are_there_only_while_consent_is(ground: Ground) -> None:
    outcome = await play_histories(ground, HISTORIES, SEED, random.Random(SEED))
    assert (outcome.failures, outcome.count) == ([], HISTORIES)
    assert int(outcome.told["rows usable with consent"]) > HISTORIES


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_query_without_the_condition_is_caught(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same histories, with the condition taken out of the query."""
    monkeypatch.setattr(queries, "consented", true)
    outcome = await play_histories(ground, 20, SEED, random.Random(SEED))
    assert outcome.failures
