"""Conversations that are masked at once do not disturb each other."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.anonymise import anonymise, find, leaks
from app.anonymise.tagger import tagged

NAMES = ("brindolf", "khadijah", "aoife", "zofia", "harpreet", "rhiannon")
TALKS = [
    [f"my son {name} wont go to teasel hill primary", f"{name} cried in {place} all of week {week}"]
    for week, (name, place) in enumerate(
        zip(NAMES * 8, ("wrexham", "nuneaton", "kirkcaldy") * 16, strict=True)
    )
]


@pytest.fixture
def _hurried() -> Iterator[None]:
    """Threads that give way to each other after every few steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hurried")
def test_what_threads_find_is_what_one_would() -> None:
    """With one tagger for all threads they come out otherwise, or not at all."""
    one_by_one = [find(texts) for texts in TALKS]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(find, TALKS))
        masked = list(threads.map(anonymise, TALKS))
        left = [
            threads.submit(leaks, texts, outcome.spans, outcome.texts)
            for texts, outcome in zip(TALKS, masked, strict=True)
        ]
    assert together == one_by_one
    assert [outcome.spans for outcome in masked] == one_by_one
    assert [leak.result() for leak in left] == [[]] * len(TALKS)


@pytest.mark.usefixtures("_hurried")
def test_the_tagger_alone_reads_the_same_in_any_thread() -> None:
    texts = [text for talk in TALKS for text in talk]
    one_by_one = [list(tagged(text)) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: list(tagged(text)), texts)) == one_by_one
