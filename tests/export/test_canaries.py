"""Planted conversations come out clean, and a build refuses where they do not."""

import pytest

from app.anonymise import Anonymised
from app.errors import Conflict
from app.export import canaries


def test_two_hundred_planted_conversations_come_out_clean() -> None:
    assert [seed for seed in range(200) if canaries.left_standing(seed)] == []


def test_an_anonymiser_that_does_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "anonymise", lambda texts: Anonymised(texts, [[] for _ in texts]))
    with pytest.raises(Conflict):
        canaries.require_clean(1)
