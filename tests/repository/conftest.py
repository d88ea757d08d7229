"""A copy of the project in which a test may plant a fault."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MADE = (".git", ".venv", "node_modules", "build", "var", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project as it stands, tracked by a repository of its own."""
    copy = tmp_path / "tree"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*MADE))
    (copy / "node_modules").symlink_to(PROJECT / "node_modules")
    known_types = PROJECT / ".mypy_cache"
    if known_types.exists():
        shutil.copytree(known_types, copy / known_types.name)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(["git", "add", "-A"], cwd=copy, check=True)
    return copy
