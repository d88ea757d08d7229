"""The small invented content, and the charity's own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.content.nodes import ContentError, Mistake
from app.content.reading import read_content
from app.content.rules import Content
from app.settings import PROJECT

INVENTED = PROJECT / "tests" / "data" / "content"


@pytest.fixture(scope="session")
def invented() -> Content:
    """A small content that holds each kind of thing once or twice."""
    return read_content(INVENTED)


@pytest.fixture(scope="session")
def charity() -> Content:
    """What the charity writes."""
    return read_content(PROJECT / "content")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented content that a test may spoil."""
    return shutil.copytree(INVENTED, tmp_path / "content")


Spoil = Callable[[str, str, str], None]


@pytest.fixture
def spoil(folder: Path) -> Spoil:
    """Put other words into a file of the copy, once, where the old words stand."""

    def spoil_once(file: str, old: str, new: str) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil_once


@pytest.fixture
def mistakes(folder: Path) -> Callable[[], tuple[Mistake, ...]]:
    """Read the copy, which must be refused, and give what was said to be wrong."""

    def read() -> tuple[Mistake, ...]:
        with pytest.raises(ContentError) as refused:
            read_content(folder)
        for mistake in refused.value.mistakes:
            assert str(mistake) in str(refused.value)
        return refused.value.mistakes

    return read
