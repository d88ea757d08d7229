"""A thousand pairs of the tables that may be asked for, each laid over the other: no small cell comes out."""

import random
from collections.abc import Mapping
from itertools import product

import pytest

from app.export.disclosure import publish, rounded
from app.export.periods import parse_period
from tests.export.differencing import ENDLESS, Bounds, Closed, Publish, Shape, Tallies, recovered, tallied

BELOW = 10
SEED = 20260402
PAIRS = 1_000
TOPICS = {
    "sleep": ["sleep/night-waking"],
    "send": ["send/autism", "send/adhd"],
    "bullying": [],
    "bereavement": [],
}
VALUES = {
    "stage": ["pre-school", "primary", "secondary", "post-16", "not-in-school", ""],
    "region": [f"region-{number}" for number in range(13)],
    "send": ["yes", "no", "awaiting", ""],
    "service_gap": ["waiting-list", "no-service", "refused"],
}
YEARS = ("2025", "2026")
PERIODS = [
    *(f"{year}-{month:02d}" for year in YEARS for month in range(1, 13)),
    *(f"{year}-Q{quarter}" for year in YEARS for quarter in range(1, 5)),
    *(*YEARS, "2024/25", "2025/26", "2026/27"),
]


def invented(chance: random.Random, count: int) -> list[Closed]:
    """Conversations whose codes are as unevenly common as families' are."""

    def one(among: list[str]) -> str:
        return among[int(len(among) * chance.random() ** 2.5)]

    closed = []
    for _ in range(count):
        top = one(list(TOPICS))
        children = TOPICS[top]
        child = chance.choice([top, *children])
        closed.append(
            Closed(
                parse_period(f"{chance.choice(YEARS)}-{chance.randint(1, 12):02d}").first,
                frozenset({top, child}),
                {variable: one(values) for variable, values in VALUES.items()},
            )
        )
    return closed


def protected(adds_up: bool) -> Publish:
    """What the service publishes. The attacker is even told which cells are hidden for being small."""

    def told(counts: Mapping[str, int]) -> tuple[Bounds, dict[str, Bounds]]:
        total = sum(counts.values())
        table = publish(counts, total=total, below=BELOW, adds_up=adds_up)
        return near(table.total, total), {name: near(n, counts[name]) for name, n in table.cells.items()}

    return told


def near(shown: int | None, exact: int) -> Bounds:
    if shown is None:
        return (0, BELOW - 1) if exact < BELOW else (BELOW, ENDLESS)
    assert shown == rounded(exact)
    return max(BELOW, shown - 2), shown + 2


def unprotected(counts: Mapping[str, int]) -> tuple[Bounds, dict[str, Bounds]]:
    """Small cells hidden, and nothing else done."""
    total = sum(counts.values())
    cells = {name: (n, n) if n >= BELOW else (0, BELOW - 1) for name, n in counts.items()}
    return (total, total), cells


def pairs(chance: random.Random) -> list[tuple[Shape, Shape]]:
    """Tables of which one is a part of the other, by its period, its topic or both."""
    topics = ["", *TOPICS, *(child for children in TOPICS.values() for child in children)]
    shapes = [
        Shape(parse_period(period), topic, variable)
        for period, topic, variable in product(PERIODS, topics, VALUES)
    ]
    found: list[tuple[Shape, Shape]] = []
    while len(found) < PAIRS:
        part, whole = chance.choice(shapes), chance.choice(shapes)
        if part.part_of(whole):
            found.append((part, whole))
    return found


@pytest.fixture(scope="module")
def world() -> tuple[Tallies, list[tuple[Shape, Shape]]]:
    chance = random.Random(SEED)
    return tallied(invented(chance, 2_500)), pairs(chance)


def attacked(world: tuple[Tallies, list[tuple[Shape, Shape]]], *, protect: bool) -> tuple[int, int]:
    tallies, chosen = world
    small = known = 0
    for part, whole in chosen:
        adds_up = part.variable != "service_gap"
        publishing = protected(adds_up) if protect else unprotected
        hidden, found = recovered(
            part,
            whole,
            tallies,
            VALUES[part.variable],
            publish=publishing,
            below=BELOW,
            adds_up=adds_up,
        )
        small += hidden
        known += found
    return small, known


def test_no_cell_comes_out_of_a_thousand_pairs(world: tuple[Tallies, list[tuple[Shape, Shape]]]) -> None:
    small, known = attacked(world, protect=True)
    assert small > 2_000
    assert known == 0


def test_the_same_attacker_finds_cells_that_are_only_hidden(
    world: tuple[Tallies, list[tuple[Shape, Shape]]],
) -> None:
    """The control: without rounding and complementary suppression the tables give small cells away."""
    _, known = attacked(world, protect=False)
    assert known > 50
