"""What every row of the fault suite stands on: a migrated database, servers at call, and a scale."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.rehearsal.line import Manner
from app.settings import Settings
from tests.faults.nursery import Nursery
from tests.faults.service import beat, timers


@dataclass
class Outcome:
    """How often a fault was made, and what was broken by it."""

    seed: int
    count: int = 0
    failures: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)  # figures worth keeping
    tried: Callable[["Outcome"], None] | None = field(default=None, repr=False)

    def add(self, failures: list[str], *, count: int = 1) -> None:
        """One more try; its number stands before what it broke, so that it can be found again."""
        self.failures += [f"try {self.count + 1} of seed {self.seed}: {failure}" for failure in failures]
        self.count += count
        if self.tried is not None:
            self.tried(self)


@dataclass(frozen=True)
class Ground:
    """Where a fault is tried. `scale` 1 runs heartbeats at full length, tests run them at a tenth."""

    settings: Settings
    nursery: Nursery
    scale: float = 0.1
    restart_database: Callable[[], None] | None = None
    revive_database: Callable[[], None] | None = None
    disk: Path | None = None  # a small one, on which PostgreSQL's data lies
    tried: Callable[[Outcome], None] | None = None  # told after every try

    def outcome(self, seed: int) -> Outcome:
        """An empty outcome of a row on this ground."""
        return Outcome(seed, tried=self.tried)

    def bound(self, seconds: float) -> float:
        """How late something may be: a soak keeps the promise to the second; a test beside others is busy."""
        return seconds if self.scale == 1 else 6 * seconds

    @property
    def timers(self) -> dict[str, str]:
        """The server's timers, as variables."""
        return timers(self.scale)

    @property
    def beat(self) -> float:
        """How often workers look after each other, in seconds."""
        return beat(self.scale)

    @property
    def manner(self) -> Manner:
        """How clients come back: the wait to be let in is scaled like the server's timers."""
        return Manner(opening_s=max(10 * self.scale, 2), longest_pause_s=0.5, tries=60)
