"""Who is called as a thing, a character or somebody famous is, by the words that say who is meant."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from app.anonymise.allowed import BLANK, SAYING, blanked
from app.anonymise.names import KIN
from app.anonymise.spans import Span
from app.anonymise.words import NOBODY, ORDINARY, bag, flags_of

_NAME = r"[^\W\d_]+(?:-[^\W\d_]+)*"
_OWN = r"(?:my|our|his|her|their)"
_ROLE = (
    rf"(?:{KIN}|caretaker|coach|(?:support )?worker|nurse|doctor|counsellor|vicar|landlord|driver|ta|deputy)"
)
_BORNE = tuple(
    re.compile(rf"(?i){pattern}")
    for pattern in (
        rf"\b(?:mr|mrs|miss|ms|mx|dr)\.? (?P<it>{_NAME})",
        rf"\b{_OWN} (?:[a-z]+ )?{KIN},? (?P<it>{_NAME})",
        rf"\b{_OWN} {KIN}(?:'s| is) (?:called|named) (?P<it>{_NAME})",
        rf"(?:^|[.!?]\s*)(?P<it>{_NAME}) (?:is|was) {_OWN} (?:[a-z]+'?s? )?(?:{KIN}|nickname)(?!['s\w])",
        rf"(?:^|[.!?]\s*)(?P<it>{_NAME}),? (?:\((?:that'?s )?)?{_OWN} {KIN}\b(?!['s])",
        rf"(?:^|[.!?]\s*|\b(?:my|our) )(?P<it>{_NAME})(?:,| is) \d{{1,2}}(?= (?:and|but)\b|[,.!?]|$)",
    )
)
_BEFORE = re.compile(
    rf"(?i)(?:\b(?:{_OWN}|the|a) {_ROLE}(?:,? |(?: is|'s|s)? (?:called|named) )"
    r"|\b(?:(?:thrown|kicked|chucked) out of|(?:excluded|expelled) from) )$"
)
_AFTER = re.compile(
    rf"(?i),? (?:the|{_OWN}) (?:[a-z]+ )?{_ROLE}(?=[,.!?)]|$)"
    rf"| \(?(?:the|{_OWN}) (?:[a-z]+ )?{_ROLE}\b(?!['s])"
    rf"|,? (?:(?:in|from) (?:year \d|{_OWN} class)|(?:from )?next door|is the name of)\b"
    r"| (?:ward|primary|infants?|juniors?|academy|nursery|preschool|surgery|practice|clinic)\b"
)
_WATCHED = re.compile(
    rf"(?i)\bwatch(?:ed|ing|es)? (?P<it>{_NAME})"
    r"(?= (?:try|hit|kick|bite|push|eat|sleep|struggle|fall|walk|cry|throw|run|closely|in case"
    r"|(?:in|on|at|from|through) the (?:playground|park|garden|gate|window|door))\b)"
)


@cache
def _alike() -> frozenset[str]:
    """The words for things that are given names or surnames as well."""
    return frozenset(word for word in NOBODY - ORDINARY if not {"G", "S"}.isdisjoint(flags_of(word)))


def namesakes(text: str) -> Iterator[Span]:
    """Known names that are also those of things, where they have a title, a relative or an age."""
    if bag(text).isdisjoint(_alike()):
        return
    for pattern in _BORNE:
        for match in pattern.finditer(text):
            if match["it"].casefold() in _alike():
                yield Span(
                    *match.span("it"), "PERSON", 0.8, "names", "a name that is famous, and whose it is"
                )


def as_seen(texts: Sequence[str]) -> list[str]:
    """The texts of one conversation with what is never masked blanked out, but for the names of who and what
    is spoken of in it.
    """
    views = [blanked(text) for text in texts]
    borne = {
        phrase[0].casefold()
        for text, view in zip(texts, views, strict=True)
        if view != text
        for phrase in SAYING.finditer(text)
        if _BEFORE.search(text, 0, phrase.start()) or _AFTER.match(text, phrase.end())
    }
    return [
        view if view == text else _shown(text, view, borne) for text, view in zip(texts, views, strict=True)
    ]


def _shown(text: str, view: str, borne: set[str]) -> str:
    places = [match.span() for match in SAYING.finditer(text) if match[0].casefold() in borne]
    places += [match.span("it") for match in _WATCHED.finditer(text)]
    for start, end in places:
        if view[start:end] == BLANK * (end - start):
            view = view[:start] + text[start:end] + view[end:]
    return view
