"""Everybody plays in turn; a peer that goes wrong plays no more, and anybody else ends the benchmark."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import contenders
from benchmarks.contenders import Place, Running
from benchmarks.runs import Failed, in_turn


@pytest.fixture
def up(tmp_path: Path) -> Iterator[dict[str, Running]]:
    """A server, and one that says it has stored nothing of what it acknowledged."""
    with contenders.relay(Place(folder=tmp_path, postgres=lambda name: name, postgres_pid=0)) as relay:
        yield {"sound": relay, "forgetful": replace(relay, stored=lambda: 0)}


def test_a_peer_that_goes_wrong_plays_no_more_and_the_others_go_on(up: dict[str, Running]) -> None:
    outcomes, fallen = in_turn(up, workload="closed", pairs=2, seconds=0.2, runs=2, peers=["forgetful"])
    assert [len(runs) for runs in outcomes.values()] == [2]
    assert outcomes["sound"][1].delivered > 0
    assert "forgetful, closed loop, 2 pairs" in fallen["forgetful"]
    assert "and 0 are stored" in fallen["forgetful"]


def test_anybody_else_that_goes_wrong_ends_the_benchmark(up: dict[str, Running]) -> None:
    with pytest.raises(Failed, match="forgetful, closed loop, 2 pairs"):
        in_turn(up, workload="closed", pairs=2, seconds=0.2, runs=2)
