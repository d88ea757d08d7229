"""Runs commands as a person types them, on a machine of their own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.db import migrate
from app.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, with lines joined that a narrow terminal would break, and its exit status."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def earshot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `earshot` with these arguments; its data lands in the test's own folder."""
    monkeypatch.setenv("EARSHOT_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["earshot", *arguments])
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        else:
            status = 0
        printed = capsys.readouterr()
        return Result(status, printed.out, printed.err)

    return run


@pytest.fixture
def ready(earshot: Run, sqlite_template: Path) -> Settings:
    """The settings of a development machine whose database is at the newest migration."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "earshot.db").write_bytes(sqlite_template.read_bytes())
    return settings


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, earshot: Run) -> None:
    """A machine that serves real families."""
    monkeypatch.setenv("EARSHOT_ENV", "production")
    monkeypatch.setenv("EARSHOT_SECRET", "a secret of this test and of nothing else")
    monkeypatch.setenv("EARSHOT_KEYS", "one:" + "A" * 43 + "=")
    monkeypatch.setenv("EARSHOT_PUBLIC_URL", "https://earshot.example")


@pytest.fixture
def current(production: None) -> None:
    """The production machine's database, brought to the newest migration."""
    migrate(load_settings())
