"""What is never masked: public helplines and services, words of the school system, year groups, sayings.

These are blanked before any detector looks, as are pseudonyms that stand in the text already.
"""

import re
from collections.abc import Iterable
from functools import cache

from app.anonymise.spans import CLASSES
from app.anonymise.words import ROOM

BLANK = "\ue000"  # no letter, no digit, no space: no detector matches across it

# The lists of what is never masked though it holds a name.
PHRASES = ("sayings", "brands", "phrases", "famous")

PSEUDONYM = re.compile(rf"\[(?:{'|'.join(CLASSES)})(?:_\d+){{0,2}}\]")

_SERVICES = re.compile(
    r"(?<![\d+])(?:0800[ -]?1111|116[ -]?123|0808[ -]?2000[ -]?247|0808[ -]?800[ -]?5000|999"
    r"|111|101|112|105)"
    r"(?!\d|[ -]\d|,?\s[a-zA-Z'-]+(?:\s[a-zA-Z'-]+)?\s(?i:street|st|road|rd|avenue|ave|lane|close|drive"
    r"|crescent|gardens|terrace|grove|way|court|place)\b)",
)
_HAS_DIGIT = re.compile(r"\d")
_SITES = re.compile(
    r"(?i)(?<![@\w.])(?:https?://)?(?:www\.)?(?:[a-z0-9-]+\.)*"
    r"(?:gov\.uk|nhs\.uk|gov\.wales|nhs\.wales|gov\.scot|childline\.org\.uk|nspcc\.org\.uk"
    r"|youngminds\.org\.uk"
    r"|ipsea\.org\.uk|samaritans\.org|mind\.org\.uk|familylives\.org\.uk|actionforchildren\.org\.uk)"
    r"(?![\w@-])(?:/[^\s\[\]<>]*)?",
)
_WORDS = re.compile(
    r"(?i)\b(?:(?:year|yr)s?\s?\d{1,2}|key stage \d|ks ?[1-5]|reception|camhs|camh|senco|sendco"
    r"|ehcps?|ehc plans?"
    r"|ehc needs assessments?|ipsea|sendiass|sendias|ofsted|gcses?|a[ -]levels?|sats|dla|(?-i:pip|PIP)"
    r"|pru|alp|send|sen|aln"
    r"|idp|ebsa|ebsna|asd|adhd|add|pda|odd|ocd|gps?|nhs|nspcc|mash|iro|lado|ewo|a ?& ?e"
    r"|childline|samaritans"
    r"|shout|young ?minds|family lives|not fine in school|square peg|parent ?talk|action for children"
    r"|a[ .]d[ .]h[ .]d|e[ .]h[ .]c[ .]p|s[ .]e[ .]n(?:[ .]d)?|c[ .]a[ .]m[ .]h[ .]s"
    r"|(?:star|player|pupil|student|man|writer|reader|artist|learner) of the (?:week|month|year"
    r"|match|day|term)"
    r"|victoria (?:sponge|line|cross|plums?)|(?:beech|oak|ash|elm|willow|rowan|hazel|maple|birch"
    r"|robins?|wrens?|kestrels?"
    r"|owls?|ladybirds?|butterfl(?:y|ies)|hedgehogs?|squirrels?) class"
    r"|(?:watch(?:ed|ing|es)?|to be|dress(?:ed)? (?:up )?as|went as|going as) (?:elsa|anna|matilda"
    r"|bluey|peppa|moana|nemo"
    r"|shrek|olaf|simba|woody|buzz|barbie|ken|mario|sonic|luigi|paddington|hermione|thomas|bing"
    r"|wonka|annie|oliver|hamilton)"
    r"|in[ -]laws?(?= |$|[.,!?])|section \d+|p[1-7](?: (?:to|into) s1)?"
    r"|regulation \d+|article \d+|covid(?:-?19)?|term [1-6])\b",
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# A hospital, a school or a street may bear a famous name, and where somebody works is no mere brand.
_NAMED_AFTER = (
    r"(?!(?:'?s)?(?: (?!(?:and|at|for|from|in|of|on|the|to|with)\b)[^\W\d_]+)? (?:academy|avenue|centre|close"
    r"|clinic|college|court|drive|high|hospice|hospital|infants?|infirmary|juniors?|lane|nursery|primary|road|school|street"
    r"|surgery|unit|ward|way)\b)"
)
_WORKING = re.compile(
    r"(?i)\b(?:work(?:s|ed|ing)?|jobs?|shifts?|nights|days|manager|employed|sacked|fired|redundant|apprenticeship"
    r"|driver|drives|cleaner|cleans|chef|carer|tills?|warehouse)\s(?:at|for|in|by|from|with)\s+(?:the\s+)?$"
)

# Somebody of the family's own may be called as a famous person is.
_SOMEBODY = re.compile(
    r"(?i)\b(?:(?:son|daughter|boy|girl|child|lad|kids?|children|baby|twins|brother|sister|husband|wife"
    r"|partner|ex|mum|dad|mother|father|nan|grandad|auntie?|uncle|cousin|nephew|niece|friends?|mate"
    r"|neighbours?|teacher|head|worker|senco|boyfriend|girlfriend)(?:'s name)?,?|called|named|name is"
    r"|name's|i'm|im|i am|this is|signed|mum to|dad to|mum of|dad of|mr|mrs|ms|miss)\s$"
)


def words_of(text: str) -> set[str]:
    """The words of a text as the lists here hold them, also without a possessive s."""
    words = set(_WORD.findall(text.casefold()))
    return (
        words
        | {word[:-2] for word in words if word.endswith("'s")}
        | {word.replace("'", "") for word in words}
    )


def _lines(name: str) -> list[str]:
    lines = (ROOM / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _by_telling_word(phrases: Iterable[str]) -> dict[str, list[str]]:
    """Phrases by the longest word of each: a text without that word does not hold the phrase."""
    found: dict[str, list[str]] = {}
    for phrase in phrases:
        word = max(_WORD.findall(phrase.casefold()), key=len)
        for form in {word.removesuffix("'s"), word.replace("'", "")}:
            found.setdefault(form, []).append(phrase)
    return found


_LISTED = {name: [phrase for line in _lines(name) for phrase in line.split(", ")] for name in PHRASES}
_FAMOUS = frozenset(_LISTED["famous"])
_PHRASES = _by_telling_word(dict.fromkeys(phrase for name in PHRASES for phrase in _LISTED[name]))


@cache
def _saying(word: str) -> re.Pattern[str]:
    """What finds the phrases that have this telling word: with and without hyphens and apostrophes."""
    longest_first = sorted(_PHRASES[word], key=len, reverse=True)
    return re.compile(rf"(?i)(?<!\w)(?<!\w')(?:{'|'.join(map(_written, longest_first))})(?:'s)?(?!'?\w)")


def _written(phrase: str) -> str:
    plain = re.escape(phrase).replace("'", "'?").replace(r"\ ", "[ -]").replace(r"\-", "[ -]?")
    return plain + _NAMED_AFTER if phrase in _FAMOUS else plain


def _blank_unless_told_of(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 30) : match.start()]
    return match[0] if _WORKING.search(before) or _SOMEBODY.search(before) else BLANK * len(match[0])


# One word of each alternative of `_WORDS`: a text without any of them holds none.
_OF_WORDS = frozenset(
    [
        *("year", "yr", "years", "yrs", "key", "ks", "reception", "camhs", "camh", "senco", "sendco"),
        *("ehcp", "ehcps", "ehc", "ipsea", "sendiass", "sendias", "ofsted", "gcse", "gcses", "level"),
        *("levels", "sats", "dla", "pip", "pru", "alp", "send", "sen", "aln", "idp", "ebsa", "ebsna"),
        *("asd", "adhd", "add", "pda", "odd", "ocd", "gp", "gps", "nhs", "nspcc", "mash", "iro", "lado"),
        *("ewo", "e", "h", "childline", "samaritans", "shout", "young", "youngminds", "family", "not"),
        *("square", "parent", "parenttalk", "action", "star", "player", "pupil", "student", "man"),
        *("writer", "reader", "artist", "learner", "victoria", "class", "elsa", "anna", "matilda"),
        *("bluey", "peppa", "moana", "nemo", "shrek", "olaf", "simba", "woody", "buzz", "barbie", "ken"),
        *("mario", "sonic", "luigi", "paddington", "hermione", "thomas", "bing", "wonka", "annie"),
        *("oliver", "hamilton", "p", "law", "laws", "section", "regulation", "article", "covid", "term"),
    ]
)


def blanked(text: str) -> str:
    """The text as the detectors see it: the same length, with what is never masked blanked out."""
    words = words_of(text)
    for pattern, there in (
        (_SITES, "." in text),
        (_SERVICES, _HAS_DIGIT.search(text) is not None),
        (_WORDS, not _OF_WORDS.isdisjoint(words)),
    ):
        if there:
            text = pattern.sub(lambda match: BLANK * len(match[0]), text)
    for word in sorted(words & _PHRASES.keys()):
        text = _saying(word).sub(_blank_unless_told_of, text)
    return text
