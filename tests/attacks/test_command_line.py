"""Addresses and folders that cannot work: a sentence and what to do, never a traceback or a password."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import PROJECT

SECRET_WORD = "quillfeather"


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        cwd=PROJECT,
        env={**bare, "EARSHOT_DATA_DIR": str(folder), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_said_plainly(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert SECRET_WORD not in ended.stderr + ended.stdout
    assert len(ended.stderr.strip().splitlines()) == 2


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("migrate",), ("staff", "list")], ids=" ".join)
def test_a_file_that_is_no_database(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear all, " * 100)
    assert_said_plainly(run(tmp_path, *command, EARSHOT_DATABASE_URL=f"sqlite:///{file}"))


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://nobody:{SECRET_WORD}@127.0.0.1:port/x",
        f"postgresql://nobody:{SECRET_WORD}@127.0.0.1:1/x",
        f"postgresql://nobody:{SECRET_WORD}@[::1/x",
        "mysql://x/y",
        "nonsense",
    ],
    ids=["port", "nobody there", "brackets", "another database", "nonsense"],
)
def test_an_address_that_leads_nowhere(tmp_path: Path, address: str) -> None:
    assert_said_plainly(run(tmp_path, "migrate", EARSHOT_DATABASE_URL=address))


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("migrate",)], ids=" ".join)
def test_a_data_folder_that_cannot_be_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert_said_plainly(run(file / "folder", *command))


def test_a_stranger_at_postgresql(tmp_path: Path, postgres_url: str) -> None:
    stranger = f"postgresql://stranger:{SECRET_WORD}@{postgres_url.rpartition('@')[2]}"
    assert_said_plainly(run(tmp_path, "staff", "list", EARSHOT_DATABASE_URL=stranger))


@pytest.mark.parametrize("name", ["EARSHOT_LIMITS__FRAME_BYTES", "EARSHOT_TIMERS__PING"])
def test_a_limit_that_nothing_can_keep(tmp_path: Path, name: str) -> None:
    ended = run(tmp_path, "migrate", **{name: "-1"})
    assert_said_plainly(ended)
    assert name in ended.stderr
