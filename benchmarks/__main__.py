"""Measures Earshot beside its peers, in turns on one machine; a whole run writes docs/performance.md,
also one that ends early, with what it had measured by then.

python -m benchmarks --only relay,earshot --pairs 100      a quick look
python -m benchmarks --curve                               the cost as work grows
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from app.rehearsal.server import allow_sockets
from benchmarks import curve, lineup, performance, postgres
from benchmarks.contenders import Contender, Place, Running
from benchmarks.runs import OPEN_RATE, Failed, idle, in_turn, reconnect
from benchmarks.table import idle_row, rendered, return_line, talk_table

PAIRS = (10, 100, 500)
OPEN_PAIRS = 100
IDLE = (2_000, 10_000)
HELD_BY = ("relay", "earshot")
CLIENTS = 500


@contextmanager
def somewhere() -> Iterator[Place]:
    """A folder and a durable PostgreSQL server, gone when the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder,
        postgres.durable() as (address_of, pid),
    ):
        yield Place(folder=Path(folder), postgres=address_of, postgres_pid=pid)


def main() -> int:
    """Run what was asked for; 1 where a message went wrong anywhere."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are ended on every way out
    allow_sockets()  # the servers inherit it
    given = _parser().parse_args()
    whole = not (given.only or given.pairs or given.curve)
    parts = performance.Parts(runs=given.runs, seconds=given.seconds)
    ended = ""
    with somewhere() as place:
        try:
            if not given.curve:
                _loops(place, given, parts)
            if whole:
                _sockets(place, parts)
            if whole or given.curve:
                _show(parts, "The cost as work grows", curve.measured(place))
        except Failed as failed:
            ended = str(failed)
            print(ended)
        if whole and parts.tables:
            performance.write(parts, postgres.told(place.postgres("settings")), ended=ended)
    return 1 if ended else 0


def _loops(place: Place, given: argparse.Namespace, parts: performance.Parts) -> None:
    chosen = _chosen(given.only)
    with lineup.running(chosen, place) as up:
        for pairs in given.pairs or PAIRS:
            _loop(chosen, up, given, parts, workload="closed", pairs=pairs)
        if given.open or not given.pairs:
            _loop(chosen, up, given, parts, workload="open", pairs=OPEN_PAIRS)


def _loop(
    chosen: Sequence[Contender],
    up: dict[str, Running],
    given: argparse.Namespace,
    parts: performance.Parts,
    *,
    workload: Literal["closed", "open"],
    pairs: int,
) -> None:
    """One table. A peer that goes wrong is missing from it and from all that follow."""
    outcomes, fallen = in_turn(
        up,
        workload=workload,
        pairs=pairs,
        seconds=given.seconds,
        runs=given.runs,
        peers=[each.key for each in chosen if each.peer],
    )
    for key in fallen:
        del up[key]
    lines = [f"Left out from here on: {why}." for why in fallen.values()]
    title = (
        f"Closed loop, {pairs} pairs"
        if workload == "closed"
        else f"Open loop, {OPEN_RATE:.0f} messages a second from {pairs} pairs"
    )
    names = {each.key: each.name for each in chosen}
    _show(parts, title, "\n\n".join([talk_table(outcomes, names), *lines]))


def _sockets(place: Place, parts: performance.Parts) -> None:
    """Each in a server that has just begun, as memory that was used before would be used again unseen."""
    rows = []
    for key in HELD_BY:
        for sockets in IDLE:
            with lineup.running(_chosen(key), place) as up:
                rows.append(idle_row(_chosen(key)[0].name, idle(up[key], sockets=sockets)))
    heads = ("", "idle sockets", "resident before, MB", "with them, MB", "kB a socket", "kB a socket (PSS)")
    _show(parts, "Idle sockets", rendered(heads, rows))
    with lineup.running(_chosen("earshot"), place) as up:
        title = f"{CLIENTS} clients that come back at once"
        _show(parts, title, return_line(reconnect(up["earshot"], clients=CLIENTS)))


def _show(parts: performance.Parts, title: str, text: str) -> None:
    parts.add(title, text)
    print(f"\n{title}\n\n{text}", flush=True)


def _chosen(only: str) -> list[Contender]:
    known = {contender.key: contender for contender in lineup.LINEUP}
    wanted = [key for key in only.split(",") if key] or list(known)
    if strange := [key for key in wanted if key not in known]:
        sys.exit(f"Nobody is called {', '.join(strange)}: choose among {', '.join(known)}.")
    return [known[key] for key in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="keys of those to measure, with commas between")
    parser.add_argument("--pairs", type=int, nargs="*", help="closed loops with so many pairs, no others")
    parser.add_argument("--open", action="store_true", help="the open loop too, where --pairs is given")
    parser.add_argument("--curve", action="store_true", help="only the cost as work grows")
    parser.add_argument("--runs", type=int, default=5, help="runs of each")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each run is measured")
    return parser


if __name__ == "__main__":
    sys.exit(main())
