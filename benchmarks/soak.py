"""Runs the fault suite at length: `make soak`, or one row of it with `make soak ROW=F1 SEED=7`.

Heartbeats run at full length here. Each row's seed, count and failures are appended to docs/soak.md.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from app import clock
from app.db import migrate
from app.settings import PROJECT, Settings
from tests.faults.ground import Ground, Outcome
from tests.faults.nursery import Nursery, nursery
from tests.faults.rows import ROOM_MB, ROWS, Row
from tests.provision.disk import small_disk
from tests.provision.packages import CannotProvideError
from tests.provision.postgres import postgres_cluster

RECORD = PROJECT / "docs" / "soak.md"
SAID_EVERY_S = 20


def main() -> int:
    """Run the rows; 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=sorted(ROWS), help="one row; without it, all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--count", type=int, help="how often, instead of the row's own number")
    given = parser.parse_args()
    failed = 0
    with nursery() as servers:
        for name in [given.row] if given.row else ROWS:
            row = ROWS[name]
            count = given.count or row.count
            print(f"{name}, seed {given.seed}: {row.fault}, {count} times …", flush=True)
            began = clock.monotonic()
            outcomes = asyncio.run(soak(servers, name, row, count, given.seed))
            seconds = clock.monotonic() - began
            failed += report(name, row, outcomes, given.seed, seconds)
    return 1 if failed else 0


async def soak(servers: Nursery, name: str, row: Row, count: int, seed: int) -> dict[str, Outcome]:
    """One row on all of its engines at once, the count shared out among them; by the ground's name."""
    shares = shares_of(row, count)
    with ExitStack() as stack:
        places = {}
        for ground in filter(shares.get, shares):
            opening = fresh_ground(
                servers, ground.split()[0], tried=progress(ground, shares[ground]), cramped=row.cramped
            )
            try:
                places[ground] = await asyncio.to_thread(stack.enter_context, opening)
            except CannotProvideError as reason:
                print(f"  {ground} is left out. {reason}", flush=True)
        async with asyncio.TaskGroup() as running:
            tasks: dict[str, asyncio.Task[Outcome]] = {
                ground: running.create_task(row.run(place, shares[ground], seed, dice(seed, name, ground)))
                for ground, place in places.items()
            }
    return {ground: task.result() for ground, task in tasks.items()}


def progress(ground: str, count: int) -> Callable[[Outcome], None]:
    """Tells of each failure when it comes, and every SAID_EVERY_S how many of so many tries are made."""
    said, known = clock.monotonic(), 0

    def tell(outcome: Outcome) -> None:
        nonlocal said, known
        for failure in outcome.failures[known:]:
            print(f"  {ground}: {failure}", flush=True)
        known = len(outcome.failures)
        if clock.monotonic() - said >= SAID_EVERY_S:
            said = clock.monotonic()
            print(f"  {ground}: {outcome.count} of {count}, {known} failures so far", flush=True)

    return tell


def shares_of(row: Row, count: int) -> dict[str, int]:
    """How often each ground makes the fault; where SQLite has a number of its own, the others share it."""
    apart = row.on_sqlite is not None and count == row.count
    grounds = [f"{engine} {number}" for engine in row.engines for number in range(1, row.at_once + 1)]
    sharing = [ground for ground in grounds if not (apart and ground.startswith("SQLite"))]
    shares = {ground: len(range(at, count, len(sharing))) for at, ground in enumerate(sharing)}
    if apart and row.on_sqlite is not None:
        alone = [ground for ground in grounds if ground not in shares]
        shares |= {ground: len(range(at, row.on_sqlite, len(alone))) for at, ground in enumerate(alone)}
    return shares


def dice(seed: int, row: str, ground: str) -> random.Random:
    """The same for the same seed, row and ground, whatever else is run."""
    return random.Random(f"{seed} {row} {ground}")  # noqa: S311 (when to strike is no secret)


@contextmanager
def fresh_ground(
    servers: Nursery,
    engine: str,
    *,
    tried: Callable[[Outcome], None] | None = None,
    cramped: bool = False,
) -> Iterator[Ground]:
    """An empty, migrated database of this engine; a PostgreSQL is durable, and this row's alone.

    A cramped one lies on a small disk, which only root can provide.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earshot-soak-")))
        url = f"sqlite:///{folder / 'earshot.db'}"
        restart = revive = disk = None
        if engine == "PostgreSQL":
            disk = stack.enter_context(small_disk(megabytes=ROOM_MB)) if cramped else None
            cluster = stack.enter_context(postgres_cluster(durable=True, disk=disk))
            url, restart, revive = cluster.url, cluster.restart, cluster.revive
        settings = Settings(env="development", database_url=url, data_dir=folder)
        migrate(settings)
        yield Ground(
            settings,
            servers,
            scale=1,
            restart_database=restart,
            revive_database=revive,
            disk=disk,
            tried=tried,
        )


def report(name: str, row: Row, outcomes: dict[str, Outcome], seed: int, seconds: float) -> int:
    """Print what one row showed, append it to the record, and return how much of it failed."""
    failures = [f"{ground}: {each}" for ground, outcome in outcomes.items() for each in outcome.failures]
    count = sum(outcome.count for outcome in outcomes.values())
    figures = sorted({f"{what}: {told}" for each in outcomes.values() for what, told in each.told.items()})
    for failure in failures:
        print(f"  {failure}")
    bound = f": fewer than {300 / count:.2g} % fail" if count and not failures else ""
    print(f"  {count} in {seconds:.0f} s, {len(failures)} failures{bound}", *figures, sep="\n  ", flush=True)
    with RECORD.open("a") as record:
        record.write(
            f"| {clock.now():%Y-%m-%d} | {version('earshot')} | {name} | {row.fault} | {seed} | {count} "
            f"| {len(failures)} | {seconds:.0f} s | {'; '.join(figures)} |\n"
        )
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())
