"""A small tagger of our own: a conditional random field that reads a name from what stands around it."""

import re
from collections.abc import Iterator
from threading import local

import pycrfsuite

from app.anonymise.allowed import BLANK
from app.anonymise.runs import beside_a_thing
from app.anonymise.spans import TAGGED, Span
from app.anonymise.tokens import Token, features, tokens_of
from app.anonymise.words import GIVEN_NAMES, MONTHS, NOBODY, ROOM, SCHOOL_WORDS, WORD_NAMES, common, flags_of

MODEL = ROOM / "model" / "tagger.crfsuite"
KINDS = tuple(f"B-{kind}" for kind in sorted(TAGGED))
SURE_OF_WORD = 0.5  # the same for a word in lower case that has a verb's or an adverb's end, or is no name's
SURE_OF_NOTHING = 0.9  # where the tagger is less sure that a word is nothing, it is taken for something
UNLIKELY = 0.3  # the tagger's own doubt, below which a word beside a thing is one
_WORDS_ENDS = (
    "ed",
    "ing",
    "ly",
    "tion",
    "ness",
    "ment",
    "ous",
    "ful",
    "less",
    "able",
    "ised",
    "ity",
    "ism",
    "virus",
)
_OF_AN_AGE = re.compile(r"(?i)(?:^|-)(?:year|yr|month|week)s?-olds?$")
_COUNT = re.compile(r"(?i)\d+(?:st|nd|rd|th)|\d{1,2}\s?[mf]")  # 3rd, 15m, 13 F
_MEDICAL = ("itis", "osis", "aemia", "plasia", "pathy", "ectomy", "ically")  # conditions, and no name's end
_VIRTUES = frozenset(
    ["grace", "faith", "hope", "joy", "patience", "charity", "chance", "will", "mercy", "pride", "harmony"]
)
_OF_VIRTUE = frozenset(
    [
        "her",
        "his",
        "my",
        "their",
        "no",
        "some",
        "any",
        "more",
        "much",
        "with",
        "of",
        "the",
        "little",
        "losing",
    ]
)
_OF_TIME = frozenset(
    ["since", "in", "by", "until", "till", "from", "last", "next", "this", "every", "or", "of"]
)
_THINGS_FOLLOW = frozenset(
    ["a", "an", "the", "one", "two", "no", "some", "any", "each", "every", "this", "that", "of", "at", "for"]
)
_TITLES = frozenset(
    [
        *(
            "mr",
            "mrs",
            "ms",
            "miss",
            "mx",
            "dr",
            "prof",
            "professor",
            "sir",
            "pc",
            "sgt",
            "dc",
            "ta",
            "hlta",
            "mam",
        ),
        *("ds", "dd", "dss", "dsd", "dgs", "dgd", "lo", "hv", "ot", "salt", "slt", "ep", "dsl", "cin", "tac"),
        *("dob", "upn", "nhs", "ref", "b&b", "b", "yr-old", "yo", "lgo", "lgsco", "ico"),
    ]
)
_NOBODY_ELSE = NOBODY - WORD_NAMES
_NEVER = (NOBODY | _TITLES) - WORD_NAMES | MONTHS
CARD = ROOM / "model" / "tagger.card.json"


# A tagger holds the one text that it was given last, so that each thread has its own.
_own = local()


def _model() -> pycrfsuite.Tagger:
    if not hasattr(_own, "model"):
        _own.model = pycrfsuite.Tagger()
        _own.model.open(str(MODEL))
    model: pycrfsuite.Tagger = _own.model
    return model


def tagged(text: str) -> Iterator[Span]:
    """What the tagger takes for a name, a school, a place and the like."""
    tokens = tokens_of(text)
    if not tokens:
        return
    model = _model()
    labels = model.tag(features(tokens))
    _waver(model, labels, tokens)
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
        if _spared(text, start, end, kind, score):
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


def _spared(text: str, start: int, end: int, kind: str, score: float) -> bool:
    """Whether what the tagger took for a name is none, by the words themselves or by the one before."""
    surface = text[start:end]
    if BLANK in surface or not any(letter.isalnum() for letter in surface):
        return True
    if _nobody(surface.casefold(), kind) or _OF_AN_AGE.search(surface) or _COUNT.fullmatch(surface):
        return True
    before = text[:start].casefold().split()[-1:]
    if surface in _VIRTUES and _OF_VIRTUE.intersection(before):
        return True
    if surface.casefold() in MONTHS and _OF_TIME.intersection(before):
        return True
    thing = score < UNLIKELY and beside_a_thing(text, start, end)
    return kind == "PERSON" and (thing or _acronym(surface, text))


def _acronym(surface: str, text: str) -> bool:
    """Whether a word is four capitals or more, in no list of names, and the text is not all capitals."""
    letters = surface.isalpha() and surface.isupper() and len(surface) > 3
    return letters and "G" not in flags_of(surface.casefold()) and not text.isupper()


def _waver(model: pycrfsuite.Tagger, labels: list[str], tokens: list[Token]) -> None:
    """Label also what the tagger takes for nothing, but without being sure: better masked than missed."""
    for at, label in enumerate(labels):
        if label != "O" or _plainly_nothing(tokens[at], tokens[at - 1].folded if at else ""):
            continue
        if model.marginal("O", at) < (SURE_OF_WORD if _hardly_name(tokens[at]) else SURE_OF_NOTHING):
            chances = [(model.marginal(kind, at), kind) for kind in KINDS]
            labels[at] = max(chances)[1]


def _hardly_name(token: Token) -> bool:
    """Whether a word looks like none of a name's: in lower case, in no list of names, with a word's end."""
    if not token.text.islower() or flags_of(token.folded) not in ("", "O"):
        return False
    return token.folded.endswith(_WORDS_ENDS) or common(token.folded) >= 3


def _plainly_nothing(token: Token, before: str) -> bool:
    """Whether a word is one that no doubt of the tagger's makes a name of."""
    if not token.text[0].isalpha() or token.folded in _NEVER:
        return True
    flags = flags_of(token.folded)
    if not token.text.islower() or "O" not in flags:
        return False
    return before in _THINGS_FOLLOW or ("G" not in flags and token.folded not in WORD_NAMES)


def _nobody(folded: str, kind: str) -> bool:
    """Whether no word of a supposed name can be one."""
    words = folded.replace("-", " ").split()
    if kind == "PERSON" and folded in _NOBODY_ELSE:
        return True
    if kind == "SCHOOL":
        return all(word in SCHOOL_WORDS or word == "ysgol" or common(word) >= 5 for word in words)
    if kind == "PERSON" and folded.endswith(_MEDICAL):
        return True
    if folded.replace(".", "").replace(" ", "") in _TITLES or words[-1] == "b&b":
        return True
    return all((word in NOBODY and word not in WORD_NAMES) or word in _TITLES for word in words)


def _bare(word: str) -> str:
    """A name without the s of a possessive whose apostrophe was left out."""
    folded = word.casefold()
    if not folded.endswith("s") or folded in GIVEN_NAMES or "G" not in flags_of(folded[:-1]):
        return word
    named = "G" in flags_of(folded)
    return word if named and common(folded) >= common(folded[:-1]) else word[:-1]
