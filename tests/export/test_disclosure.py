"""Disclosure control: nothing small is shown, and nothing small can be worked out from what is."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.export.disclosure import Published, publish, rounded, shown

BELOW = 10
TABLES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.one_of(st.integers(0, 15), st.integers(0, 300)), min_size=1, max_size=8
)


def published(counts: dict[str, int]) -> Published:
    return publish(counts, total=sum(counts.values()), below=BELOW, adds_up=True)


@given(counts=TABLES, below=st.integers(5, 20), adds_up=st.booleans())
def test_nothing_small_is_shown_and_the_rest_is_rounded(
    counts: dict[str, int], below: int, adds_up: bool
) -> None:
    total = sum(counts.values())
    table = publish(counts, total=total, below=below, adds_up=adds_up)
    for name, count in table.cells.items():
        assert (count is None) or (
            counts[name] >= below and count % 5 == 0 and abs(count - counts[name]) <= 2
        )
    for name, count in counts.items():
        if count < below:
            assert table.cells[name] is None
    assert (table.total is None) == (total < below)


@given(counts=TABLES)
def test_what_is_hidden_is_never_alone_nor_a_few(counts: dict[str, int]) -> None:
    table = published(counts)
    together = sum(counts[name] for name in table.hidden)
    if table.hidden and len(table.hidden) < len(counts):
        assert together == 0 or (together >= BELOW and len(table.hidden) > 1)


def consistent(counts: dict[str, int], name: str) -> set[int]:
    """Values of a cell that whoever knows the rules must still think possible: its own, and some near."""
    table, values = published(counts), {counts[name]}
    others = [other for other in counts if other != name]
    for delta, other in itertools.product((-3, -2, -1, 1, 2, 3), [None, *others]):
        changed = {**counts, name: counts[name] + delta}
        if other is not None:
            changed[other] -= delta
        if min(changed.values()) >= 0 and published(changed) == table:
            values.add(changed[name])
    return values


def test_a_differencing_attack_recovers_no_cell() -> None:
    """Whoever knows table, total and rules still cannot tell a hidden number of families."""
    chance = random.Random(20260301)
    recovered = attacked = 0
    for _ in range(1000):
        counts = {
            name: chance.choice((chance.randint(0, 12), chance.randint(0, 200)))
            for name in "abcdefgh"[: chance.randint(2, 8)]
        }
        for name in published(counts).hidden:
            if 0 < counts[name] < BELOW:
                attacked += 1
                recovered += len(consistent(counts, name)) == 1
    assert attacked > 1000
    assert recovered == 0


def test_without_the_complement_the_attack_works() -> None:
    """The attacker of the test above is no straw man: a lone hidden cell is found within the rounding."""
    counts = {"a": 40, "b": 60, "c": 7}
    alone = publish(counts, total=107, below=BELOW, adds_up=False)
    assert alone.hidden == ["c"]
    assert alone.total is not None
    assert alone.total - sum(count or 0 for count in alone.cells.values()) == 5
    assert sorted(published(counts).hidden) == ["a", "c"]


def test_rounding_is_to_the_nearest_five() -> None:
    assert [rounded(count) for count in (0, 2, 3, 7, 8, 12, 13)] == [0, 0, 5, 5, 10, 10, 15]
    assert shown(9, below=10) is None
    assert shown(11, below=10) == 10


@pytest.mark.parametrize("below", [-1, 0, 4])
def test_a_threshold_below_five_is_refused(below: int) -> None:
    with pytest.raises(ValueError, match="5"):
        publish({"a": 100}, total=100, below=below, adds_up=True)


@settings(max_examples=50)
@given(counts=TABLES)
def test_a_table_of_several_answers_each_stands_alone(counts: dict[str, int]) -> None:
    total = max([*counts.values(), BELOW])
    table = publish(counts, total=total, below=BELOW, adds_up=False)
    assert table.hidden == [name for name, count in counts.items() if count < BELOW]
