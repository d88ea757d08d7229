"""Schools and health services, with capitals and without."""

import re
from collections.abc import Iterator

from app.anonymise.runs import CAPITAL, JOIN, RUN, named_by, plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import HEALTH_WORDS, NOT_INSTITUTIONS, SCHOOL_WORDS

_SCHOOL_WORD = (
    r"(?:Primary|Infants?|Juniors?|Secondary|High|Grammar|Academy|Comprehensive|Comp|College|Nursery|"
    r"Pre-?school|Prep(?:aratory)?|Middle|Upper|Lower|Special|Sixth Form|Community|Free|School|PRU)"
)
_SCHOOL = re.compile(rf"\b(?P<it>{RUN}(?:[ ](?:{JOIN}[ ])*{_SCHOOL_WORD})+)\b")
_SCHOOL_PLAIN = re.compile(
    r"(?i)(?:\b(?:at|to|into|from|in|for|of|by|near|outside|attends?|called|named|joined|left)\s"
    r"|\()\s*(?P<it>(?:the\s+)?[a-z][\w'\u2019-]+"
    r"(?:\s+[a-z][\w'\u2019-]+)?\s+(?:primary|infants|juniors?|secondary|high|grammar|academy"
    r"|comprehensive|nursery|"
    r"college)(?:\s+school|\s+academy)?)\b"
)
_SCHOOL_SAINT = re.compile(
    rf"\b(?P<it>(?:St|Saint|Our Lady|Holy|Sacred)\.?[ ]{CAPITAL}(?:[ ](?:and|&|of)[ ]{CAPITAL}"
    rf"|[ ]{CAPITAL})*)"
)
_SCHOOL_PUPILS = re.compile(
    rf"\b(?P<it>{CAPITAL}(?:[ ]{CAPITAL}){{0,3}}[ ](?:Girls|Boys))\b(?:'|\u2019)?(?![ ]School)"
)
_SCHOOL_YEAR = re.compile(
    rf"\b(?:goes to|go to|went to|attends?|starts at|started at|pupil at|place at|enrolled at"
    rf"|on roll at|is at)[ ]"
    rf"(?P<it>{RUN})"
)
_WELSH_SCHOOL = re.compile(
    rf"\b(?P<it>Ysgol(?:[ ](?:y|yr|Gyfun|Gymraeg|Uwchradd|Gynradd"
    rf"|{CAPITAL})){{1,5}})"
)
_WELSH_PLAIN = re.compile(
    r"\b(?P<it>ysgol (?:(?:y|yr|gyfun|gymraeg|uwchradd|gynradd) )*"
    r"(?:glan|bryn|bro|pen|dyffryn|maes|cwm|coed|st|sant) (?:(?:y|yr) )?[a-z]+)\b"
)
_SAINT_PLAIN = re.compile(
    r"(?i)(?<![\w'])(?P<it>(?:st|saint)\.?\s(?!st\b|and\b|the\b|in\b|is\b|to\b)[a-z][a-z'\u2019-]{2,}"
    r"(?:\s(?:and|&)\s(?:st\s)?[a-z]+s\b)?)"
)
_SCHOOL_HOLY = re.compile(
    r"(?i)\b(?P<it>(?:our lady(?: of \w+(?: \w+)?)?|holy (?:trinity|family|cross|rood|name|rosary"
    r"|child|ghost|spirit)|sacred heart|all saints|christ the king|corpus christi"
    r"|christ church|english martyrs|blessed sacrament|good shepherd|immaculate conception)"
    r"(?:\s(?:and|&|with)\s(?:st|saint)\.?\s[a-z']+)?"
    r"(?:\s(?:rc|ce|cofe|c of e|catholic|primary|infants|juniors|academy|high|school|college"
    r"|secondary))*)\b"
)
_SCHOOL_OPENS = re.compile(
    r"(?i)(?:^|[.!?\n,]\s*|\b(?:and|but|so|because|that|think|of|for|with|is|was|when)\s)"
    r"(?P<it>[a-z][\w'\u2019-]+(?:\s[a-z][\w'\u2019-]+)?\s(?:primary|infants|juniors|secondary|high"
    r"|grammar|academy|comprehensive|comp"
    r"|nursery|pre-?school|sixth form|girls|boys|school|college)(?:\sschool|\sacademy|\sprimary)?)"
    r"(?=\s(?:isolate|isolates|isolated|said|says|say|wont|won't|have|has|had|is|are|was|were|want"
    r"|wants|told|tell|excluded|exclude"
    r"|refuse|refused|keep|keeps|rang|ring|never|sent|send|put|made|make|called|emailed|just"
    r"|wouldnt|wouldn't|can|cant|can't|dont|don't|do|did|didnt|let|took|take|gave|offer|offered"
    r"|suspended|moved|reckon|think|failed|ignore|ignored)\b)"
)
_NAMED = re.compile(
    rf"\b(?i:nursery|pre-?school|playgroup|pru|unit|school|academy|college|sixth form|secondary"
    rf"|primary|juniors|infants)[ ]"
    rf"(?i:is called|was called|is|was|called|named)[ ](?P<it>(?:The[ ])?{RUN})"
)
_IS_A_SCHOOL = re.compile(
    rf"(?:^|[.!?\n]\s*|\b(?i:but|and|so|think|that)[ ])(?P<it>(?:[Tt]he[ ])?{RUN})"
    r"(?=[ ]is[ ](?:a|an|our|his|her|my|the)[ ](?:[a-z-]+[ ]){0,3}(?:school|nursery|academy|college"
    r"|pru|preschool)\b)"
)
_STYLED = re.compile(
    rf"\b(?P<it>(?:King|Queen|Bishop|Archbishop|Lord|Lady|Prince|Princess|Cardinal|Dame|Canon|Abbot"
    rf"|Duke|Earl|Archdeacon|Sir)"
    rf"[ ]{CAPITAL}(?:[ ](?:{JOIN}[ ])?{CAPITAL}){{0,3}})"
)
_HEALTH_WORD = (
    r"(?:Hospital|Infirmary|Surgery|Medical Centre|Medical Practice|Health Centre|Clinic|Hospice|Practice)"
)
_HEALTH = re.compile(
    rf"\b(?P<it>(?:[Tt]he[ ])?{RUN}[ ](?:(?:General|Royal"
    rf"|Children's)[ ])*{_HEALTH_WORD})\b"
)
_HEALTH_CUED = re.compile(
    rf"\b(?:seen at|born at|born in|treated at|admitted to|appointment at|ward at|assessed at|A&E at)[ ]"
    rf"(?P<it>(?:the[ ])?{RUN}(?:'s)?(?:[ ]in[ ]{CAPITAL})?)"
)
_HEALTH_PLAIN = re.compile(
    r"(?i)\b(?:at|to|in|from|under|by|outside|of|near|the|is|was|with|via)\s"
    r"(?P<it>(?P<name>[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?)"
    r"\s(?:general|infirmary|hospital|royal infirmary|general hospital|childrens|children's|surgery"
    r"|medical centre|medical practice"
    r"|health centre|royal|university hospital|memorial|cottage hospital|hospice|a&e"
    r"|a and e))\b(?!\s(?:services|social|home|homes|centre|ward|tv|party|wellbeing))"
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


def institutions(text: str) -> Iterator[Span]:
    """Schools and health services."""
    yield from named_by(_SCHOOL, text, "SCHOOL", 0.9, "a name before a word for a school")
    yield from named_by(
        _SCHOOL_PLAIN, text, "SCHOOL", 0.82, "words before a word for a school, with no capitals"
    )
    yield from named_by(_WELSH_SCHOOL, text, "SCHOOL", 0.9, "a Welsh school's name")
    yield from named_by(_WELSH_PLAIN, text, "SCHOOL", 0.82, "a Welsh school's name, with no capitals")
    yield from named_by(_SCHOOL_PUPILS, text, "SCHOOL", 0.8, "a name before Girls or Boys")
    yield from named_by(_SCHOOL_SAINT, text, "SCHOOL", 0.75, "a saint's name, as many schools have")
    yield from named_by(_SCHOOL_YEAR, text, "SCHOOL", 0.72, "a name after a word of attending")
    for pattern in (_NAMED, _IS_A_SCHOOL):
        for match in pattern.finditer(text):
            if not all(plain(word) or word.casefold() in SCHOOL_WORDS for word in match["it"].split(" ")):
                yield Span(*match.span("it"), "SCHOOL", 0.76, "places", "a name, and that it is a school's")
    yield from named_by(_HEALTH, text, "HEALTH_ORG", 0.92, "a name before a word for a health service")
    yield from named_by(_HEALTH_CUED, text, "HEALTH_ORG", 0.84, "a name after a word of being seen")
    yield from named_by(_STYLED, text, "SCHOOL", 0.7, "a name after a style, as many schools have")
    yield from _uncapitalised(text)


def _uncapitalised(text: str) -> Iterator[Span]:
    """Schools and health services by the words around them, where capitals say nothing."""
    for pattern, kind, reason in (
        (_HEALTH_PLAIN, "HEALTH_ORG", "words before a word for a health service"),
        (_SCHOOL_OPENS, "SCHOOL", "words before a word for a school and what it does"),
    ):
        for match in pattern.finditer(text):
            words = match["it"].split(" ")
            while words and (plain(words[0]) or words[0].casefold() in NOT_INSTITUTIONS):
                words.pop(0)
            telling = [
                word
                for word in words
                if word.casefold() not in SCHOOL_WORDS | HEALTH_WORDS and not plain(word)
            ]
            if telling and telling[0] == words[0]:
                start = match.end("it") - len(" ".join(words))
                yield Span(start, match.end("it"), kind, 0.78, "places", reason)
    for match in _HEALTH_SAT.finditer(text):
        words = match["it"].split(" ")
        if all(unlikely(word) for word in words if word.casefold() != "the"):
            yield Span(*match.span("it"), "HEALTH_ORG", 0.72, "places", "a word after being taken to")
    for pattern, kind, reason in (
        (_SAINT_PLAIN, "SCHOOL", "a saint's name, as many schools have"),
        (_SCHOOL_HOLY, "SCHOOL", "a holy name, as many schools have"),
    ):
        for match in pattern.finditer(text):
            yield Span(*match.span("it"), kind, 0.74, "places", reason)
