"""Writes docs/performance.md: what a whole run measured, and on what."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from app import clock
from app.settings import PROJECT
from benchmarks import earshot

PAGE = PROJECT / "docs" / "performance.md"
TEMPLATE = Path(__file__).parent / "performance.md.j2"
PACKAGES = ("uvicorn", "uvloop", "websockets", "msgspec", "asyncpg", "fastapi", "sqlmodel", "sqlalchemy")


@dataclass(slots=True)
class Parts:
    """The tables so far, in order, by their titles."""

    runs: int
    seconds: float
    tables: list[tuple[str, str]] = field(default_factory=list)

    def add(self, title: str, text: str) -> None:
        """One more."""
        self.tables.append((title, text))


def write(parts: Parts, database: str, *, ended: str = "") -> None:
    """Put the page together; `ended` is why the run ended before its end."""
    machine = (
        ("measured on", f"{clock.now().astimezone(UTC):%d %B %Y}"),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release().split('-')[0]}"),
        ("Python", platform.python_version()),
        ("packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        ("PostgreSQL", database),
    )
    PAGE.write_text(page(parts, machine, ended=ended))


def page(parts: Parts, machine: Sequence[tuple[str, str]], *, ended: str = "") -> str:
    """The page's text."""
    markdown = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (no HTML)
    return markdown.from_string(TEMPLATE.read_text()).render(
        machine=machine,
        runs=parts.runs,
        seconds=f"{parts.seconds:g}",
        told=earshot.TOLD,
        parts=parts.tables,
        ended=ended,
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
