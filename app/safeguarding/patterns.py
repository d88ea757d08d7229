"""Phrases that tell of a risk, looked for only where a window holds a word that they cannot do without."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_

from app.safeguarding.rules import Category
from app.safeguarding.tokens import CLASSES, Token, data_lines, data_words, word_of

_GAP = r"(?:\S+ ){0,3}?"
_COMMON = frozenset(data_words("common_words.txt"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase; `needs` are words or classes of which a window must hold one.

    `all_of` are such for its other elements, where they are whole words: a window must hold one of each.
    """

    category: Category
    pattern: re.Pattern[str]
    needs: frozenset[str]
    all_of: tuple[frozenset[str], ...]


def _element(text: str) -> tuple[str, frozenset[str]]:
    """The regular expression of one element, and what it stands on (empty: words that begin somehow)."""
    choices, needs = [], set()
    for choice in text.split("|"):
        if choice.endswith("*"):
            choices.append(re.escape(choice[:-1]) + r"[^/ ]*/\S+")
            needs.add(choice)
        elif choice.startswith("<"):
            choices.append(rf"[^/ ]+/{choice}")
            needs.add(choice)
        else:
            choices.append(rf"{re.escape(choice)}/\S+")
            needs.add(choice)
    return f"(?:{'|'.join(choices)}) ", frozenset(needs)


def _compiled(category: Category, line: str) -> Phrase:
    pieces, wanted = [], []
    for element in line.split():
        if element == "~":
            pieces.append(_GAP)
            continue
        piece, needs = _element(element)
        pieces.append(piece)
        wanted.append(needs)
    rare = min(wanted, key=lambda needs: (any(word in _COMMON for word in needs), len(needs)))
    whole = tuple(needs for needs in wanted if needs is not rare and not any(map(_is_beginning, needs)))
    return Phrase(category, re.compile(r"(?<= )" + "".join(pieces)), rare, whole)


def _is_beginning(need: str) -> bool:
    return need.endswith("*")


def _phrases() -> Iterator[Phrase]:
    category = None
    for line in data_lines("phrases.txt"):
        if line.startswith("["):
            category = Category(line.strip("[]"))
            continue
        assert category is not None, "a phrase stands before the first category"
        yield _compiled(category, line)


_PHRASES = tuple(_phrases())
_ELEMENTS = max(len(phrase.all_of) for phrase in _PHRASES)


def _by_need() -> tuple[dict[str, int], dict[str, int]]:
    """Phrases by a whole word or class that they need, and by how such a word begins."""
    whole: dict[str, int] = defaultdict(int)
    begun: dict[str, int] = defaultdict(int)
    for at, phrase in enumerate(_PHRASES):
        for need in phrase.needs:
            (begun if _is_beginning(need) else whole)[need.rstrip("*")] |= 1 << at
    return dict(whole), dict(begun)


def _by_element() -> list[dict[str, int]]:
    """For each place of `all_of`, the phrases by the words and classes that may stand there."""
    elements: list[dict[str, int]] = [defaultdict(int) for _ in range(_ELEMENTS)]
    for at, phrase in enumerate(_PHRASES):
        for element, needs in zip(elements, phrase.all_of, strict=False):
            for need in needs:
                element[need] |= 1 << at
    return [dict(element) for element in elements]


# Sets of phrases are whole numbers, a bit for each. Several sets stand side by side in one: the phrases that
# a word starts, and for each place of `all_of` those in which it may stand there.
_COUNT = len(_PHRASES)
_EVERY = (1 << _COUNT) - 1
_WHOLE, _BEGUN = _by_need()
_AT_ELEMENT = _by_element()
_WITHOUT = sum(
    1 << at + _COUNT * (element + 1)
    for element in range(_ELEMENTS)
    for at, phrase in enumerate(_PHRASES)
    if len(phrase.all_of) <= element
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found in a window: from which word to before which."""

    category: Category
    first: int
    after: int


def likely(tokens: Sequence[Token]) -> list[Phrase]:
    """The phrases whose words all stand somewhere in these; no other phrase can be found in them."""
    standing = reduce(or_, map(_helped_by, map(word_of, tokens)), _WITHOUT)
    found = standing & _EVERY
    for _ in range(_ELEMENTS):
        if not found:
            return []
        standing >>= _COUNT
        found &= standing
    phrases = []
    while found:
        lowest = found & -found
        phrases.append(_PHRASES[lowest.bit_length() - 1])
        found ^= lowest
    return phrases


def hits(tokens: Sequence[Token]) -> list[Hit]:
    """Every phrase in the window, once per phrase."""
    looked_for = likely(tokens)
    if not looked_for:
        return []
    line = " " + "".join(f"{token.word}/{token.kind} " for token in tokens)
    found = []
    for phrase in looked_for:
        match = phrase.pattern.search(line)
        if match:
            first = line.count(" ", 0, match.start()) - 1
            found.append(Hit(phrase.category, first, first + match[0].count(" ")))
    return found


@lru_cache(maxsize=1 << 15)
def _helped_by(word: str) -> int:
    """The phrases that this word makes worth looking for, and those in which it stands, by their elements."""
    spellings = {word, CLASSES.get(word, word)}
    started = [_WHOLE.get(each, 0) for each in spellings]
    started += [phrases for beginning, phrases in _BEGUN.items() if word.startswith(beginning)]
    standing = [
        element.get(each, 0) << _COUNT * at
        for at, element in enumerate(_AT_ELEMENT, start=1)
        for each in spellings
    ]
    return reduce(or_, started + standing)
