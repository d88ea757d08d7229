"""Schools, health services, addresses, places, councils and employers."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span
from app.anonymise.words import MONTHS, NATIONS, ORDINARY, SCHOOL_WORDS, WORD_NAMES, flags_of, long_places

_CAP = r"(?:[A-Z][\w'\u2019-]*)"
_JOIN = r"(?:of|the|and|&|in|upon|on|le|C\s?of\s?E|CofE|CE|RC|VA|VC)"
_RUN = rf"(?:{_CAP}\.?(?:[ ](?:{_JOIN}[ ])*{_CAP}\.?){{0,5}})"
_SCHOOL_WORD = (
    r"(?:Primary|Infants?|Juniors?|Secondary|High|Grammar|Academy|Comprehensive|Comp|College|Nursery|"
    r"Pre-?school|Prep(?:aratory)?|Middle|Upper|Lower|Special|Sixth Form|Community|Free|School|PRU)"
)
_SCHOOL = re.compile(rf"\b(?P<it>{_RUN}(?:[ ](?:{_JOIN}[ ])*{_SCHOOL_WORD})+)\b")
_SCHOOL_PLAIN = re.compile(
    r"(?i)(?:\b(?:at|to|from|in|attends?|called|named|joined|left)\s"
    r"|\()\s*(?P<it>(?:the\s+)?[a-z][\w'\u2019-]+"
    r"(?:\s+[a-z][\w'\u2019-]+)?\s+(?:primary|infants|juniors?|secondary|high|grammar|academy"
    r"|comprehensive|nursery|"
    r"college)(?:\s+school|\s+academy)?)\b"
)
_SCHOOL_SAINT = re.compile(
    rf"\b(?P<it>(?:St|Saint|Our Lady|Holy|Sacred)\.?[ ]{_CAP}(?:[ ](?:and|&|of)[ ]{_CAP}|[ ]{_CAP})*)"
)
_SCHOOL_PUPILS = re.compile(
    rf"\b(?P<it>{_CAP}(?:[ ]{_CAP}){{0,3}}[ ](?:Girls|Boys))\b(?:'|\u2019)?(?![ ]School)"
)
_SCHOOL_YEAR = re.compile(
    rf"\b(?:goes to|go to|went to|attends?|starts at|started at|pupil at|place at|enrolled at"
    rf"|on roll at|is at)[ ]"
    rf"(?P<it>{_RUN})"
)
_WELSH_SCHOOL = re.compile(rf"\b(?P<it>Ysgol(?:[ ](?:y|yr|Gyfun|Gymraeg|Uwchradd|Gynradd|{_CAP})){{1,5}})")
_WELSH_PLAIN = re.compile(
    r"\b(?P<it>ysgol (?:(?:y|yr|gyfun|gymraeg|uwchradd|gynradd) )*"
    r"(?:glan|bryn|bro|pen|dyffryn|maes|cwm|coed|st|sant) [a-z]+)\b"
)
_HEALTH_WORD = (
    r"(?:Hospital|Infirmary|Surgery|Medical Centre|Medical Practice|Health Centre|Clinic|Hospice|Practice)"
)
_HEALTH = re.compile(
    rf"\b(?P<it>(?:[Tt]he[ ])?{_RUN}[ ](?:(?:General|Royal|Children's)[ ])*{_HEALTH_WORD})\b"
)
_HEALTH_CUED = re.compile(
    rf"\b(?:seen at|born at|born in|treated at|admitted to|appointment at|ward at|assessed at|A&E at)[ ]"
    rf"(?P<it>(?:the[ ])?{_RUN}(?:'s)?(?:[ ]in[ ]{_CAP})?)"
)
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|close|drive|crescent|cres|gardens|gdns|terrace"
    r"|grove|way|court|place|"
    r"square|mews|hill|row|walk|rise|parade|green|gate|park|view|estate)"
)
_ADDRESS = re.compile(
    rf"(?i)\b(?P<it>(?:(?:flat|apartment|unit|house|no\.?|number)\s*)?\d{{1,4}}[a-h]?,?\s+"
    rf"(?P<name>[a-z][a-z'\u2019-]+(?:\s+[a-z][a-z'\u2019-]+){{0,2}})\s+{_STREET})\b(?!')"
)
_ADDRESS_FLAT = re.compile(
    r"(?i)\b(?P<it>(?:flat|apartment|unit)\s+\d{1,4}[a-h]?(?:,?\s+[A-Z][\w'-]+(?:\s(?:House|Court))?)?)\b"
)
_ADDRESS_PLAIN = re.compile(
    rf"\b(?P<it>{_CAP}(?:[ ]{_CAP}){{0,2}}[ ](?:Street|Road|Rd|Avenue|Ave|Lane|Close|Drive"
    rf"|Crescent|Gardens|Terrace|"
    r"Grove|Way|Court|Gate|Mews|Row|Estate|Walk|Rise))\b"
)
_COUNCIL = re.compile(
    rf"\b(?P<it>{_RUN})[ ](?:(?:County|City|Borough|District|Metropolitan|Town)[ ])*"
    r"(?:[Cc]ouncil|[Ll]ocal [Aa]uthority|LA|SENDIASS|[Ss]ocial [Ss]ervices|MASH|CAMHS)\b"
)
_EMPLOYER = re.compile(
    rf"\b(?:[Ww]ork(?:s|ed|ing)?|job|manager|employed|nurse|shifts?)[ ](?:at|for|in)[ ](?P<it>{_RUN})"
)
_PLACE = re.compile(
    rf"\b(?:[Ll]iv(?:e|es|ed|ing) (?:in|near|at|outside)|[Mm]ov(?:e|ed|ing) (?:to|from|back to)"
    rf"|[Ff]rom|[Ii]n|[Nn]ear|"
    rf"[Aa]round|[Oo]utside)[ ](?P<it>{_RUN})"
)
_WORDS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_PLACE_CUE = re.compile(r"(?i)\b(?:in|from|to|near|at|around|outside|of|live|town|city)\s+$")


def placed(text: str) -> Iterator[Span]:
    """Everything in the text that says where: institutions first, as they hide the places in their names."""
    yield from _named(_SCHOOL, text, "SCHOOL", 0.9, "a name before a word for a school")
    yield from _named(
        _SCHOOL_PLAIN, text, "SCHOOL", 0.82, "words before a word for a school, with no capitals"
    )
    yield from _named(_WELSH_SCHOOL, text, "SCHOOL", 0.9, "a Welsh school's name")
    yield from _named(_WELSH_PLAIN, text, "SCHOOL", 0.82, "a Welsh school's name, with no capitals")
    yield from _named(_SCHOOL_PUPILS, text, "SCHOOL", 0.8, "a name before Girls or Boys")
    yield from _named(_SCHOOL_SAINT, text, "SCHOOL", 0.75, "a saint's name, as many schools have")
    yield from _named(_SCHOOL_YEAR, text, "SCHOOL", 0.72, "a name after a word of attending")
    yield from _named(_HEALTH, text, "HEALTH_ORG", 0.92, "a name before a word for a health service")
    yield from _named(_HEALTH_CUED, text, "HEALTH_ORG", 0.84, "a name after a word of being seen")
    for match in _ADDRESS.finditer(text):
        if not set(match["name"].casefold().split()) & ORDINARY:
            yield Span(match.start("it"), match.end("it"), "ADDRESS", 0.92, "places", "a number and a street")
    yield from _named(_ADDRESS_FLAT, text, "ADDRESS", 0.88, "a flat and its number")
    yield from _named(_ADDRESS_PLAIN, text, "ADDRESS", 0.78, "a name before a word for a street")
    yield from _named(_COUNCIL, text, "LOCAL_AUTHORITY", 0.83, "a name before a word for a council")
    yield from _named(_EMPLOYER, text, "EMPLOYER", 0.74, "a name after a word of working")
    yield from _named(_PLACE, text, "PLACE", 0.65, "a name after a word of place")
    yield from _known(text)


def _known(text: str) -> Iterator[Span]:
    """Places of the gazetteer: surely where they have a capital or a word of place before them."""
    words = list(_WORDS.finditer(text))
    for number, first in enumerate(words):
        folded = first[0].casefold()
        last = first
        for names in long_places().get(folded, ()):
            run = words[number : number + len(names)]
            if tuple(word[0].casefold() for word in run) == names:
                last = run[-1]
                break
        flags = flags_of(folded)
        if last is first and ("P" not in flags or folded in NATIONS):
            continue
        plain = last is first and ("O" in flags or folded in ORDINARY or folded in WORD_NAMES)
        cued = _PLACE_CUE.search(text, max(0, first.start() - 12), first.start()) is not None
        capital = first[0][0].isupper() and not first[0].isupper()
        if (
            last is not first
            or (cued and (capital or not plain))
            or (capital and not plain and "G" not in flags)
        ):
            yield Span(first.start(), last.end(), "PLACE", 0.68, "places", "a town, city or county")


def _named(pattern: re.Pattern[str], text: str, kind: str, score: float, reason: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        start, end = match.span("it")
        words = match["it"].split(" ")
        # A run of capitals often begins with a word that only opens the sentence.
        while words and _plain(words[0]) and words[0] != "the":
            start += len(words.pop(0)) + 1
        while words and kind in ("PLACE", "EMPLOYER", "LOCAL_AUTHORITY") and _plain(words[-1]):
            end -= len(words.pop()) + 1
        if match["it"].endswith("."):
            end -= 1
        telling = [word for word in words if not _plain(word) and word.casefold() not in SCHOOL_WORDS]
        if telling and not (kind == "PLACE" and set(map(str.casefold, telling)) <= NATIONS):
            yield Span(start, end, kind, score, "places", reason)


def _plain(word: str) -> bool:
    bare = word.casefold().strip("'.,\u2019").replace("\u2019", "'").removesuffix("'s")
    return bare in ORDINARY | MONTHS or bare.replace("'", "") in ORDINARY
