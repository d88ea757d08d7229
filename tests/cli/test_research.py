"""From closed conversations to rows, an export and a report, on the command line."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app import clock
from app.rehearsal.demo import fill_past
from app.settings import Settings
from tests.cli.conftest import Run

COUNT = 30


@pytest.fixture
def past(ready: Settings) -> Settings:
    """A development machine with some past conversations, already counted and anonymised."""
    asyncio.run(fill_past(ready, count=COUNT, seed=7, progress=lambda *_: None))
    return ready


def this_and_last_year() -> list[str]:
    now = clock.now()
    return [f"{moment:%Y}" for moment in (now - timedelta(days=365), now)]


def test_rows_export_and_report_follow_each_other(earshot: Run, past: Settings) -> None:
    again = earshot("rows")
    assert again.status == 0
    assert "0 closed conversations counted." in again.out
    assert "0 conversations became 0 rows" in again.out

    found = 0
    for year in this_and_last_year():
        shown = earshot("export", "--period", year)
        assert shown.status == 0, shown.err
        [(count, folder)] = re.findall(r"^(\d+) conversations for \d+ in (.+)$", shown.out, re.MULTILINE)
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
        lines = (Path(folder) / "rows.jsonl").read_text(encoding="utf-8").splitlines()
        assert manifest["n"] == int(count) == len({json.loads(line)["conversation"] for line in lines})
        written = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}
        assert written == {*manifest["files"], "manifest.json"}
        assert {"rows.jsonl", "rows.csv"} < written
        found += int(count)
    assert 0 < found < COUNT

    for year in this_and_last_year():
        written = earshot("report", "--period", year, "--out", f"{year}.html")
        assert written.status == 0, written.err
        assert "<!doctype html>" in Path(f"{year}.html").read_text(encoding="utf-8").lower()


def test_a_report_names_its_file_by_topic_and_period(earshot: Run, past: Settings) -> None:
    assert earshot("report", "--topic", "school-refusal", "--period", "2025/26").status == 0
    assert Path("report-school-attendance-school-refusal-2025-26.html").is_file()


def test_a_report_that_cannot_be_written_is_named(earshot: Run, ready: Settings) -> None:
    shown = earshot("report", "--out", "nowhere/report.html")
    assert shown.status == 1
    assert "cannot be written" in shown.err


def test_an_export_is_asked_for_by_somebody_who_may(earshot: Run, past: Settings) -> None:
    assert earshot("export", "--as", "nobody@example.org").status == 1
    refused = earshot("export", "--as", "coach@example.org")
    assert refused.status == 1
    assert "role" in refused.err
