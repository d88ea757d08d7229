"""Hospitals, schools and surgeries that are known by name: from our own list, and from the operator's."""

import re
from collections.abc import Iterator

from app.anonymise.own import own_institutions
from app.anonymise.spans import Span
from app.anonymise.words import HEALTH_WORDS, common, flags_of, hospitals

_SAID = re.compile(
    r"(?i)\b(?:at|to|in|under|from|by|with|of|via|near|outside|into|attends?|called|left|joined|hates?"
    r"|loves?)"
    r"\s(?:the\s)?$"
)
_WORD = re.compile(r"[^\W\d_]+(?:['&-][^\W\d_]*)*")
Names = dict[str, tuple[tuple[str, ...], ...]]


def known_institutions(text: str) -> Iterator[Span]:
    """Names of the lists: one that is an ordinary word as well only after a word of place."""
    folded = set(_WORD.findall(text.casefold().replace("'", "")))
    for names, kind, reason in (
        (hospitals(), "HEALTH_ORG", "a hospital that is known"),
        (own_institutions("health"), "HEALTH_ORG", "a health service of the operator's list"),
        (own_institutions("schools"), "SCHOOL", "a school of the operator's list"),
    ):
        if not folded.isdisjoint(names):
            yield from _standing(text, names, kind, reason)


def _standing(text: str, names: Names, kind: str, reason: str) -> Iterator[Span]:
    words = [
        (match.start(), match.end(), match[0].casefold().replace("'", "")) for match in _WORD.finditer(text)
    ]
    for at, (start, _, word) in enumerate(words):
        for name in names.get(word, ()):
            run = words[at : at + len(name)]
            if tuple(found for _, _, found in run) != name:
                continue
            last = run[-1][1]
            if kind == "HEALTH_ORG":
                last = _with_kind(text, words[at + len(name) :], last)
            sure = any(map(_telling, name)) or (len(name) > 1 and names is hospitals())
            if sure or _SAID.search(text, max(0, start - 14), start):
                yield Span(start, last, kind, 0.84, "places", reason)
            break


def _with_kind(text: str, following: list[tuple[int, int, str]], last: int) -> int:
    """Where a hospital's name ends with the words that say what it is."""
    for start, end, word in following:
        if word == "and":
            continue
        if word not in HEALTH_WORDS or text[last:start] not in (" ", " and ", " & "):
            break
        last = end
    return last


def _telling(word: str) -> bool:
    return "O" not in flags_of(word) and common(word) < 4
