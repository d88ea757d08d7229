"""Measures Earshot beside its peers, in turns on one machine, and prints what it finds.

python -m benchmarks --only relay,earshot --pairs 100      a quick look
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.rehearsal.server import allow_sockets
from benchmarks import lineup, postgres
from benchmarks.contenders import Contender, Place, Running
from benchmarks.plan import Outcome, Plan
from benchmarks.processes import generate
from benchmarks.table import talk_table

PAIRS = (10, 100, 500)
OPEN_RATE = 500.0


class Failed(RuntimeError):
    """A run that counts for nothing: a message was lost, doubled, out of order, or somebody else's."""


def talk(running: Running, *, workload: str, pairs: int, seconds: float, seed: int) -> Outcome:
    """One run of a closed or open loop; Failed where a message went wrong, or is not in the store."""
    before = running.stored() if running.stored else 0
    plan = Plan(
        port=running.port,
        workload=workload,  # type: ignore[arg-type]  # the two below
        pairs=running.pairs(pairs),
        processes=running.processes,
        seconds=seconds,
        rate=OPEN_RATE,
        seed=seed,
    )
    outcome = generate(plan)
    if outcome.faults:
        raise Failed("\n".join(outcome.faults))
    if running.stored and (stored := running.stored() - before) != outcome.acknowledged:
        raise Failed(f"{outcome.acknowledged} messages were acknowledged, and {stored} are stored")
    return outcome


def in_turn(
    up: dict[str, Running], *, workload: str, pairs: int, seconds: float, runs: int
) -> dict[str, list[Outcome]]:
    """Everybody plays once, then everybody once more, and so on."""
    outcomes: dict[str, list[Outcome]] = {key: [] for key in up}
    for number in range(1, runs + 1):
        for key, running in up.items():
            try:
                outcome = talk(running, workload=workload, pairs=pairs, seconds=seconds, seed=number)
            except Failed as failed:
                raise Failed(f"{key}, {workload}, {pairs} pairs: {failed}") from None
            outcomes[key].append(outcome)
            print(
                f"  run {number} {key:<15}{outcome.rate:>10,.0f}/s  p50 {outcome.p50_ms:7.2f} ms"
                f"  p99 {outcome.p99_ms:7.2f} ms",
                file=sys.stderr,
                flush=True,
            )
    return outcomes


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
    given = _parser().parse_args()
    allow_sockets()  # the servers inherit it
    chosen = _chosen(given.only)
    names = {contender.key: contender.name for contender in chosen}
    loops = [("closed", pairs) for pairs in given.pairs or PAIRS]
    if given.open or not given.pairs:
        loops.append(("open", 100))
    try:
        with somewhere() as place, lineup.running(chosen, place) as up:
            for workload, pairs in loops:
                what = (
                    "closed loop" if workload == "closed" else f"open loop, {OPEN_RATE:.0f} messages a second"
                )
                print(
                    f"\n{what}, {pairs} pairs; {given.runs} runs of {given.seconds:g} s each, in turn\n",
                    flush=True,
                )
                outcomes = in_turn(up, workload=workload, pairs=pairs, seconds=given.seconds, runs=given.runs)
                print(talk_table(outcomes, names), flush=True)
    except Failed as failed:
        print(failed)
        return 1
    return 0


def _chosen(only: str) -> list[Contender]:
    known = {contender.key: contender for contender in lineup.LINEUP}
    wanted = [key for key in only.split(",") if key] or list(known)
    if strange := [key for key in wanted if key not in known]:
        sys.exit(f"Nobody is called {', '.join(strange)}: choose among {', '.join(known)}.")
    return [known[key] for key in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="keys of those to measure, with commas between")
    parser.add_argument("--pairs", type=int, nargs="*", help="closed loops with so many pairs, no others")
    parser.add_argument("--open", action="store_true", help="the open loop too, where --pairs is given")
    parser.add_argument("--runs", type=int, default=5, help="runs of each")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each run is measured")
    return parser


if __name__ == "__main__":
    sys.exit(main())
