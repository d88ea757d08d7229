"""What a newcomer types: plain `make`, and what guards main."""

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TARGETS = {"run", "demo", "test", "check", "bench", "soak", "evaluate", "screenshots", "clean"}


def test_plain_make_lists_each_target_with_a_line() -> None:
    command = ["make", "--no-print-directory"]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    listed = dict(line.removeprefix("make ").split(maxsplit=1) for line in finished.stdout.splitlines())
    assert listed.keys() >= TARGETS
    assert all(len(line) > 10 for line in listed.values())


def test_evaluate_says_what_it_needs() -> None:
    finished = subprocess.run(
        ["make", "--no-print-directory", "evaluate", "-o", "setup"],
        cwd=PROJECT,
        env={**os.environ, "DATA": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "make evaluate DATA=folder" in finished.stdout


@pytest.mark.parametrize(
    ("check", "test", "closing", "code"),
    [
        pytest.param(0, 0, "=== 7 passed in 1.20s ===", 0, id="all is well"),
        pytest.param(1, 0, "=== 7 passed in 1.20s ===", 1, id="a check failed"),
        pytest.param(0, 2, "=== 1 failed, 6 passed in 1.20s ===", 1, id="a test failed"),
        pytest.param(0, 0, "=== no tests ran in 0.01s ===", 1, id="no test ran"),
    ],
)
def test_guard_of_main(tmp_path: Path, check: int, test: int, closing: str, code: int) -> None:
    stand_in = tmp_path / "make"
    stand_in.write_text(
        f"#!/bin/sh\ncase $2 in\ncheck) exit {check};;\ntest) echo '{closing}'; exit {test};;\nesac\n"
    )
    stand_in.chmod(0o755)
    finished = subprocess.run(
        [PROJECT / ".ci" / "run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == code
    if "passed" in closing:
        assert finished.stdout.splitlines()[-1] == closing
