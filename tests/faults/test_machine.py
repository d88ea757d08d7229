"""F8: whatever the line does to frames, both sides end with the log; a careless recovery is caught."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.chat.log import Entry
from app.realtime import recovery
from app.settings import Settings
from tests.faults.machine import plays

SEED = 20261127
PLAYS = 50

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
def test_f8_whatever_the_line_does_both_sides_end_with_the_log(settings: Settings) -> None:
    count, failures = plays(settings, PLAYS, SEED, shrink=True)
    assert failures == []
    assert count >= PLAYS


@SQLITE
def test_f8_a_recovery_that_leaves_an_event_out_is_caught(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    portion = recovery._portion

    async def careless(*given: Any, after: int) -> Sequence[Entry]:
        return (await portion(*given, after=after))[: -1 if after else None]

    monkeypatch.setattr(recovery, "_portion", careless)
    _, failures = plays(settings, PLAYS, SEED)
    assert failures
