"""Councils, by their names and by what stands beside them."""

import re
from collections.abc import Iterator

from app.anonymise.runs import RUN, named_by, plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import COUNCILS, bag, common

_COUNCIL_KIND = r"(?:county|city|borough|district|metropolitan|town|unitary)"
_COUNCIL_BODY = (
    r"(?:council|local authority|local education authority|lea|la|sendiass|social services|social care"
    r"|children'?s (?:services|social care)"
    r"|mash|camhs|send team|education)"
)
_BODIES = frozenset(
    ["council", "authority", "lea", "la", "sendiass", "service", "care", "mash", "camh", "team", "education"]
)
_COUNCIL_PLAIN = re.compile(
    rf"(?i)\b(?P<it>(?P<name>[a-z][a-z'\u2019&-]+(?:\s(?:and|&|on|upon|under|with|of)\s[a-z]+"
    rf"|\s[a-z]+){{0,3}}?)"
    rf"(?P<kind>(?:\s{_COUNCIL_KIND}){{0,2}})\s(?P<body>{_COUNCIL_BODY}))\b"
)
_BOROUGH_OF = re.compile(
    rf"\b(?P<it>(?i:(?:the\s)?(?:london|royal|metropolitan)\s(?:royal\s)?borough|borough|city|county"
    rf"|council) (?i:of|in)[ ]{RUN})"
)
_BOROUGH_OF_PLAIN = re.compile(
    r"(?i)\b(?:the council|council|la|local authority|borough|authority) (?:in|of|for|is|here is"
    r"|down in|up in) (?P<it>[a-z][a-z&-]+(?:\s[a-z&-]+){0,3})"
)
_COUNCIL = re.compile(
    rf"\b(?P<it>{RUN})[ ](?:(?:County|City|Borough|District|Metropolitan|Town)[ ])*"
    r"(?:[Cc]ouncil|[Ll]ocal [Aa]uthority|LA|SENDIASS|[Ss]ocial [Ss]ervices|MASH|CAMHS)\b"
)
# Abbreviations that are no words, told apart by their letters alone.
_COUNCIL_ACTS = re.compile(
    r"(?i)(?:^|[.!?,\n]\s*|\b(?:and|but|so|because|cos|that|told|asked|rang|emailed|blame|fighting"
    r"|from|at|with|under|its|it's)\s)"
    r"(?P<it>[a-z][a-z&-]+(?:\s[a-z&-]+){0,4}?)"
    r"(?=\s(?:want|wants|say|says|said|refused?|wont|won't|are|have|has|named|lost|closed|keep"
    r"|keeps|reckon|told|offered|turned"
    r"|rejected|agreed|assess|assessed|did|didnt|do|dont|never|took|fined|cut|pulled|still|just"
    r"|to name|to assess|to agree"
    r"|to decide|about|again|for transport|here|i)\b|[,.!?]|$)"
)
_COUNCIL_CODE = re.compile(
    r"(?i)\b(?:rbkc|rbk|rbwm|lbhf|lbth|lbbd|bhcc|banes|b&nes|rct|northants|notts|lincs|leics|worcs"
    r"|staffs|lancs|herts|cambs"
    r"|gloucs|nelincs|south glos|clacks)\b"
    r"|\b(?:BCP|NPT|BWD|D&G|LBB|LBN|LBL|LBE|LBR|MKC|BCC|LCC|MCC|SCC|KCC|ECC|HCC|NCC|DCC|WCC|OCC|CCC)\b"
)


def councils(text: str) -> Iterator[Span]:
    """Councils by their known names, in any case, and what stands with their names."""
    if not bag(text).isdisjoint(_BODIES):
        yield from _before_a_word(text)
        yield from named_by(_COUNCIL, text, "LOCAL_AUTHORITY", 0.83, "a name before a word for a council")
    yield from named_by(_BOROUGH_OF, text, "LOCAL_AUTHORITY", 0.85, "a name after a word for a council")
    for match in _BOROUGH_OF_PLAIN.finditer(text):
        words = match["it"].split(" ")
        while words and not _council(" ".join(words)):
            words.pop()
        if words:
            end = match.start("it") + len(" ".join(words))
            yield Span(
                match.start("it"), end, "LOCAL_AUTHORITY", 0.88, "places", "a council after a word for it"
            )
    for match in _COUNCIL_ACTS.finditer(text):
        words = match["it"].split(" ")
        while words and not _council(" ".join(words)):
            words.pop(0)
        if len(words) > 1 or (words and common(words[0].casefold()) < 4):
            start = match.end("it") - len(" ".join(words))
            reason = "a council's name where it does what councils do"
            yield Span(start, match.end("it"), "LOCAL_AUTHORITY", 0.88, "places", reason)
    for match in _COUNCIL_CODE.finditer(text):
        yield Span(*match.span(), "LOCAL_AUTHORITY", 0.85, "places", "a council's abbreviation")


def _before_a_word(text: str) -> Iterator[Span]:
    for match in _COUNCIL_PLAIN.finditer(text):
        words = match["name"].split(" ")
        while words and plain(words[0]):
            words.pop(0)
        while len(words) > 1 and not _council(" ".join(words)) and not words[0][0].isupper():
            words.pop(0)
        if not words:
            continue
        name = " ".join(words)
        known = _council(name)
        if not known and not (match["kind"] and unlikely(words[-1])):
            continue
        start = match.end("name") - len(name)
        whole = match["body"].casefold() in ("council", "la", "local authority")
        end = match.end("it") if whole else match.end("kind")
        yield Span(start, end, "LOCAL_AUTHORITY", 0.9, "places", "a council's name before a word for it")


def _council(name: str) -> bool:
    folded = name.casefold()
    return folded in COUNCILS or folded.replace("&", "and") in COUNCILS
