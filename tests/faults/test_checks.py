"""The checkers of I3 and I4: what is as it should be passes, each seeded fault is named."""

import dataclasses
from uuid import UUID

import pytest

from app.rehearsal.verdict import Entry, View
from tests.faults.checks import Deed, Tenure, unequal_views, wrong_owners

HERE = UUID(int=1)
CARYS, DEWI = UUID(int=11), UUID(int=12)
LOG = [Entry(number, UUID(int=100 + number), bytes([number]), frozenset()) for number in range(1, 6)]
VIEW = View(HERE, "parent", True, True, (), tuple(LOG))
FIRST, SECOND = Tenure(HERE, CARYS, 1, 2, 5), Tenure(HERE, DEWI, 2, 6, None)


def test_equal_views_pass() -> None:
    assert list(unequal_views([VIEW], {HERE: LOG})) == []


def test_who_left_early_holds_a_beginning() -> None:
    early = dataclasses.replace(VIEW, whole=False, held=tuple(LOG[:2]))
    assert list(unequal_views([early], {HERE: LOG})) == []


@pytest.mark.parametrize(
    ("view", "log"),
    [
        pytest.param(dataclasses.replace(VIEW, held=tuple(LOG[:4])), LOG, id="an end that is missing"),
        pytest.param(dataclasses.replace(VIEW, held=(*LOG[:2], *LOG[3:])), LOG, id="a hole in the view"),
        pytest.param(
            dataclasses.replace(VIEW, held=(LOG[1], LOG[0], *LOG[2:])), LOG, id="another order in the view"
        ),
        pytest.param(VIEW, [*LOG[:2], *LOG[3:]], id="a hole in the log"),
        pytest.param(VIEW, [*LOG, LOG[4]], id="a number twice in the log"),
    ],
)
def test_an_unequal_view_is_named(view: View, log: list[Entry]) -> None:
    assert list(unequal_views([view], {HERE: log}))


def test_an_owner_who_writes_and_reads_in_their_time_passes() -> None:
    deeds = [Deed(HERE, CARYS, 5), Deed(HERE, DEWI, 6), Deed(HERE, DEWI, 9)]
    assert list(wrong_owners([SECOND, FIRST], written=deeds, shown=deeds)) == []


@pytest.mark.parametrize(
    "tenures",
    [
        pytest.param([dataclasses.replace(FIRST, left=None), SECOND], id="the former owner never left"),
        pytest.param([dataclasses.replace(FIRST, left=8), SECOND], id="they left after the next one came"),
        pytest.param([FIRST, dataclasses.replace(SECOND, generation=1)], id="one generation twice"),
    ],
)
def test_two_owners_at_once_are_named(tenures: list[Tenure]) -> None:
    assert list(wrong_owners(tenures))


def test_a_former_owners_words_and_views_are_named() -> None:
    late = [Deed(HERE, CARYS, 6)]
    assert list(wrong_owners([FIRST, SECOND], written=late))
    assert list(wrong_owners([FIRST, SECOND], shown=late))
