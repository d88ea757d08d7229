"""Exports a million messages and measures the memory that it takes: `python -m benchmarks.exporting`.

The rows are invented and go straight into the row store. Memory is flat where the most that is held after the
first tenth is hardly more than what was held until then. It is measured as the process's own resident memory.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

from app.export.building import carry_through
from app.export.periods import parse_period
from benchmarks.invented_rows import YEAR, codebook, fill, row_store, two_people

EACH = 20  # messages of a conversation
SEED = 20260405
FLAT = 1.10


class Watch:
    """The most memory held in each tenth of the work."""

    def __init__(self) -> None:
        self.most = [0] * 10
        self.began = time.monotonic()

    def __call__(self, done: int, found: int) -> None:
        tenth = min(9, 10 * (done - 1) // found)
        held = resident()
        if not self.most[tenth]:
            print(
                f"  {10 * tenth:3} %  {held / 1e6:6.0f} MB  {time.monotonic() - self.began:5.0f} s",
                flush=True,
            )
        self.most[tenth] = max(self.most[tenth], held)


def main() -> int:
    """Print the memory held while it is exported; 1 where it grows by more than a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="earshot-exporting-") as place:
        watch, size, at_end = asyncio.run(_measured(Path(place), given.messages))
    seconds = time.monotonic() - watch.began
    growth = max(watch.most[1:]) / watch.most[0]
    print(
        f"{given.messages} messages in {seconds:.0f} s, files of {size / 1e6:.0f} MB: most held in the first "
        f"tenth {watch.most[0] / 1e6:.0f} MB, later {max(watch.most[1:]) / 1e6:.0f} MB, growth {growth:.2f}; "
        f"{at_end / 1e6:.0f} MB when all was written and hashed"
    )
    return 0 if growth <= FLAT else 1


async def _measured(place: Path, messages: int) -> tuple[Watch, int, int]:
    book = codebook()
    async with row_store(place) as (database, settings):
        began = time.monotonic()
        await fill(database, book, conversations=messages // EACH, messages=EACH, seed=SEED)
        print(f"{messages} messages made in {time.monotonic() - began:.0f} s", flush=True)
        asks, approves = await two_people(database)
        gc.collect()
        watch = Watch()
        _, folder = await carry_through(
            database,
            settings,
            book,
            purpose="To see how much memory it takes",
            topic=None,
            period=parse_period(str(YEAR)),
            requested_by=asks,
            approved_by=approves,
            progress=watch,
        )
        size = await asyncio.to_thread(_size, folder)
    return watch, size, resident()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if __name__ == "__main__":
    sys.exit(main())
