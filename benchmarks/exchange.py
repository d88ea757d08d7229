"""Has other programs read an export: qualitative-coding, Taguette, and pycanon as witness of its anonymity.

Each has an environment of its own below build/readers, made when it is first needed.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from app.db import reading
from app.export.building import carry_through
from app.export.generalising import K
from app.export.models import RowGroup
from app.export.periods import parse_period
from app.settings import PROJECT
from benchmarks.invented_rows import YEAR, codebook, fill, row_store, two_people

HOME = PROJECT / "build" / "readers"
CONVERSATIONS = 1_000
SAMPLE = 40  # of them, as a project: qualitative-coding takes a second for each
SEED = 20260401
# Taguette 1.5.2 asks setuptools for what later ones have no more.
BESIDE = {"taguette": ("setuptools<81",)}
FACTS = ("main_topic", "stage", "region", "age_band", "send", "attendance")


def main() -> int:
    """Print what each program says; 1 where one refuses, or fewer agree than are promised."""
    with tempfile.TemporaryDirectory(prefix="earshot-exchange-") as place:
        folder, sample, as_they_are = asyncio.run(_exported(Path(place)))
        empty = Path(place) / "imported"
        empty.mkdir()
        failed = 0
        for name, package, arguments in (
            ("qualitative_coding", "qualitative-coding", (sample, empty)),
            ("taguette", "taguette", (folder,)),
        ):
            finished = _read_by(name, package, *arguments)
            failed += finished.returncode != 0
            said = finished.stderr[-2000:] if finished.returncode else finished.stdout.splitlines()[-1]
            print(f"{package}: {said}", flush=True)
        told, untouched = (
            _read_by("pycanon", "pycanon", path).stdout.strip()
            for path in (folder / "rows.jsonl", as_they_are)
        )
        print(f"pycanon: at least {told} agree in what is told, {untouched} in what is known")
        failed += not (told.isdecimal() and int(told) >= K and untouched == "1")
    return 1 if failed else 0


async def _exported(place: Path) -> tuple[Path, Path, Path]:
    """An export, one of a sample, and a file of the same conversations with all that is known of them."""
    book = codebook()
    async with row_store(place) as (database, settings):
        await fill(database, book, conversations=CONVERSATIONS, messages=6, seed=SEED)
        asks, approves = await two_people(database)
        (_, folder), (_, sample) = [
            await carry_through(
                database,
                settings,
                book,
                purpose="To see what other programs make of it",
                topic=None,
                period=parse_period(str(YEAR)),
                requested_by=asks,
                approved_by=approves,
                sample=size,
            )
            for size in (None, SAMPLE)
        ]
        as_they_are = place / "known.jsonl"
        async with reading(database) as session:
            groups = list(await session.scalars(select(RowGroup)))
        await asyncio.to_thread(_write_known, as_they_are, groups)
    return folder, sample, as_they_are


def _write_known(path: Path, groups: Sequence[RowGroup]) -> None:
    lines = (
        json.dumps(
            {
                "conversation": str(group.id),
                "period": f"{group.month:%Y-%m}",
                "nation": None,
                **{name: getattr(group, name) for name in FACTS},
            }
        )
        for group in groups
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_by(name: str, package: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    script = PROJECT / "benchmarks" / "readers" / f"{name}_reader.py"
    return subprocess.run(
        [_python(package), str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        # qualitative-coding 1.7.8 left a breakpoint in its import
        env={**os.environ, "PYTHONBREAKPOINT": "0"},
    )


def _python(package: str) -> str:
    home = HOME / package
    uv = [sys.executable, "-m", "uv"]
    if not (home / ".installed").exists():
        for step in (
            [*uv, "venv", "-q", "--clear", "--python", sys.executable, str(home)],
            [
                *uv,
                "pip",
                "install",
                "-q",
                "-p",
                str(home / "bin" / "python"),
                package,
                *BESIDE.get(package, ()),
            ],
        ):
            subprocess.run(step, cwd=PROJECT, check=True)
        (home / ".installed").touch()
    return str(home / "bin" / "python")


if __name__ == "__main__":
    sys.exit(main())
