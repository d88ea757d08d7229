"""The table of the fault suite: what is tried, how often tests try it and how often a soak does."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random

from tests.faults.claims import race
from tests.faults.ground import Ground, Outcome
from tests.faults.kills import kill_mid_send, stop_and_wake
from tests.faults.network import cut_off, read_slowly
from tests.faults.repeats import repeat
from tests.faults.storage import fill_disk, restart_database
from tests.faults.vanish import vanish

Run = Callable[[Ground, int, int, Random], Coroutine[object, object, Outcome]]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: how often a soak makes it, on which engines, over how many servers at once."""

    fault: str
    run: Run
    count: int
    engines: tuple[str, ...] = ("SQLite", "PostgreSQL")
    on_sqlite: int | None = None  # how often there, where that is not an equal share
    at_once: int = 1  # grounds of each engine, side by side


ON_POSTGRESQL = ("PostgreSQL",)

ROWS = {
    "F1": Row("the server is killed in the middle of sending", kill_mid_send, 300),
    "F2": Row("the server is stopped for 5 to 60 s and woken", stop_and_wake, 50, at_once=5),
    "F3": Row("PostgreSQL stops at once and recovers", restart_database, 100, ON_POSTGRESQL),
    "F5": Row("the network is cut in five ways", cut_off, 50, ON_POSTGRESQL),
    "F6": Row("two readers at 0 and 1 KB a second", read_slowly, 20, ON_POSTGRESQL),
    "F7": Row("one message is sent again and again", repeat, 2000),
    "F9": Row("2 to 20 coaches claim one parent at once", race, 3000, on_sqlite=300),
    "F10": Row("coaches vanish with three open chats each", vanish, 100),
    "F13": Row("the disk is full", fill_disk, 20, ("SQLite",)),
}
