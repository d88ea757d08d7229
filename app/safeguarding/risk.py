"""Reads one text for signs that somebody is at risk: phrases, a small classifier, what words mean.

Pure: no database, no clock. A miss costs more than a false alarm, so it flags readily.
It flags; what follows is for people.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, log
from typing import NamedTuple

import numpy as np

from app.safeguarding import classifier, context, features, meanings, patterns
from app.safeguarding.rules import Category
from app.safeguarding.tokens import Window, places, windows

# In logits. docs/risk.md says what is found from here.
FLAGGED_FROM = -1.8  # how much speaks for any risk; low: a miss costs more than a false alarm
CALLED_FROM = 1.2  # the mean of that and of what speaks for one category: from here people are called
NAMED_FROM = 3.0  # a second category; its table knows no other risk, only everyday talk
# What the classifier must say by itself before anybody asks what the words mean:
NEAR, NEAR_TO_CALLED = -2.6, -0.9  # less hardly ever comes to a flag, or to a call
PLAIN = 0.5  # what a plain phrase adds
SHORT = 30  # words; each window of a longer text is one more chance of a false alarm
LONGER = 4.0  # what a text e times as long must bring more, unless a phrase says it plainly
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


class Asked(NamedTuple):
    """A text to be read: for what people are called or for all flags, and whether for plain phrases alone."""

    text: str
    calling: bool = False
    plainly: bool = False

    def __repr__(self) -> str:
        """Nothing of what a family wrote."""
        return "Asked()"


class _Read(NamedTuple):
    """A window of a text: which text, what it must bring more, and the phrases in it."""

    of: int
    window: Window
    more: float
    found: list[patterns.Hit]
    plain: list[patterns.Hit]


def detect(text: str) -> list[Flag]:
    """The risks that a text may tell of, surest first, one flag for each category; none for most texts."""
    return detect_all([Asked(text)])[0]


def detect_from_parent(text: str) -> list[Flag]:
    """The risks that a parent's text tells of so clearly that people are called; `detect` finds more."""
    return detect_all([from_parent(text)])[0]


def detect_from_staff(text: str) -> list[Flag]:
    """The risks that a coach's text may tell of: to ask about one, or to say who helps, is their work.

    They write of hard things all day, so a flag needs a phrase.
    """
    return detect_all([from_staff(text)])[0]


def from_parent(text: str) -> Asked:
    """A parent's text, as `detect_from_parent` reads it."""
    return Asked(text, calling=True)


def from_staff(text: str) -> Asked:
    """A coach's text, as `detect_from_staff` reads it."""
    tokens = [token for window in windows(text) for token in window.tokens]
    if not patterns.likely(tokens):  # and so none in any part of it
        return Asked("", plainly=True)
    said = _SENTENCE.findall(text)
    told = "\n".join(one for one in said if not one.rstrip().endswith("?") and not _HELP.search(one))
    return Asked(told, plainly=True)


def detect_all(asked: Sequence[Asked]) -> list[list[Flag]]:
    """What each text tells of, as `detect` says it. Many at once cost a fraction of each by itself."""
    best: list[dict[Category, Flag]] = [{} for _ in asked]
    read = [window for of, each in enumerate(asked) for window in _windows_of(of, each)]
    if read:
        tokens = [each.window.tokens for each in read]
        marks = [context.marks(each.window.tokens, each.found) for each in read]
        made = features.of_windows(tokens)
        numbers, window = features.each_once(made, marks)
        _, model = classifier.stored()
        net = meanings.stored()
        summed = [
            weight + (PLAIN if each.plain else -each.more)
            for each, weight in zip(read, model.weigh(numbers, window, count=len(read)).tolist(), strict=True)
        ]
        near = [
            at
            for at, (each, weight) in enumerate(zip(read, summed, strict=True))
            if weight >= (NEAR_TO_CALLED if asked[each.of].calling else NEAR)
        ]
        meant = net.weigh([tokens[at] for at in near]).tolist() if near else []
        begins = np.searchsorted(window, np.arange(len(read) + 1))
        for at, weight in zip(near, meant, strict=True):
            each, brought = read[at], summed[at] + weight
            text, calling, _ = asked[each.of]
            if brought < FLAGGED_FROM:
                continue
            by_category = model.by_category(numbers[begins[at] : begins[at + 1]])
            if calling and (brought + max(by_category.values())) / 2 < CALLED_FROM:
                continue
            alone = summed[at] >= FLAGGED_FROM  # then its words say why, else what they mean does
            shares = partial(model.shares, made, at) if alone else partial(net.shares, tokens[at])
            for flag in _flags(text, each, by_category, weight=brought, shares=shares):
                known = best[each.of].get(flag.category)
                if known is None or flag.score > known.score:
                    best[each.of][flag.category] = flag
    return [sorted(flags.values(), key=lambda flag: (-flag.score, flag.category)) for flags in best]


def _windows_of(of: int, asked: Asked) -> list[_Read]:
    cut = windows(asked.text)
    more = inf if asked.plainly else _longer(cut)
    read = []
    for window in cut:
        found = patterns.hits(window.tokens)
        plain = context.plain(window.tokens, found)
        if window.tokens and (plain or not asked.plainly):
            read.append(_Read(of, window, more, found, plain))
    return read


def _longer(cut: list[Window]) -> float:
    """How much more a window of this text must bring than one of a short text."""
    words = cut[-1].before + len(cut[-1].tokens)
    return LONGER * log(words / SHORT) if words > SHORT else 0.0


def _flags(
    text: str,
    read: _Read,
    weights: dict[Category, float],
    *,
    weight: float,
    shares: Callable[[], list[float]],
) -> list[Flag]:
    told = {hit.category for hit in read.plain}
    first = max(weights, key=lambda category: (category in told, weights[category]))
    named = [category for category, heavy in weights.items() if category == first or heavy >= NAMED_FROM]
    stand = places(text)[read.window.before :]
    heaviest: tuple[str, ...] = ()
    flags = []
    for category in named:
        words = _quoted(text, stand, [hit for hit in read.found if hit.category == category])
        if not words:
            words = heaviest = heaviest or _heaviest(text, stand, shares())
        flags.append(Flag(category, classifier.chance(max(weight, weights[category])), words))
    return flags


def _quoted(text: str, stand: list[tuple[int, int]], found: Iterable[patterns.Hit]) -> tuple[str, ...]:
    """The phrases as they stand in the text, in order, each once."""
    quoted = sorted({(stand[hit.first][0], stand[hit.after - 1][1]) for hit in found})
    return tuple(dict.fromkeys(text[start:end] for start, end in quoted))


def _heaviest(text: str, stand: list[tuple[int, int]], shares: Sequence[float]) -> tuple[str, ...]:
    """The words that weighed most for a risk, in the order of the text."""
    ranked = sorted(range(len(shares)), key=lambda place: -shares[place])[:SHOWN]
    heavy = sorted(place for place in ranked if shares[place] > 0) or sorted(ranked[:1])
    return tuple(dict.fromkeys(text[start:end] for start, end in (stand[place] for place in heavy)))
