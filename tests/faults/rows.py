"""The table of the fault suite: what is tried, how often tests try it and how often a soak does."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random

from tests.faults.claims import race
from tests.faults.consents import play_histories
from tests.faults.exports import kill_exports
from tests.faults.ground import Ground, Outcome
from tests.faults.herd import come_back_at_once
from tests.faults.kills import kill_mid_send, stop_and_wake
from tests.faults.machine import play
from tests.faults.network import cut_off, read_slowly
from tests.faults.repeats import repeat
from tests.faults.storage import fill_disk, restart_database
from tests.faults.upgrade import upgrade
from tests.faults.vanish import vanish
from tests.faults.workers import break_redis, roll, stop_owner

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
    cramped: bool = False  # PostgreSQL lies on a small disk


ON_POSTGRESQL = ("PostgreSQL",)
ROOM_MB = 200

ROWS = {
    "F1": Row("the server is killed in the middle of sending", kill_mid_send, 300),
    "F2": Row("the server is stopped for 5 to 60 s and woken", stop_and_wake, 50, at_once=5),
    "F2b": Row(
        "an owner's worker is stopped, and wakes as a former owner's",
        stop_owner,
        50,
        ON_POSTGRESQL,
        at_once=5,
    ),
    "F3": Row("PostgreSQL stops at once and recovers", restart_database, 100, ON_POSTGRESQL),
    "F4": Row("Redis is killed, paused or flushed", break_redis, 100, ON_POSTGRESQL, at_once=2),
    "F5": Row("the network is cut in five ways", cut_off, 50, ON_POSTGRESQL),
    "F6": Row("two readers at 0 and 1 KB a second", read_slowly, 20, ON_POSTGRESQL),
    "F7": Row("one message is sent again and again", repeat, 2000),
    "F8": Row("frames are lost, repeated, overtaken; cursors are old or invented", play, 1000),
    "F9": Row("2 to 20 coaches claim one parent at once", race, 3000, on_sqlite=300),
    "F10": Row("coaches vanish with three open chats each", vanish, 100),
    "F12": Row("the row job or the build of an export is killed", kill_exports, 200),
    "consent": Row("consent comes and goes while rows are made", play_histories, 10_000),
    "F13": Row("the disk is full", fill_disk, 20, cramped=True),
    "F14": Row("100,000 messages are migrated under traffic", upgrade, 5, ON_POSTGRESQL),
    "F15": Row("500 clients come back at once", come_back_at_once, 20, ON_POSTGRESQL),
    "rolling": Row("workers are replaced under 200 messages a second", roll, 20, ON_POSTGRESQL),
}
