"""People who are introduced: by their age, by who writes, by initials that do something."""

import re
from collections.abc import Iterator

from app.anonymise.nicknames import unlikely_word
from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, MONTHS, NOBODY, WORD_NAMES, flags_of

_NAME = r"[^\W\d_]+(?:['-][^\W\d_]+)*"
_AGED = re.compile(
    rf"(?<![\w'])(?P<it>{_NAME})(?i:,?\s(?:he'?s|she'?s|who'?s|who is|aged?|is)\s|\s?\(\s?|,\s|\s-\s)"
    r"(?i:(?:nearly|almost|just|only|aged?|now|turning)\s)?[1-9]\d?(?=\s*(?:$|[.,;)!?]|y|and\b|but\b|has"
    r"|in\s[yY])"
    r"(?!\d|\.\d))"
)
_WRITES = re.compile(
    rf"(?i)(?:^|[.!?\n]\s*)(?:(?:hi|hiya|hello|hey|ok|sorry)[,.!]?\s)?(?:it'?s|this is|just)\s(?P<it>{_NAME})"
    r"(?=,?\s(?:again|here|from (?:yesterday|earlier|this morning|last week|before))\b)"
)
_VERB = (
    r"(?:is|isn'?t|was|wasn'?t|has|hasn'?t|had|wont|won'?t|cant|can'?t|doesnt|doesn't|didnt|didn't|says"
    r"|said|hates"
    r"|loves|needs|wants|thinks|goes|went|got|gets|came|hit|hits|keeps|kept|bit|ran|told|threw|will|would"
    r"|[a-z]{3,}ed)"
)
_INITIALS = re.compile(rf"(?<![\w'&/-])(?P<it>[A-Z]\.?[A-Z]\.?)(?='s\s|\s{_VERB}\b)")
_VERBS = frozenset(
    ["will", "may", "rose", "mark", "bill", "drew", "chase", "sue", "win", "rob", "grant", "hope", "peg"]
)
_RELATIVES = frozenset(
    ["dd", "ds", "lo", "dh", "dp", "dss", "dsd", "dgs", "dgd", "mil", "fil", "sil", "bil", "bf", "gf"]
)
_KIN_AND_NAME = re.compile(
    rf"(?i)\b(?:nan|nana|nanny|nain|gran|granny|grandma|grandad|auntie|aunty|aunt|uncle"
    rf"|cousin)\s(?P<it>{_NAME})\b"
)
_WITH_INITIAL = re.compile(rf"(?<![\w'])(?P<it>(?P<first>{_NAME})\s[B-HJ-Z])(?=\.?(?:'s)?(?:\s|[,.!?)]|$))")
_LETTER = re.compile(
    rf"(?:^|[.!?\n]\s*|\b(?i:and|but|so|because|that|if|when)\s)(?P<it>[B-HJ-QSTVWZ])(?=\s{_VERB}\b)"
)
_NO_INITIALS = frozenset(
    [
        *(
            "TA",
            "EP",
            "SW",
            "HV",
            "OT",
            "LA",
            "PE",
            "TV",
            "IT",
            "ED",
            "GP",
            "HT",
            "MP",
            "UK",
            "EU",
            "US",
            "OK",
        ),
        *(
            "AP",
            "EA",
            "CP",
            "ID",
            "DA",
            "PC",
            "RE",
            "DT",
            "AI",
            "XL",
            "PS",
            "BF",
            "GF",
            "MH",
            "SS",
            "DC",
            "CC",
        ),
        *(
            "DV",
            "HR",
            "NI",
            "DH",
            "DD",
            "DS",
            "DP",
            "SA",
            "PM",
            "AM",
            "QT",
            "AN",
            "AS",
            "AT",
            "BE",
            "BY",
            "DO",
        ),
        *(
            "GO",
            "HE",
            "IF",
            "IN",
            "IS",
            "ME",
            "MY",
            "NO",
            "OF",
            "ON",
            "OR",
            "SO",
            "TO",
            "UP",
            "WE",
            "OH",
            "HI",
        ),
        *(
            "LO",
            "FB",
            "IG",
            "TT",
            "VR",
            "PR",
            "UC",
            "SN",
            "AR",
            "ET",
            "SL",
            "FS",
            "YP",
            "FE",
            "HE",
            "QA",
            "BT",
        ),
    ]
)
_KIN_NAMES = (GIVEN_NAMES | WORD_NAMES) - _VERBS
_NOBODY_ELSE = NOBODY - WORD_NAMES
_HAS_DIGIT = re.compile(r"\d")
_MAY_WRITE = re.compile(r"(?i)\b(?:again|here|from)\b")


def introduced(text: str) -> Iterator[Span]:
    """Names whose bearer's age follows, that sign on, and initials as those of whom one speaks."""
    if _HAS_DIGIT.search(text):
        for match in _AGED.finditer(text):
            if _name(match["it"], opens=match.start() == 0):
                yield Span(*match.span("it"), "PERSON", 0.8, "names", "a name before an age")
    if _MAY_WRITE.search(text):
        for match in _WRITES.finditer(text):
            if _name(match["it"], opens=False):
                yield Span(*match.span("it"), "PERSON", 0.8, "names", "who writes")
    for match in _KIN_AND_NAME.finditer(text):
        if match["it"].casefold() in _KIN_NAMES:
            yield Span(*match.span("it"), "PERSON", 0.82, "names", "a name after a word of kinship")
    if not text.isupper() and not text.islower():
        yield from _initials(text)


def _initials(text: str) -> Iterator[Span]:
    for match in _WITH_INITIAL.finditer(text):
        if _name(match["first"], opens=True):
            yield Span(*match.span("it"), "PERSON", 0.86, "names", "a name and an initial")
    for match in _LETTER.finditer(text):
        yield Span(*match.span("it"), "PERSON", 0.6, "names", "an initial of who does something")
    for match in _INITIALS.finditer(text):
        if match["it"].replace(".", "") not in _NO_INITIALS:
            yield Span(*match.span("it"), "PERSON", 0.62, "names", "initials of who does something")


def _name(word: str, *, opens: bool) -> bool:
    folded = word.casefold().removesuffix("'s")
    if folded in _NOBODY_ELSE or folded in MONTHS or folded in _RELATIVES or len(folded) < 2:
        return False
    if (
        folded in GIVEN_NAMES
        or folded in WORD_NAMES
        or ("G" in flags_of(folded) and "O" not in flags_of(folded))
    ):
        return True
    return (
        word[0].isupper() and not (opens and "O" in flags_of(folded)) and "P" not in flags_of(folded)
    ) or (unlikely_word(folded) and flags_of(folded) == "")
