"""Runs of words with capitals, and which words tell something: what the finders of institutions share."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span
from app.anonymise.words import MONTHS, NATIONS, NOBODY, ORDINARY, SCHOOL_WORDS, flags_of

# Words before a name in lower case that are no part of it.
_CLOSING = frozenset(
    [
        *(
            "a",
            "an",
            "and",
            "at",
            "but",
            "for",
            "from",
            "her",
            "his",
            "in",
            "is",
            "it",
            "my",
            "of",
            "on",
            "our",
        ),
        *(
            "so",
            "that",
            "their",
            "this",
            "to",
            "was",
            "with",
            "your",
            "new",
            "old",
            "local",
            "nearest",
            "same",
        ),
        *("called", "named", "another", "other", "which", "like", "private", "state", "mainstream", "lovely"),
    ]
)
CAPITAL = r"(?:[A-Z][\w'\u2019-]*)"
JOIN = r"(?:of|the|and|&|in|upon|on|le|C\s?of\s?E|CofE|CE|RC|VA|VC)"
RUN = rf"(?:{CAPITAL}\.?(?:[ ](?:{JOIN}[ ])*{CAPITAL}\.?){{0,5}})"
# What stands beside a thing with a capital, and hardly beside a person: "a Yoto", "the Calm app".
_THING_BEFORE = re.compile(r"(?i)\b(?:an?|some|any|every|another|no|more|two|three)\s+$")
_THING_AFTER = re.compile(
    r"(?i)\s(?:app|box|film|movie|test|profile|course|method|diet|type|style|scale|fan|game|card|skin"
    r"|programme"
    r"|book|books|advert|number|form|coffee|poster|cream|drops|blanket|set|toy|toys|kit|theme|font)\b"
)


def named_by(pattern: re.Pattern[str], text: str, kind: str, score: float, reason: str) -> Iterator[Span]:
    """What the pattern's group `it` finds, without the ordinary words at its ends; nothing if only such."""
    for match in pattern.finditer(text):
        start, end = match.span("it")
        words = match["it"].split(" ")
        # A run of capitals often begins with a word that only opens the sentence.
        spare = _CLOSING if kind == "SCHOOL" and match["it"].islower() else None
        while words and plain(words[0]) and words[0] != "the" and (spare is None or words[0] in spare):
            start += len(words.pop(0)) + 1
        while words and kind in ("PLACE", "EMPLOYER", "LOCAL_AUTHORITY") and plain(words[-1]):
            end -= len(words.pop()) + 1
        if match["it"].endswith("."):
            end -= 1
        if kind == "PLACE" and [_initials(word) for word in words] == [True]:
            continue
        telling = [word for word in words if not plain(word) and word.casefold() not in SCHOOL_WORDS]
        if telling and not (kind == "PLACE" and set(map(str.casefold, telling)) <= NATIONS | NOBODY):
            yield Span(start, end, kind, score, "places", reason)


def plain(word: str) -> bool:
    """Whether a word is one of those that are never taken for a name."""
    bare = word.casefold().strip("'.,\u2019").replace("\u2019", "'").removesuffix("'s")
    return bare in ORDINARY | MONTHS or bare.replace("'", "") in ORDINARY


def unlikely(word: str) -> bool:
    """Whether a word is no word of everyday's, so that it may well be a place."""
    folded = word.casefold()
    return folded not in ORDINARY and "O" not in flags_of(folded)


def _initials(word: str) -> bool:
    """Whether a word is letters alone, of no town: HR, ICU."""
    return word.isupper() and 1 < len(word) < 5 and "P" not in flags_of(word.casefold())


def beside_a_thing(text: str, start: int, end: int) -> bool:
    """Whether a word stands as the name of a thing does: "a Yoto", "the Calm app"."""
    return (
        _THING_BEFORE.search(text, max(0, start - 9), start) is not None
        or _THING_AFTER.match(text, end) is not None
    )
