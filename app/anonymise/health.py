"""Hospitals, surgeries, wards and trusts, with capitals and without."""

import re
from collections.abc import Iterator

from app.anonymise.runs import CAPITAL, RUN, named_by, plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import HEALTH_WORDS, NOT_INSTITUTIONS, SCHOOL_WORDS, bag

_HEALTH_WORD = (
    r"(?:Hospital|Infirmary|Surgery|Medical Centre|Medical Practice|Health Centre|Clinic|Hospice|Practice"
    r"|Medical Group|Health Hub|Family Hub|Walk[- ][Ii]n(?: [Cc]entre)?|Minor Injuries(?: Unit)?"
    r"|Urgent Care(?: Centre)?"
    r"|Children'?s Centre|Dental Care|Dental Practice|Pharmacy|Birth Centre|Child Development Centre"
    r"|Doctors|Ward"
    r"|Wellbeing Centre|Healthy Living Centre|Day Hospital)"
)
_HEALTH = re.compile(
    rf"\b(?P<it>(?:[Tt]he[ ])?{RUN}[ ](?:(?:General|Royal"
    rf"|Children's)[ ])*{_HEALTH_WORD})\b"
)
_HEALTH_CUED = re.compile(
    rf"\b(?:seen at|born at|born in|treated at|admitted to|appointment at|ward at|assessed at|A&E at"
    rf"|(?:team|nurse|therapist|sessions?|assessment|physio|consultant|specialist|paediatrician|scan|clinic"
    rf"|inpatient|counsellor|psychiatrist)[ ](?:at|from))[ ]"
    rf"(?P<it>(?:the[ ])?{RUN}(?:'s)?(?:[ ]in[ ]{CAPITAL})?)"
)
_HEALTH_PLAIN = re.compile(
    r"(?i)\b(?:at|to|in|on|from|under|by|outside|of|near|the|is|was|with|via|our|her|his)\s"
    r"(?P<it>(?P<name>[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?)"
    r"\s(?:general|infirmary|hospital|royal infirmary|general hospital|childrens|children's|surgery"
    r"|medical centre|medical practice"
    r"|health centre|royal|university hospital|memorial|cottage hospital|hospice|a&e"
    r"|a and e|walk[- ]in(?: centre)?|minor injuries(?: unit)?|urgent care(?: centre)?|health hub|family hub"
    r"|medical group|doctors surgery|dental practice|dental surgery|birth centre|child development centre"
    r"|gp surgery"
    r"|children'?s centre|ward|maternity(?: unit)?))\b(?!\s(?:services|social|home|homes|centre|ward|tv"
    r"|party|wellbeing))"
)
_HEALTH_OPENS = re.compile(
    r"(?i)(?:^|[.!?\n,]\s*|\b(?:and|but|so|because|that|then|when)\s)"
    r"(?P<it>[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?\s(?:general|infirmary|hospital|children'?s|royal"
    r"|surgery"
    r"|medical (?:centre|practice|group)|health (?:centre|hub)|walk[- ]in(?: centre)?|urgent care(?: centre)?"
    r"|family hub|children'?s centre|hospice|clinic|maternity|a&e|a and e))"
    r"(?=\s(?:said|says|rang|wont|won't|refused?|told|sent|lost|kept|discharged|cancelled|shut|closed|were"
    r"|diagnosed"
    r"|admitted|transferred|never|didnt|didn't|have|has)\b)"
)
_CLINIC = re.compile(
    r"(?i)(?<![\w'])(?P<it>(?P<name>[a-z][a-z'-]{2,})(?P<street>\s(?:street|st|road|rd|lane|park|house"
    r"|court|hall|green))?"
    r"\s(?:clinic|pharmacy|dental practice|surgery|hospital|infirmary|hospice|medical centre"
    r"|health centre))\b"
)
_HEALTH_SAT = re.compile(
    r"(?i)\b(?:sat in|waited in|waiting in|rushed to|ambulance to|blue lighted to|admitted to"
    r"|transferred to|discharged from"
    r"|a&e at|a and e at|a&e in|ward at|operation at|op at|op in|scan at|bloods at|born at|seen at"
    r"|consultant at|nurse at|inpatient at)\s"
    r"(?P<it>(?:the\s)?[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?)"
    r"(?=\s(?:until|till|for|all|from|last|on|with|and|at|when|because|since|again|this|yesterday"
    r"|today)\b|[.,!?]|$)"
)


_WARD_NUMBER = re.compile(r"(?i)\b(?P<it>ward\s(?:[a-h]?\d{1,3}[a-h]?|[a-h]\b))")
_YSBYTY = re.compile(
    r"(?i)\b(?P<it>ysbyty(?:\s(?:y|yr))?\s[a-z\u00c0-\u017f]+(?:\s(?:clwyd|maelor|fawr|cwm|fan))?)\b"
)
_DOCTORS = re.compile(r"(?i)\b(?P<it>(?:dr|doctor)s?\.?\s[a-z'-]+\s(?:surgery|practice))\b")
_TRUST = re.compile(
    rf"\b(?P<it>{RUN}(?:[ ](?:and"
    rf"|&)[ ]{CAPITAL})*)(?=(?:[ ]\ue000+)?(?:[ ]Foundation)?[ ](?:NHS[ ])?(?:Foundation[ ])?[Tt]rust\b"
    rf"|[ ](?:health|healthcare)[ ](?:\ue000|trust|board))"
)
_TRUST_NAMED = re.compile(
    rf"\b(?P<it>{CAPITAL}(?:[ ](?:(?:and|&)[ ])?{CAPITAL}){{0,3}}[ ](?:Healthcare|Partnership"
    rf"|Health(?:[ ]Board)?))\b"
)
_NOT_HEALTH = frozenset(
    [
        *(
            "mental",
            "public",
            "sexual",
            "physical",
            "child",
            "womens",
            "women's",
            "oral",
            "gut",
            "occupational",
        ),
        *(
            "world",
            "primary",
            "family",
            "parent",
            "parents",
            "teacher",
            "strategic",
            "civil",
            "home",
            "school",
        ),
        *("national", "social", "community", "young", "local", "digital", "good", "poor", "bad", "health"),
    ]
)
_NO_WARD = frozenset(
    [
        *(
            "childrens",
            "children's",
            "child",
            "maternity",
            "labour",
            "acute",
            "health",
            "general",
            "adult",
            "baby",
        ),
        *(
            "paediatric",
            "paeds",
            "postnatal",
            "antenatal",
            "natal",
            "hospital",
            "dependency",
            "psychiatric",
            "psych",
        ),
        *(
            "medical",
            "surgical",
            "secure",
            "locked",
            "disorder",
            "the",
            "same",
            "this",
            "that",
            "a",
            "his",
            "her",
        ),
        *(
            "assessment",
            "admissions",
            "day",
            "short",
            "stay",
            "neonatal",
            "special",
            "care",
            "cancer",
            "burns",
        ),
        *(
            "isolation",
            "mixed",
            "wrong",
            "right",
            "busy",
            "new",
            "another",
            "other",
            "which",
            "what",
            "whole",
        ),
        *(
            "to",
            "on",
            "off",
            "of",
            "my",
            "our",
            "their",
            "open",
            "stroke",
            "heart",
            "adolescent",
            "camhs",
            "cardiac",
        ),
        *(
            "renal",
            "respiratory",
            "oncology",
            "orthopaedic",
            "council",
            "electoral",
            "us",
            "mum's",
            "next",
            "each",
        ),
        *(
            "main",
            "nearest",
            "local",
            "nhs",
            "gp",
            "doctors",
            "our",
            "birth",
            "mobile",
            "stay",
            "been",
            "in",
            "and",
        ),
    ]
)

_KINDS = frozenset(
    [
        *("general", "infirmary", "hospital", "royal", "children", "surgery", "medical", "health"),
        *("university", "ward", "memorial", "cottage", "hospice", "walk", "minor", "urgent", "hub"),
        *("doctor", "dental", "birth", "child", "e", "maternity", "clinic", "pharmacy", "practice"),
        *("healthy", "wellbeing", "day", "gp"),
    ]
)


def health_services(text: str) -> Iterator[Span]:
    """Hospitals, surgeries, wards and trusts."""
    if not bag(text).isdisjoint(_KINDS):
        yield from _before_a_kind(text)
    if not text.islower():
        yield from named_by(_HEALTH_CUED, text, "HEALTH_ORG", 0.84, "a name after a word of being seen")
        yield from _trusts(text)
    for match in _HEALTH_SAT.finditer(text):
        words = match["it"].split(" ")
        if all(unlikely(word) for word in words if word.casefold() != "the"):
            yield Span(*match.span("it"), "HEALTH_ORG", 0.72, "places", "a word after being taken to")
    for match in _YSBYTY.finditer(text):
        yield Span(*match.span("it"), "HEALTH_ORG", 0.95, "places", "a Welsh hospital's name")


def _before_a_kind(text: str) -> Iterator[Span]:
    """Names before a word that says what kind of health service it is."""
    yield from named_by(_HEALTH, text, "HEALTH_ORG", 0.92, "a name before a word for a health service")
    for pattern in (_HEALTH_PLAIN, _HEALTH_OPENS):
        for match in pattern.finditer(text):
            yield from _told_by_kind(match)
    for match in _CLINIC.finditer(text):
        if not plain(match["name"]) and (unlikely(match["name"]) or match["street"]):
            reason = "a name before a word for a clinic"
            yield Span(*match.span("it"), "HEALTH_ORG", 0.76, "places", reason)
    for pattern in (_WARD_NUMBER, _DOCTORS):
        for match in pattern.finditer(text):
            yield Span(*match.span("it"), "HEALTH_ORG", 0.95, "places", "a ward or a surgery by its form")


def _trusts(text: str) -> Iterator[Span]:
    for pattern in (_TRUST, _TRUST_NAMED):
        for match in pattern.finditer(text):
            words = match["it"].casefold().split(" ")
            words = words[:-1] if pattern is _TRUST_NAMED else words
            if words and words[-1] not in _NOT_HEALTH | SCHOOL_WORDS and not all(map(plain, words)):
                yield Span(*match.span("it"), "HEALTH_ORG", 0.8, "places", "a name before a word for a trust")


def _told_by_kind(match: re.Match[str]) -> Iterator[Span]:
    words = match["it"].split(" ")
    while words and (plain(words[0]) or words[0].casefold() in NOT_INSTITUTIONS | _NO_WARD):
        words.pop(0)
    telling = [
        word
        for word in words
        if word.casefold() not in SCHOOL_WORDS | HEALTH_WORDS | _NO_WARD
        and word.casefold() != "ward"
        and not plain(word)
    ]
    if telling and telling[0] == words[0]:
        start = match.end("it") - len(" ".join(words))
        yield Span(
            start, match.end("it"), "HEALTH_ORG", 0.78, "places", "words before a word for a health service"
        )
