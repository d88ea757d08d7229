"""The tagger reads a name from what stands around it, and is the model that its card names."""

import json
from hashlib import sha256

import pytest

from app.anonymise.tagger import CARD, MODEL, tagged
from app.anonymise.tokens import tokens_of
from training import anon_texts, train_tagger


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my son brindolf wont go to school", "brindolf"),
        ("Brindolf hates school", "Brindolf"),
        ("hope is my youngest", "hope"),
    ],
)
def test_a_name_that_no_list_holds(text: str, name: str) -> None:
    assert name in [text[span.start : span.end] for span in tagged(text) if span.type == "PERSON"]


@pytest.mark.parametrize(
    "text", ["i hope it will get better in may", "he rose early", "", "\ue000", "he will not go"]
)
def test_words_that_are_no_names_here(text: str) -> None:
    assert list(tagged(text)) == []


def test_tokens_leave_possessives_out() -> None:
    assert [(token.text, token.after) for token in tokens_of("Tom's mum, o'brien 12")] == [
        ("Tom", "'s"),
        ("mum", ""),
        (",", ""),
        ("o'brien", ""),
        ("12", ""),
    ]


def test_the_model_is_its_cards_and_small() -> None:
    card = json.loads(CARD.read_text(encoding="utf-8"))
    assert sha256(MODEL.read_bytes()).hexdigest() == card["sha256"]
    assert MODEL.stat().st_size <= train_tagger.MOST


def test_the_same_seed_gives_the_same_texts() -> None:
    once, again = (list(anon_texts.texts(seed=7, each=1, hard=1, elsewhere=1, everyday=1)) for _ in range(2))
    assert once == again
    assert all(text.text[start:end].strip() for text in once for start, end, _ in text.spans)


def test_a_model_that_is_not_its_cards_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check's negative control."""
    assert train_tagger.stale() == 0
    monkeypatch.setattr(train_tagger, "source_hash", lambda: "another")
    assert train_tagger.stale() == 1
