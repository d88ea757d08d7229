"""Reads one text for signs that somebody is at risk: phrases and a small trained classifier.

Pure: no database, no clock. A miss costs more than a false alarm, so it flags readily.
It flags; what follows is for people.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log

from app.safeguarding import classifier, context, features, patterns
from app.safeguarding.rules import Category
from app.safeguarding.tokens import Token, windows

# In logits. docs/risk.md says what is found from here.
FLAGGED_FROM = -0.3  # low: a miss costs more than a false alarm
CALLED_FROM = 0.5  # from here people are called
NAMED_FROM = 0.0
PLAIN = 0.5  # what a plain phrase adds
SHORT = 30  # words; each window of a longer text is one more chance of a false alarm
LONGER = 3.2  # what a text e times as long must bring more, unless a phrase says it plainly
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_HELP = re.compile(
    r"\b(?:999|111|101|116 ?123|08\d\d|samaritans|samariaid|childline|helplines?|nspcc|police|heddlu|a&e|gp"
    r"|call|ring|phone|ffoniwch|refuge|safeguarding|signs of|article|advice)\b",
    re.IGNORECASE,
)
_CATEGORIES = tuple(Category)  # an enumeration is slow to go through
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
    """The risks that a parent's text tells of so clearly that people are called; `detect` finds more."""
    return _detect(text, flagged_from=CALLED_FROM)


def detect_from_staff(text: str) -> list[Flag]:
    """The risks that a coach's text may tell of: to ask about one, or to say who helps, is their work.

    They write of hard things all day, so a flag needs a phrase.
    """
    said = _SENTENCE.findall(text)
    told = "\n".join(one for one in said if not one.rstrip().endswith("?") and not _HELP.search(one))
    return _detect(told, flagged_from=FLAGGED_FROM, plainly=True)


def _detect(text: str, *, flagged_from: float, plainly: bool = False) -> list[Flag]:
    best: dict[Category, Flag] = {}
    cut = windows(text)
    more = _longer(cut)
    for tokens in cut:
        for flag in _of_window(text, tokens, flagged_from=flagged_from, more=inf if plainly else more):
            known = best.get(flag.category)
            if known is None or flag.score > known.score:
                best[flag.category] = flag
    return sorted(best.values(), key=lambda flag: -flag.score)


def _longer(cut: list[list[Token]]) -> float:
    """How much more a window of this text must bring than one of a short text."""
    words = len(cut[0]) if len(cut) == 1 else len({token.start for tokens in cut for token in tokens})
    return LONGER * log(words / SHORT) if words > SHORT else 0.0


def _of_window(text: str, tokens: list[Token], *, flagged_from: float, more: float) -> list[Flag]:
    if not tokens:
        return []
    found = patterns.hits(tokens)
    groups = features.of_tokens(tokens)
    numbers = features.flat(groups, context.marks(tokens, found))
    _, model = classifier.stored()
    plain = context.plain(tokens, found)
    weight = model["any"].weigh(numbers) + (PLAIN if plain else -more)
    if weight < flagged_from:
        return []
    return _flags(text, tokens, found=found, plain=plain, groups=groups, numbers=numbers, weight=weight)


def _flags(
    text: str,
    tokens: list[Token],
    *,
    found: list[patterns.Hit],
    plain: list[patterns.Hit],
    groups: list[features.Group],
    numbers: set[int],
    weight: float,
) -> list[Flag]:
    _, model = classifier.stored()
    weights = {category: model[category].weigh(numbers) for category in _CATEGORIES}
    told = {hit.category for hit in plain}
    first = max(_CATEGORIES, key=lambda category: (category in told, weights[category]))
    named = {first} | {category for category in _CATEGORIES if weights[category] >= NAMED_FROM}
    heaviest: tuple[str, ...] = ()
    flags = []
    for category in named:
        words = _quoted(text, tokens, [hit for hit in found if hit.category == category])
        if not words:
            words = heaviest = heaviest or _heaviest(text, tokens, groups)
        flags.append(Flag(category, classifier.chance(max(weight, weights[category])), words))
    return flags


def _quoted(text: str, tokens: list[Token], found: Iterable[patterns.Hit]) -> tuple[str, ...]:
    """The phrases as they stand in the text, in order, each once."""
    places = sorted({(tokens[hit.first].start, tokens[hit.after - 1].end) for hit in found})
    return tuple(dict.fromkeys(text[start:end] for start, end in places))


def _heaviest(text: str, tokens: list[Token], groups: list[features.Group]) -> tuple[str, ...]:
    """The words that weighed most for a risk, in the order of the text."""
    _, model = classifier.stored()
    shares = model["any"].shares(len(tokens), groups)
    ranked = sorted(range(len(tokens)), key=lambda place: -shares[place])[:SHOWN]
    heavy = sorted(place for place in ranked if shares[place] > 0) or sorted(ranked[:1])
    return tuple(dict.fromkeys(text[tokens[place].start : tokens[place].end] for place in heavy))
