"""What is never masked: public helplines and services, words of the school system, year groups, sayings.

These are blanked before any detector looks, as are pseudonyms that stand in the text already.
"""

import re

from app.anonymise.spans import CLASSES
from app.anonymise.words import ROOM

BLANK = "\ue000"  # no letter, no digit, no space: no detector matches across it

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
    r"|in[ -]laws?(?= |$|[.,!?])|section \d+|regulation \d+|article \d+|covid(?:-?19)?|term [1-6])\b",
)
_SAYINGS = [
    line
    for line in (ROOM / "lists" / "sayings.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
_OF_SAYINGS = frozenset(max(re.findall(r"[a-z']+", saying), key=len) for saying in _SAYINGS)
SAYING = re.compile(rf"(?i)(?<![\w'])(?:{'|'.join(map(re.escape, _SAYINGS))})(?![\w'])")


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
        *("oliver", "hamilton", "law", "laws", "section", "regulation", "article", "covid", "term"),
    ]
)


def words_of(text: str) -> list[str]:
    """The words of a text as the lists here hold them."""
    return re.findall(r"[a-z']+", text.casefold())


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
    if not _OF_SAYINGS.isdisjoint(words):
        text = SAYING.sub(lambda match: BLANK * len(match[0]), text)
    return text
