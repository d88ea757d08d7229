"""Reads one text for signs that somebody is at risk: phrases and a small trained classifier.

Pure: no database, no clock. A miss costs more than a false alarm, so either of the two is enough for a flag.
It flags; what follows is for people.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from app.safeguarding import classifier, context, features, patterns
from app.safeguarding.rules import Category
from app.safeguarding.tokens import Token, windows

# In logits, and low: a miss costs more than a false alarm. docs/risk.md says what is found from here.
FLAGGED_FROM = -0.75
CALLED_FROM = 4.0  # from here people are called; much lower, most long texts would call them
NAMED_FROM = 0.0
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_HELP = re.compile(
    r"\b(?:999|111|101|116 ?123|08\d\d|samaritans|samariaid|childline|helplines?|nspcc|police|heddlu|a&e|gp"
    r"|call|ring|phone|ffoniwch|refuge|safeguarding|signs of|article|advice)\b",
    re.IGNORECASE,
)
SHOWN = 4  # words that a flag shows where no phrase was found


@dataclass(frozen=True, slots=True, repr=False)
class Flag:
    """A risk that a text may tell of: how sure (0 to 1), and the words that raised it, as they were written.

    Holds what a family wrote, so no repr.
    """

    category: Category
    score: float
    words: tuple[str, ...]


def detect(text: str) -> list[Flag]:
    """The risks that a text may tell of, surest first, one flag for each category; none for most texts."""
    return _detect(text, flagged_from=FLAGGED_FROM)


def detect_from_parent(text: str) -> list[Flag]:
    """The risks that a sentence of a parent's text surely tells of: what people are called for.

    Stricter than `detect`, which long texts in everyday words set off too easily.
    """
    best: dict[Category, Flag] = {}
    for sentence in _SENTENCE.findall(text):
        for flag in _detect(sentence, flagged_from=CALLED_FROM):
            known = best.get(flag.category)
            if known is None or flag.score > known.score:
                best[flag.category] = flag
    return sorted(best.values(), key=lambda flag: -flag.score)


def detect_from_staff(text: str) -> list[Flag]:
    """The risks that a coach's text may tell of: to ask about one, or to say who helps, is their work.

    They write of hard things all day, so a flag needs a phrase.
    """
    said = _SENTENCE.findall(text)
    told = "\n".join(one for one in said if not one.rstrip().endswith("?") and not _HELP.search(one))
    return _detect(told, flagged_from=inf)


def _detect(text: str, *, flagged_from: float) -> list[Flag]:
    best: dict[Category, Flag] = {}
    for tokens in windows(text):
        for flag in _of_window(text, tokens, flagged_from=flagged_from):
            known = best.get(flag.category)
            if known is None or flag.score > known.score:
                best[flag.category] = flag
    return sorted(best.values(), key=lambda flag: -flag.score)


def _of_window(text: str, tokens: list[Token], *, flagged_from: float) -> list[Flag]:
    if not tokens:
        return []
    found = patterns.hits(tokens)
    numbers = features.flat(tokens, context.marks(tokens, found))
    _, model = classifier.stored()
    weight = model["any"].weigh(numbers)
    plain = context.plain(tokens, found)
    if weight < flagged_from and not plain:  # much small talk around it must not outweigh a plain phrase
        return []
    weights = {category: model[category].weigh(numbers) for category in Category}
    told = {hit.category for hit in plain}
    first = max(Category, key=lambda category: (category in told, weights[category]))
    named = {first} | {category for category in Category if weights[category] >= NAMED_FROM}
    flags = []
    for category in named:
        phrases = [hit for hit in found if hit.category == category]
        words = _quoted(text, tokens, phrases) or _heaviest(text, tokens, category)
        flags.append(Flag(category, classifier.chance(max(weight, weights[category])), words))
    return flags


def _quoted(text: str, tokens: list[Token], found: Iterable[patterns.Hit]) -> tuple[str, ...]:
    """The phrases as they stand in the text, in order, each once."""
    places = sorted({(tokens[hit.first].start, tokens[hit.after - 1].end) for hit in found})
    return tuple(dict.fromkeys(text[start:end] for start, end in places))


def _heaviest(text: str, tokens: list[Token], category: Category) -> tuple[str, ...]:
    """The words that weighed most for this category, in the order of the text."""
    _, model = classifier.stored()
    shares = model[category].shares(tokens)
    ranked = sorted(range(len(tokens)), key=lambda place: -shares[place])[:SHOWN]
    heavy = sorted(place for place in ranked if shares[place] > 0) or sorted(ranked[:1])
    return tuple(dict.fromkeys(text[tokens[place].start : tokens[place].end] for place in heavy))
