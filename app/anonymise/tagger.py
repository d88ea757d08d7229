"""A small tagger of our own: a conditional random field that reads a name from what stands around it."""

from collections.abc import Iterator
from functools import cache

import pycrfsuite

from app.anonymise.allowed import BLANK
from app.anonymise.spans import Span
from app.anonymise.tokens import features, tokens_of
from app.anonymise.words import GIVEN_NAMES, NOBODY, ROOM, SCHOOL_WORDS, WORD_NAMES, common, flags_of

MODEL = ROOM / "model" / "tagger.crfsuite"
CARD = ROOM / "model" / "tagger.card.json"


@cache
def _model() -> pycrfsuite.Tagger:
    model = pycrfsuite.Tagger()
    model.open(str(MODEL))
    return model


def tagged(text: str) -> Iterator[Span]:
    """What the tagger takes for a name, a school, a place and the like."""
    tokens = tokens_of(text)
    if not tokens:
        return
    model = _model()
    labels = model.tag(features(tokens))
    at = 0
    while at < len(labels):
        if labels[at] == "O":
            at += 1
            continue
        kind = labels[at][2:]
        last = at
        while last + 1 < len(labels) and labels[last + 1] == f"I-{kind}":
            last += 1
        score = sum(model.marginal(labels[place], place) for place in range(at, last + 1)) / (last + 1 - at)
        start, end = tokens[at].start, tokens[last].end
        at = last + 1
        surface = text[start:end]
        if BLANK in surface or not any(letter.isalnum() for letter in surface):
            continue
        if _nobody(surface.casefold(), kind):
            continue
        if kind == "PERSON":
            end = start + len(_bare(surface))
        yield Span(
            start,
            end,
            kind,
            round(min(0.9, max(0.05, score * 0.9)), 3),
            "tagger",
            "a name by what stands around it",
        )


def _nobody(folded: str, kind: str) -> bool:
    """Whether no word of a supposed name can be one."""
    words = folded.replace("-", " ").split()
    if kind == "SCHOOL":
        return all(word in SCHOOL_WORDS or word == "ysgol" or common(word) >= 5 for word in words)
    return all(word in NOBODY and word not in WORD_NAMES for word in words)


def _bare(word: str) -> str:
    """A name without the s of a possessive whose apostrophe was left out."""
    folded = word.casefold()
    if not folded.endswith("s") or folded in GIVEN_NAMES or "G" not in flags_of(folded[:-1]):
        return word
    named = "G" in flags_of(folded)
    return word if named and common(folded) >= common(folded[:-1]) else word[:-1]
