"""Conversations that are masked at once do not disturb each other."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.export import canaries
from app.export.masking import leaking, masked

TIMES = 60


@pytest.fixture
def _hurried() -> Iterator[None]:
    """Threads that give way to each other after every few steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hurried")
def test_what_threads_mask_is_what_one_would() -> None:
    """With the anonymiser's own function, a fifth of them came out otherwise or not at all."""
    talks = [canaries.planted(seed)[0] for seed in range(TIMES)]
    one_by_one = [masked(texts).texts for texts in talks]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(masked, talks))
        found = list(threads.map(leaking, talks, together))
    assert [outcome.texts for outcome in together] == one_by_one
    assert found == [[]] * TIMES
