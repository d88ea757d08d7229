"""What answers a question of the turn before: "How old is she?", "8"."""

import re
from collections.abc import Iterator, Sequence

from app.anonymise.age_words import NOT_AFTER, NUMBER
from app.anonymise.ages import further_ages
from app.anonymise.allowed import BLANK
from app.anonymise.nicknames import unlikely_word
from app.anonymise.runs import plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import NATIONS, NOT_INSTITUTIONS, SCHOOL_WORDS, WORD_NAMES, flags_of

_AGE_ASKED = re.compile(
    r"(?i)\b(?:how old|(?:faint|be|beth) (?:\w+ ){0,3}oed|(?:what|which) ages?"
    r"|(?:his|her|their|your|the|and|son'?s|daughter'?s|child'?s|children'?s) ages?|ages?(?=\s*\?)"
    r"|(?:under|over) (?:the age of )?(?:1?\d|five|ten|sixteen|eighteen)(?=\s*\?))(?!\w)"
)
_ASKED = (
    (
        "SCHOOL",
        re.compile(r"(?i)\b(?:what|which|name of|where|called)\b[^.?\n]*\b(?:school|nursery|college)\b"),
    ),
    (
        "HEALTH_ORG",
        re.compile(r"(?i)\b(?:what|which|name of|where)\b[^.?\n]*\b(?:hospital|surgery|clinic|ward)\b"),
    ),
    (
        "PLACE",
        re.compile(
            r"(?i)\b(?:whereabouts|where (?:do|are|in) (?:you|the)\b|where abouts|what part of|which part of"
            r"|(?:what|which) (?:area|town|city|county|council|borough|local authority|la|authority"
            r"|region))\b"
        ),
    ),
    (
        "PERSON",
        re.compile(
            r"(?i)(?:\bnames?\b|\b(?:call|are) (?:him|her|them|you) called\b|\bcall (?:him|her|them|you)\b"
            r"|\bwho(?: am i|'s|s| is| are)\b[^.?\n]*\b(?:speaking|talking|chatting|this|he|she|they|worker"
            r"|gp))"
        ),
    ),
)
_AN_AGE = re.compile(rf"(?i)(?<![\w£.:/-])(?P<it>{NUMBER})(?![\w:%]){NOT_AFTER}")
_DAYS = re.compile(r"(?i)days?$")
_LEAD = re.compile(
    r"(?i)\s*(?:(?:yes|yeah|yep|hi|hello|ok|okay|sure|well|so|um|erm|oh|sorry|it'?s|it is|its|he'?s|she'?s"
    r"|he is|she is"
    r"|they'?re|they are|we'?re|we are|i'?m|i am|we|i|he|she|they|live|lives|goes|go|to|in|at|near|around"
    r"|from|just"
    r"|outside|outskirts|of|under|is|called|name'?s|name is|my|his|her|their|our|and|my son is|this is"
    r"|the)\b[,.!]?\s*)*"
)
_RUN = re.compile(r"[^\W\d_]+(?:['.&-]*[^\W\d_]+)*\.?(?: [^\W\d_]+(?:['&-][^\W\d_]+)*){0,3}")
_STOPS = re.compile(
    r"(?i) (?:in|at|near|and|but|so|who|which|by|for|with|is|was|its|it's|just|not|near|year|if|he|she|they"
    r"|we|i|has"
    r"|have|had|outside|why|my|his|her|since|now|then|aged?|x+|thanks|thank|please|though|or)\b.*"
)
_LONGEST = 90  # characters of an answer


def answered(texts: Sequence[str]) -> Iterator[list[Span]]:
    """For each text of a conversation what answers a question that the text before it asks."""
    before = ""
    for text in texts:
        yield list(_answers(before, text)) if len(text) <= _LONGEST and before else []
        before = text


def _answers(question: str, text: str) -> Iterator[Span]:
    if _AGE_ASKED.search(question):
        for match in list(_AN_AGE.finditer(text))[_counts(question, text) :]:
            if (match["it"].casefold() == "one" and len(text) > 8) or _DAYS.search(match["it"]):
                continue
            for start, end in further_ages(text, *match.span("it")):
                yield Span(start, end, "AGE", 0.7, "answers", "a number after a question of age")
    kind = next((kind for kind, asked in _ASKED if asked.search(question)), None)
    lead = _LEAD.match(text)
    found = _RUN.match(text, lead.end() if lead else 0)
    if kind is None or found is None:
        return
    answer = _STOPS.sub("", found[0]).rstrip(".")
    if answer and _told(kind, answer.split(" "), whole=found.end() == len(text.rstrip(" .!x"))):
        start = found.start()
        yield Span(start, start + len(answer), kind, 0.72, "answers", "what answers a question")


def _counts(question: str, text: str) -> int:
    """How many numbers at an answer's beginning say how many there are: "three. 14, 9 and 3"."""
    several = re.search(r"(?i)\bhow many\b", question) and (len(_AN_AGE.findall(text)) > 2 or BLANK in text)
    return 1 if several else 0


def _told(kind: str, words: list[str], *, whole: bool) -> bool:
    """Whether these words can be what was asked for."""
    telling = [
        word
        for word in words
        if not plain(word) and word.casefold() not in SCHOOL_WORDS | NOT_INSTITUTIONS | NATIONS
    ]
    if not telling:
        return False
    if kind == "PERSON":
        return len(words) <= 2 and all(map(_like_a_name, words))
    named = any(unlikely(word) or {"P", "S"} & set(flags_of(word.casefold())) for word in telling)
    return named or (whole and len(words) <= 2 and telling == words and words[0][0].isupper())


def _like_a_name(word: str) -> bool:
    folded = word.casefold()
    return "G" in flags_of(folded) or "S" in flags_of(folded) or folded in WORD_NAMES or unlikely_word(folded)
