"""Schools, with capitals and without."""

import re
from collections.abc import Iterator

from app.anonymise.runs import CAPITAL, JOIN, RUN, named_by, plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, NOBODY, NOT_INSTITUTIONS, SCHOOL_WORDS, bag

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
    r"(?:(?:glan|bro|pen|dyffryn|maes|cwm|coed|st|sant) (?:(?:y|yr) )?[a-z]+|bryn [a-z]+|bryn))\b"
)
_SAINT_PLAIN = re.compile(
    r"(?i)(?<![\w'])(?P<it>(?:st|saint)\.?\s(?!st\b|and\b|the\b|in\b|is\b|to\b)[a-z][a-z'\u2019-]{2,}"
    r"(?:\s(?:and|&)\s(?:st\s)?(?!(?:its|his|hers|is|has|was|says|this|does|goes|wants|thats|kids|yes|us"
    r"|school"
    r"|teachers|always|parents|needs|hates|loves|gets|keeps|pals|friends)\b)[a-z]+s\b)?)"
)
_SCHOOL_HOLY = re.compile(
    r"(?i)\b(?P<it>(?:our lady(?:'?s)?(?: of (?:the )?\w+(?: (?:help|counsel|carmel|succour|grace|sorrows"
    r"|rosary))?)?|holy (?:trinity|family|cross|rood|name|rosary"
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
    rf"(?:\b(?i:nursery|pre-?school|playgroup|unit|school|academy|college|sixth form|secondary"
    rf"|primary|juniors|infants)|(?i:the|his|her|a|our)[ ]\ue000{{3}})[ ](?i:(?:he|she|they)(?:'s|'re| is"
    rf"| are|s)?[ ](?:(?:at|in"
    rf"|now)[ ])?(?:goes[ ]to[ ])?)?"
    rf"(?i:is called|was called|is|was|called|named)[ ](?P<it>(?:[Tt]he[ ])?{RUN})"
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
_ASIDE = re.compile(
    rf"\b(?P<it>(?:[Tt]he[ ])?{RUN})(?=[ ]\((?:an?|the|his|her|our)[ ](?:[a-z]+[ ]){{0,2}}"
    r"(?:\ue000+|school|nursery|college|unit|secondary|primary|mainstream|academy))"
)
_PLACED_AT = re.compile(
    r"(?i)\b(?:moving|moved|going|starting|started|goes|transferring|transferred|transition|back|switching"
    r"|start)\s(?:to|at)\s"
    r"(?P<it>[a-z][a-z'-]+(?:\s[a-z][a-z'-]+){0,2}?)"
    r"(?=\s(?:after|in|from|for|next)\s(?:half term|sept(?:ember)?|the (?:new|autumn|spring|summer)|term"
    r"|easter|\ue000))"
)
_ACTS = re.compile(
    rf"(?:^|[.!?\n]\s*|\b(?i:and|but|so|because|said|that)[ ])"
    rf"(?P<it>(?!(?:Mr|Mrs|Ms|Miss|Mx|Dr|Sir|PC|Nan|Auntie|Uncle|Grandma"
    rf"|Grandad)\b){CAPITAL}(?:[ ]{CAPITAL})+)"
    r"(?=[ ](?:have|has|had|are|were)[ ](?:asked|excluded|suspended|put|told|called|rung|sent|given|offered"
    r"|refused|isolated"
    r"|banned|cut|written|not)[ ](?:us|me|him|her|them|to|his|no|back)\b)"
)
# Dunmore have been awful; the Priory wont reply: a name that is spoken of as many people
_MANY_ACT = re.compile(
    rf"(?:(?:^|[.!?\n]\s*|\b(?i:and|but|so|because|said"
    rf"|that)[ ])(?P<it>(?!The\b){CAPITAL})(?=[ ](?:have|are|were)\b)"
    rf"|\b(?P<the>[Tt]he[ ]{CAPITAL})(?=[ ](?:have|wont|won't|refuse[ds]?|excluded|suspended|rang|say)\b)"
    rf"|\b(?:rang|emailed|called|phoned|contacted|at"
    rf"|left)[ ](?P<rung>the[ ]{CAPITAL})(?=[ ](?:and|but|again|to|about|on)\b"
    r"|[.,!?]|$))"
)
# What schools and units are called when people say "the" before it.
_BORNE = frozenset(
    [
        *(
            "priory",
            "grange",
            "manor",
            "willows",
            "beacon",
            "orchard",
            "haven",
            "limes",
            "cedars",
            "oaks",
            "bridge",
        ),
        *(
            "grove",
            "meadows",
            "laurels",
            "elms",
            "firs",
            "hollies",
            "chestnuts",
            "heights",
            "hermitage",
            "abbey",
        ),
        *(
            "convent",
            "deanery",
            "spinney",
            "copse",
            "glebe",
            "mount",
            "mead",
            "vale",
            "hawthorns",
            "brambles",
        ),
        *("acorns", "maltings", "links", "phoenix", "compass", "lighthouse", "harbour", "ridgeway"),
    ]
)
_CHOSEN = re.compile(
    rf"\b(?:wanted|want|got|chose|picked|prefer|preferred|visited|viewed|applied for|offered"
    rf"|given)[ ](?P<it>The[ ]{CAPITAL}(?:[ ]{CAPITAL})?)"
)
_APPOSED = re.compile(
    rf"\b(?i:nursery|pre-?school|playgroup|pru|unit|school|academy|college|sixth form|secondary"
    rf"|primary|juniors|infants|childminder'?s|provision|setting|childcare)(?:,[ ]|[ ]\("
    rf"|[ ]-[ ])(?P<it>(?:The[ ])?{RUN})"
    r"(?=[,.)!?]|[ ]-|$|[ ](?:which|who|has|have|is|are|said|says|and|but|in|wont|won't|rang)\b)"
)
_SAINTS = re.compile(r"\b(?P<it>(?:SS|Ss|ss)\.?\s[A-Za-z][\w']+\s(?:and|&)\s[A-Za-z][\w']+)")
_NURSERY_WORD = r"(?:\s(?:day\s)?(?:nursery|pre-?school|playgroup|childcare))"
_NURSERY = re.compile(
    r"(?i)\b(?P<it>(?:busy bees|bright horizons|kids planet|tiny tots|little acorns|kiddi caru|little angels"
    r"|little learners|little treasures|bright stars|monkey puzzle|banana moon|tiny toes|jack and jill"
    rf"|little explorers|little sprouts|teddy bears){_NURSERY_WORD}?)\b"
)
_GROUPS = re.compile(
    r"(?i)\b(?P<it>(?:outwood(?:\sgrange)?|harris|ark|oasis|ormiston|dixons|delta|co-?op|e-act|lift"
    r"|king'?s leadership"
    r"|david ross|tauheedul|inspiration trust|northern education|utc)\s(?:academy\s)?"
    r"(?!said|says|rang|is\b|are\b|have|has\b|wont|won't|academy|the\b|and\b|in\b|to\b"
    r"|of\b)[a-z][a-z'-]+(?:\sacademy)?)"
    r"(?=\s(?:said|says|rang|exclude[sd]?|suspended|isolate[sd]?|is|are|have|has|wont|won't|keep|sent|told"
    r"|refused?"
    r"|want|put|in|and)\b|[.,!?]|$)"
)
_LIKE_A_PLACE = re.compile(
    r"(?i)(?:^|[.!?\n,]\s*|\b(?:and|but|so|because|cos|that|from|at|to|of|by"
    r"|said|say|reckon|think|if|is|was)\s)(?P<it>(?P<name>[a-z][a-z'-]{2,})\s"
    r"(?:hill|park|lane|road|grove|green|wood|field|bank|view|meadows?|hall|manor|court|grange|bridge|cross"
    r"|oak|vale"
    r"|mount|dale|brook|heath|moor|end|common|heights|gate|valley|abbey|priory|lodge))"
    r"(?=\s(?:excluded?|suspended?|isolate[ds]?|rang|sent\s(?:him|her|them|us)|off\srolled|put\s(?:him|her"
    r"|them)"
    r"|wont\s(?:take|have|let|help|do)|refused?\s(?:to|him|her)|have\sexcluded|keep\s(?:ringing|sending"
    r"|excluding)"
    r"|(?:could|can|might|would|will)\s(?:take|have|offer|suit)|(?:have|has)\s(?:asked|said|told|sent|put|no)"
    r"|(?:wont|won't|only)\sallow|is\s(?:full|oversubscribed|an academy|a school|rated|outstanding)|ofsted"
    r"|senco|uniform|sixth form)\b)"
)
_NO_SCHOOL_BEFORE = frozenset(
    [
        *(
            "car",
            "skate",
            "water",
            "theme",
            "ball",
            "bus",
            "the",
            "our",
            "this",
            "town",
            "village",
            "city",
            "north",
        ),
        *(
            "main",
            "country",
            "play",
            "safari",
            "trampoline",
            "retail",
            "business",
            "red",
            "every",
            "that",
            "his",
            "her",
        ),
        *(
            "all",
            "long",
            "whole",
            "same",
            "other",
            "one",
            "any",
            "caravan",
            "dog",
            "local",
            "high",
            "in",
            "on",
            "my",
        ),
    ]
)

_KINDS = frozenset(
    [
        *("primary", "infant", "junior", "secondary", "high", "grammar", "academy", "comprehensive"),
        *("comp", "nursery", "college", "preschool", "pre", "school", "sixth", "form", "girl", "boy"),
    ]
)
_PLACE_WORDS = frozenset(
    [
        *("hill", "park", "lane", "road", "grove", "green", "wood", "field", "bank", "view", "meadow"),
        *("hall", "manor", "court", "grange", "bridge", "cross", "cros", "oak", "vale", "mount", "dale"),
        *("brook", "heath", "moor", "end", "common", "height", "gate", "valley", "abbey", "priory"),
        *("lodge",),
    ]
)


def schools(text: str) -> Iterator[Span]:
    """Schools."""
    if not text.islower():
        yield from _capitalised(text)
    yield from named_by(_WELSH_PLAIN, text, "SCHOOL", 0.82, "a Welsh school's name, with no capitals")
    yield from _uncapitalised(text)


def _capitalised(text: str) -> Iterator[Span]:
    """Schools by their capitals."""
    for pattern, score, reason in (
        (_SCHOOL, 0.9, "a name before a word for a school"),
        (_WELSH_SCHOOL, 0.9, "a Welsh school's name"),
        (_SCHOOL_PUPILS, 0.8, "a name before Girls or Boys"),
        (_SCHOOL_SAINT, 0.75, "a saint's name, as many schools have"),
        (_SCHOOL_YEAR, 0.72, "a name after a word of attending"),
        (_STYLED, 0.7, "a name after a style, as many schools have"),
    ):
        yield from named_by(pattern, text, "SCHOOL", score, reason)
    yield from _spoken_of_as_many(text)
    for pattern in (_NAMED, _IS_A_SCHOOL, _APPOSED, _ASIDE, _ACTS, _CHOSEN):
        for match in pattern.finditer(text):
            if not all(plain(word) or word.casefold() in SCHOOL_WORDS for word in match["it"].split(" ")):
                yield Span(*match.span("it"), "SCHOOL", 0.76, "places", "a name, and that it is a school's")


def _spoken_of_as_many(text: str) -> Iterator[Span]:
    """Names before "have" or "are" that no word is, and those with "the" that schools bear."""
    if text.isupper():
        return
    for match in _MANY_ACT.finditer(text):
        name = match["it"] or match["the"] or match["rung"]
        word = name.split(" ")[-1]
        folded = word.casefold()
        if match["it"] and (
            folded.endswith("s")
            or word.isupper()
            or folded in NOBODY | GIVEN_NAMES
            or plain(word)
            or not unlikely(word)
        ):
            continue
        if not match["it"] and folded not in _BORNE:
            continue
        yield Span(match.end() - len(name), match.end(), "SCHOOL", 0.62, "places", "a name spoken of as many")


def _uncapitalised(text: str) -> Iterator[Span]:
    """Schools by the words around them, where capitals say nothing."""
    words_there = bag(text)
    if not words_there.isdisjoint(_KINDS):
        yield from _by_kind(text)
    if not words_there.isdisjoint(_PLACE_WORDS):
        yield from _like_places(text)
    yield from _by_form(text)


def _by_kind(text: str) -> Iterator[Span]:
    for span in named_by(
        _SCHOOL_PLAIN, text, "SCHOOL", 0.82, "words before a word for a school, with no capitals"
    ):
        if text[span.start : span.end].partition(" ")[0] not in NOT_INSTITUTIONS:
            yield span
    for match in _SCHOOL_OPENS.finditer(text):
        words = match["it"].split(" ")
        while words and (plain(words[0]) or words[0].casefold() in NOT_INSTITUTIONS):
            words.pop(0)
        telling = [word for word in words if word.casefold() not in SCHOOL_WORDS and not plain(word)]
        if telling and telling[0] == words[0]:
            start = match.end("it") - len(" ".join(words))
            reason = "words before a word for a school and what it does"
            yield Span(start, match.end("it"), "SCHOOL", 0.78, "places", reason)


def _like_places(text: str) -> Iterator[Span]:
    for match in _LIKE_A_PLACE.finditer(text):
        if not plain(match["name"]) and match["name"].casefold() not in _NO_SCHOOL_BEFORE | NOT_INSTITUTIONS:
            reason = "a name like a place's that does what schools do"
            yield Span(*match.span("it"), "SCHOOL", 0.72, "places", reason)


def _by_form(text: str) -> Iterator[Span]:
    for match in _PLACED_AT.finditer(text):
        words = match["it"].split(" ")
        if any(map(unlikely, words)) and words[0].casefold() not in NOT_INSTITUTIONS and not plain(words[0]):
            yield Span(*match.span("it"), "SCHOOL", 0.74, "places", "where a child is to start")
    for pattern, reason in (
        (_SAINT_PLAIN, "a saint's name, as many schools have"),
        (_SAINTS, "two saints' names, as many schools have"),
        (_SCHOOL_HOLY, "a holy name, as many schools have"),
        (_NURSERY, "a name that many nurseries have"),
        (_GROUPS, "the name of a group of schools"),
    ):
        for match in pattern.finditer(text):
            yield Span(*match.span("it"), "SCHOOL", 0.74, "places", reason)
