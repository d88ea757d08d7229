"""Each check of `make check` can fail: a fault planted in a copy of the project is found and named."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
QUICK = ("imports", "ruff", "format", "typescript", "schemas", "browser", "content", "compose", "addresses")


def check(tree: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run these checks of the copy."""
    command = [sys.executable, ".ci/check.py", *names]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=300)


def plant(path: Path, text: str) -> None:
    """Add to the end of a file, made if it is not there."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def swap(path: Path, pattern: str, replacement: str) -> None:
    """Change the first place that fits; there must be one."""
    changed, times = re.subn(pattern, replacement, path.read_text(), count=1)
    assert times == 1, f"nothing in {path.name} fits {pattern}"
    path.write_text(changed)


def stale_schema(tree: Path) -> None:
    swap(tree / "app/realtime/frames.py", r"    seq: Count\n", "    seq: Count\n    planted: Count = 0\n")


def unmigrated_table(tree: Path) -> None:
    plant(
        tree / "app/content/models.py",
        "\n\nclass Planted(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n",
    )


PLANTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "ruff": (lambda tree: plant(tree / "app/planted.py", "import os\n"), "F401"),
    "format": (lambda tree: plant(tree / "app/planted.py", "x  =  1\n"), "planted.py"),
    "mypy": (lambda tree: plant(tree / "app/clock.py", "\nPLANTED: int = 'text'\n"), "app/clock.py"),
    "imports": (lambda tree: plant(tree / "app/clock.py", "\nfrom app import db\n"), "app.clock"),
    "typescript": (
        lambda tree: plant(tree / "app/widget/client/planted.ts", "export const n: number = 'text';\n"),
        "planted.ts",
    ),
    "schemas": (stale_schema, "schema"),
    "browser types": (
        lambda tree: plant(tree / "app/realtime/client/frames.d.ts", "export type Planted = 1;\n"),
        "frames.d.ts is stale",
    ),
    "content": (lambda tree: plant(tree / "content/codebook.yaml", "\nplanted: yes\n"), "codebook.yaml"),
    "risk model": (
        lambda tree: plant(tree / "training/risk/around.txt", "> planted\n"),
        "risk.weights is stale",
    ),
    "tagger": (
        lambda tree: plant(tree / "training/anon/texts.txt", "planted\n"),
        "tagger.crfsuite is stale",
    ),
    "ages model": (
        lambda tree: plant(tree / "training/ages/numbers.txt", "he is <#> planted\n"),
        "ages.crfsuite is stale",
    ),
    "migrations on sqlite": (unmigrated_table, "planted"),
    "migrations on postgresql": (unmigrated_table, "planted"),
    "lock": (
        lambda tree: swap(tree / "requirements.lock", r"fastapi==\S+", "starlette-only==1"),
        "does not satisfy fastapi",
    ),
    "compose": (lambda tree: plant(tree / "docker-compose.yml", "\nplanted: 1\n"), "planted"),
    "addresses": (
        lambda tree: plant(tree / "README.md", "\nSee " + "/ho" + "me/alice/notes and py" + "pi.org.\n"),
        "README.md",
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_check_finds_its_fault(tree: Path, name: str) -> None:
    fault, words = PLANTS[name]
    fault(tree)

    finished = check(tree, name)

    assert finished.returncode == 1, finished.stdout
    assert re.search(rf"^{name} +FAILED", finished.stdout, flags=re.MULTILINE)
    assert words in finished.stdout


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        pytest.param("app/attic/__init__.py", '"""A room."""\n', "app.attic", id="an unlisted room"),
        pytest.param(
            "app/reports/planted.py", '"""Reads."""\n\nfrom app.chat import models\n', "chat", id="raw text"
        ),
        pytest.param("app/queue/rules.py", "\nimport asyncio\n", "asyncio", id="a rule that is not pure"),
    ],
)
def test_import_contract_refuses(tree: Path, path: str, text: str, words: str) -> None:
    plant(tree / path, text)
    finished = check(tree, "imports")
    assert finished.returncode == 1
    assert words in finished.stdout


def test_an_unharmed_copy_passes(tree: Path) -> None:
    finished = check(tree, *QUICK)
    assert finished.returncode == 0, finished.stdout


def test_every_check_runs_though_one_failed(tree: Path) -> None:
    plant(tree / "docker-compose.yml", "\nplanted: 1\n")
    finished = check(tree, "imports", "compose", "addresses")
    lines = [line.split()[:2] for line in finished.stdout.splitlines()]
    assert ["imports", "ok"] in lines
    assert ["compose", "FAILED"] in lines
    assert ["addresses", "ok"] in lines
    assert finished.stdout.splitlines()[-1] == "2 of 3 checks passed; FAILED: compose"


def test_no_check_is_without_its_control() -> None:
    spec = importlib.util.spec_from_file_location("check", PROJECT / ".ci" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert set(PLANTS) == set(module.CHECKS)
