"""Statistical disclosure control: which counts may be published, and how exactly. Pure.

A count below the threshold is not shown, and all others are rounded, each from its exact figure. Where a
table's cells add up to its total, one hidden cell could be got by subtraction: then further cells are hidden
until what is hidden adds up to the threshold at least.
"""

from collections.abc import Mapping
from dataclasses import dataclass

STEP = 5
LEAST_THRESHOLD = 5


@dataclass(frozen=True, slots=True)
class Published:
    """What may be shown: None stands for a number that is too small, or that would give such a one away."""

    total: int | None
    cells: dict[str, int | None]

    @property
    def hidden(self) -> list[str]:
        """The names of the cells that are not shown."""
        return [name for name, count in self.cells.items() if count is None]


def shown(count: int, *, below: int) -> int | None:
    """A count by itself: None below the threshold, else rounded to the nearest five."""
    _require_threshold(below)
    return None if count < below else rounded(count)


def rounded(count: int) -> int:
    """The nearest multiple of five."""
    return STEP * ((count + STEP // 2) // STEP)


def publish(counts: Mapping[str, int], *, total: int, below: int, adds_up: bool) -> Published:
    """What may be shown of a table with these exact counts.

    `adds_up` says that each of `total` conversations is in just one cell. No cell is shown of a table whose
    total is below the threshold.
    """
    _require_threshold(below)
    if total < below:
        return Published(None, dict.fromkeys(counts))
    hidden = {name for name, count in counts.items() if count < below}
    if adds_up:
        hidden |= _complement(counts, hidden, below=below)
    cells = {name: None if name in hidden else rounded(count) for name, count in counts.items()}
    return Published(rounded(total), cells)


def _complement(counts: Mapping[str, int], hidden: set[str], *, below: int) -> set[str]:
    """The cells to hide besides: the smallest first, while subtraction would tell of a few families."""
    more: set[str] = set()
    for name in sorted(counts.keys() - hidden, key=lambda name: (counts[name], name)):
        together = sum(counts[cell] for cell in hidden | more)
        if together == 0 or (together >= below and len(hidden | more) > 1):
            break
        more.add(name)
    return more


def _require_threshold(below: int) -> None:
    if below < LEAST_THRESHOLD:
        raise ValueError(f"counts below {LEAST_THRESHOLD} are never shown")
