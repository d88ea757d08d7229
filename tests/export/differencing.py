"""An attacker who holds two published tables, one of them a part of the other, and bounds what they hide.

Every cell is a count of which a lowest and a highest value are known. Sums hold: cells make their total, and
the part and the rest make the whole. Bounds are narrowed until nothing moves.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.export.periods import Period

ENDLESS = 10**9
ROUNDS = 50

Bounds = tuple[int, int]
Tallies = Counter[tuple[date, str, str, str]]
Publish = Callable[[Mapping[str, int]], tuple[Bounds, dict[str, Bounds]]]  # the total's, and each cell's


@dataclass(frozen=True, slots=True)
class Closed:
    """What is counted of a conversation."""

    month: date
    topics: frozenset[str]  # top-level ones too
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table that may be asked for: a period, one topic or all (''), and the variable that is crossed."""

    period: Period
    topic: str
    variable: str

    def part_of(self, other: "Shape") -> bool:
        """Whether all conversations of this table are in the other, which has more."""
        return (
            self != other
            and self.variable == other.variable
            and other.period.first <= self.period.first <= self.period.last <= other.period.last
            and (other.topic in ("", self.topic) or self.topic.startswith(f"{other.topic}/"))
        )

    def counts(self, tallies: Tallies, values: Sequence[str]) -> dict[str, int]:
        """The exact table."""
        months = self.period.months()
        return {
            value: sum(tallies[month, self.topic, self.variable, value] for month in months)
            for value in values
        }


def tallied(closed: Iterable[Closed]) -> Tallies:
    """How many there are of each month, topic, variable and value."""
    return Counter(
        (each.month, topic, variable, value)
        for each in closed
        for topic in ("", *each.topics)
        for variable, value in each.values.items()
    )


@dataclass
class Attack:
    """Two tables, and what is known of `part:value`, `rest:value` and `whole:value` ('' is the total)."""

    bounds: dict[str, list[int]] = field(default_factory=dict)
    sums: list[tuple[list[str], str]] = field(default_factory=list)

    def learn(self, name: str, bounds: Bounds) -> None:
        known = self.bounds.setdefault(name, [0, ENDLESS])
        known[0], known[1] = max(known[0], bounds[0]), min(known[1], bounds[1])

    def narrow(self) -> None:
        """Use every sum until no bound moves any more, or has moved for long."""
        for _ in range(ROUNDS):
            if not sum(self._narrowed(parts, whole) for parts, whole in self.sums):
                return

    def _narrowed(self, parts: list[str], whole: str) -> bool:
        lows, highs = (sum(self.bounds[part][side] for part in parts) for side in (0, 1))
        moved = self._tighten(whole, lows, highs)
        low, high = self.bounds[whole]
        for part in parts:
            own = self.bounds[part]
            moved |= self._tighten(part, low - (highs - own[1]), high - (lows - own[0]))
        return moved

    def _tighten(self, name: str, low: int, high: int) -> bool:
        known = self.bounds[name]
        before = tuple(known)
        known[0], known[1] = max(known[0], low), min(known[1], high)
        return tuple(known) != before


def recovered(
    part: Shape,
    whole: Shape,
    tallies: Tallies,
    values: Sequence[str],
    *,
    publish: Publish,
    below: int,
    adds_up: bool,
) -> tuple[int, int]:
    """How many small cells the two tables hide, and how many of them the attacker knows exactly."""
    exact = {"part": part.counts(tallies, values), "whole": whole.counts(tallies, values)}
    exact["rest"] = {value: exact["whole"][value] - exact["part"][value] for value in values}
    attack = Attack()
    for side in ("part", "whole"):
        total, cells = publish(exact[side])
        attack.learn(f"{side}:", total)
        for value, bounds in cells.items():
            attack.learn(f"{side}:{value}", bounds)
    for value in ("", *values):
        attack.learn(f"rest:{value}", (0, ENDLESS))
        attack.sums.append(([f"part:{value}", f"rest:{value}"], f"whole:{value}"))
    if adds_up:
        attack.sums += [
            ([f"{side}:{value}" for value in values], f"{side}:") for side in ("part", "rest", "whole")
        ]
    attack.narrow()
    small = [(f"{side}:{value}", n) for side in exact for value, n in exact[side].items() if 0 < n < below]
    return len(small), sum(attack.bounds[name] == [n, n] for name, n in small)
