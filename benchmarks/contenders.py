"""Who is measured, and how each of them is spoken to: the same pairs write the same words to all."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plan import NUMBER, SIGN, Pair, Seat
from benchmarks.processes import python_server

# The risk check reads every message that is measured: this one tells of no risk, so that nobody is called.
PROSE = "She does her reading after tea and then asks for one more story, and we end up late to bed again."
SIDES = ("parent", "coach")


class NotHere(RuntimeError):
    """A peer cannot run on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs. `pairs` makes fresh pairs, who have said nothing yet.

    `stored` counts the messages in its store, where it has one that can be counted; `returning` makes pairs
    with a past, some of which they have missed when they come back; `processes` are process trees by what
    they are, with `server` among them.
    """

    port: int
    processes: dict[str, int]
    pairs: Callable[[int], tuple[Pair, ...]]
    stored: Callable[[], int] | None = None
    returning: Callable[[int], tuple[Pair, ...]] | None = None
    published: Callable[[], int] | None = None  # how often anything was published through Redis so far
    told: str = ""  # what was set for the measurement


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be run: its key on the command line, its name in the table.

    A run in which it goes wrong ends the whole benchmark, or, of a peer, only the peer's part in it.
    """

    key: str
    name: str
    run: Callable[["Place"], AbstractContextManager[Running]]
    peer: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where servers run: a folder for files and logs, and a PostgreSQL server, with its process."""

    folder: Path
    postgres: Callable[[str], str]  # the address of a new, empty database of this name
    postgres_pid: int


def words(side: str) -> str:
    """What one side of one pair writes: nobody else writes the same, and the number says which it is."""
    return f"{SIGN}{secrets.token_hex(4)} {side} {NUMBER} {PROSE}"


def plain_pairs(count: int, seat: Callable[[str, str, str], Seat]) -> tuple[Pair, ...]:
    """Pairs of a server that lets everybody in: `seat` makes one from a room, a side and its words."""
    made = []
    for _ in range(count):
        room = secrets.token_hex(8)
        made.append(Pair(*(seat(room, side, words(side)) for side in SIDES)))
    return tuple(made)


def _raw(room: str, side: str, body: str) -> Seat:
    return Seat(path=f"/{room}/{side}", post=body, body=body)


@contextmanager
def bare(place: Place) -> Iterator[Running]:
    """Hands on bytes."""
    with python_server("benchmarks.bare", log=place.folder / "bare.log") as (port, pid):
        yield Running(port, {"server": pid}, lambda count: plain_pairs(count, _raw))


@contextmanager
def relay(place: Place) -> Iterator[Running]:
    """Hands on texts."""
    with python_server("benchmarks.relay", log=place.folder / "relay.log") as (port, pid):
        yield Running(port, {"server": pid}, lambda count: plain_pairs(count, _raw))
