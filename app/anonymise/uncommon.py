"""Facts that few families share, and by which a neighbour would know them."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from app.anonymise.runs import plain, unlikely
from app.anonymise.spans import Span
from app.anonymise.words import ROOM, bag

Policy = Literal["generalise", "review"]

# Generalised: what stands in its place says all that may be said. Reviewed: masked, and a person decides.
POLICY: dict[str, Policy] = {
    "RARE_CONDITION": "generalise",
    "FAMILY_SIZE": "generalise",
    "UNUSUAL_JOB": "review",
    "LOCAL_EVENT": "review",
}


def _lines(name: str) -> list[str]:
    lines = (ROOM / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return sorted((line for line in lines if not line.startswith("#")), key=len, reverse=True)


_CONDITIONS = _lines("rare_conditions")
_JOBS = _lines("unusual_jobs")
_MANY = r"(?:six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|[6-9]|1[0-4])"
_CONDITION = re.compile(
    rf"(?i)(?<![\w'])(?P<it>(?:{'|'.join(map(re.escape, _CONDITIONS))})(?:[' ]?s)?(?:[ ](?:syndrome|disease"
    rf"|sequence))?)(?![\w'])"
)
# Any syndrome or disease by a name that nobody uses every day; those that many have are no sign.
_SYNDROME = re.compile(
    r"(?i)\b(?P<it>[a-z][a-z'-]+(?:[ -](?:de|van|von|le|la|di|[a-z'-]{3,}))?(?:[ -][a-z'-]{3,})?[ ]"
    r"(?:syndrome|disease|dystrophy|ataxia|malformation))\b"
)
_MANY_HAVE = frozenset(
    [
        *(
            "down",
            "downs",
            "down's",
            "tourette",
            "tourettes",
            "tourette's",
            "asperger",
            "aspergers",
            "asperger's",
        ),
        *(
            "irritable",
            "chronic",
            "coeliac",
            "celiac",
            "crohn",
            "crohns",
            "crohn's",
            "alzheimers",
            "alzheimer's",
        ),
        *(
            "parkinsons",
            "parkinson's",
            "lyme",
            "polycystic",
            "hypermobility",
            "hypermobile",
            "savant",
            "imposter",
        ),
        *(
            "stockholm",
            "munchausen",
            "munchausens",
            "munchausen's",
            "raynaud",
            "raynauds",
            "raynaud's",
            "graves",
        ),
        *(
            "ehlers-danlos",
            "ehlers",
            "eds",
            "pots",
            "foetal",
            "fetal",
            "carpal",
            "gilberts",
            "gilbert's",
            "autistic",
        ),
        *(
            "guillain",
            "peter",
            "karen",
            "cushings",
            "hashimotos",
            "hashimoto's",
            "post-viral",
            "covid",
            "tics",
        ),
    ]
)
_GENE = re.compile(
    r"(?i)\b(?P<it>(?:chromosome\s(?:\d{1,2}|x)\s?[pq]?[\d.]*|(?:\d{1,2}|x)[pq]\d{1,2}(?:\.\d{1,2})?)"
    r"(?:\s(?:micro)?(?:deletion|duplication|deletions|duplications)(?:\ssyndrome)?)?"
    r"|(?:mutation|variant)\s(?:in|on|of)\s(?:the\s|her\s"
    r"|his\s)?(?-i:[A-Z][A-Z0-9]{2,7})(?:\sgene)?)\b"
)
_FAMILY = (
    re.compile(
        r"(?i)\b(?P<it>triplets?|quads|quadruplets?|quins|quintuplets?|sextuplets?|(?:two|2) sets of twins)\b"
    ),
    re.compile(
        rf"(?i)\b(?P<it>{_MANY}\s(?:(?:other|of my|young|older|younger|grown up)\s)?(?:kids|children"
        rf"|brothers|sisters|siblings"
        r"|brothers and sisters|sons|daughters|boys|girls|bairns))\b(?=\s*(?:$|[.,!?;)]|and\b|so\b|but\b"
        r"|at home|in (?:a|the|this|our)\b|under|to|with|of my|living|here|now|all|aged|between))"
    ),
    re.compile(
        rf"(?i)\b(?:mum|mam|mother|dad|father|parent|nan|gran|grandma|grandad|eldest|oldest|youngest|middle"
        rf"|one|number \w+|first"
        rf"|baby)\s(?:of|to)\s(?:my\s|our\s)?(?P<it>{_MANY})(?=\s*(?:$|[.,!?;)]|and\b|so\b|but\b|kids"
        rf"|children|boys|girls|i\b|we\b|here\b))"
    ),
    re.compile(rf"(?i)\b(?P<it>(?:all\s)?{_MANY}\sof\s(?:my|our|the)\s(?:kids|children))\b"),
)
_HAS = re.compile(
    r"(?i)\b(?:have|having|has|got|with|raise|raising|had|looking after|all|my|our|his|her"
    r"|their)\s(?:\w+\s)?$"
)
_JOB = re.compile(
    r"(?i)\b(?:i'?m|i am|he'?s|she'?s|he is|she is|who'?s|who is|whos|as|being|is|was|were|my|his|her|are"
    r"|works? as)\s(?:a|an|the|our|also)\s"
    rf"(?P<it>(?:[a-z-]+\s)?(?:{'|'.join(map(re.escape, _JOBS))})(?:\s(?:in|for|at"
    rf"|of)\s(?:the\s)?[a-z]+)?)\b(?!\s(?:said|says|told|rang|thinks))"
)
_PRESS = (
    r"(?:news|newspapers?|papers?|headlines|press|front page|gazette|evening post|chronicle|daily mail"
    r"|daily mirror"
    r"|bbc(?:\snews)?|itv(?:\snews)?|advertiser|courier|argus|herald|observer)"
)
_IS = r"(?:was|were|been|got|ended up|appeared|featured|splashed|ve been|going to be)"
_EVENTS = (
    re.compile(
        rf"(?i)\b(?P<it>{_IS}\s(?:all over|in|on|across)\s(?:the\s|all the\s)?(?:local\s"
        rf"|national\s)?{_PRESS})\b"
    ),
    re.compile(
        rf"(?i)\b(?:we|i|he|she|they|us|our \w+)\s(?P<it>{_IS}\son\s(?:the\s)?(?:tv|telly|radio))"
        r"(?=\s*(?:$|[.,!?])|\s(?:about|because|over|last|for|after|talking)\b)"
    ),
    re.compile(
        r"(?i)\b(?P<it>(?:made|hit)\s(?:the\s)?(?:local\s|national\s)?(?:headlines|news|front page|papers)"
        r"|went viral"
        r"|(?:a|the|that)\s(?:bbc|itv|netflix)?\s?documentary\sabout\s(?:us|him|her|it)"
        r"|(?:interviewed|filmed)\s(?:by|for|on)\s(?:the\s)?(?:bbc|itv|local news|local paper|radio|telly))\b"
    ),
    re.compile(
        r"(?i)\b(?P<it>(?:won|winning|crowned|selected for|plays for|swims for|runs for|fences for"
        r"|picked for)\s"
        r"(?:a\s|the\s|at the\s)?(?:national|county|british|uk|english|scottish|welsh|irish|european|world"
        r"|england"
        r"|great britain|team gb|gb|scotland|wales)"
        r"(?:\s(?:championships?|title|finals?|squad|team|youth|schools|cup|gold|medal))*)\b"
    ),
    re.compile(
        r"(?i)\b(?P<it>(?:the|that)\s(?:[a-z]+\s)?(?:stabbing|shooting|murder|explosion|house fire"
        r"|coach crash"
        r"|bus crash|minibus crash|train crash|floods?|bombing|drowning)\s(?:in|at|on|by"
        r"|near)\s(?:the\s)?[a-z]+)\b"
    ),
    re.compile(
        r"(?i)\b(?P<it>serious case review|inquest (?:into|of|for)\s(?:my|his|her|our|the)\s\w+"
        r"|go ?fund ?me(?: page)?|just ?giving page)\b"
    ),
)
_HINTS = frozenset(
    [
        *("new", "paper", "newspaper", "telly", "tv", "radio", "headline", "headlines", "press", "page"),
        *("viral", "documentary", "interviewed", "filmed", "won", "winning", "crowned", "selected"),
        *("plays", "swims", "runs", "picked", "champion", "stabbing", "shooting", "murder", "explosion"),
        *("fire", "crash", "flood", "bombing", "drowning", "review", "inquest", "gofundme", "fund"),
        *("justgiving", "giving", "first", "fences", "gazette", "echo", "post", "chronicle", "mail", "sun"),
        *("mirror", "bbc", "itv", "metro", "advertiser", "courier", "argus", "herald", "observer"),
        *("internet",),
    ]
)
_CONDITION_WORDS = frozenset(word for line in _CONDITIONS for word in re.findall(r"[a-z0-9]{4,}", line)) | {
    *("chromosome", "deletion", "duplication", "mutation", "variant"),
}
_COUNTED = frozenset(
    [
        *("six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "triplet"),
        *("quad", "quadruplet", "quin", "quintuplet", "sextuplet", "twin"),
    ]
)
_ILLNESS = frozenset({"syndrome", "disease", "dystrophy", "ataxia", "malformation"})
_HAS_DIGIT = re.compile(r"\d")
_ARM = re.compile(r"\d[pq]\d")
_JOB_WORDS = frozenset(max(re.findall(r"[a-z]+", line), key=len) for line in _JOBS)


def uncommon(text: str) -> Iterator[Span]:
    """Rare conditions, large families, unusual work, and what the newspapers tell of."""
    words = bag(text)
    known: list[Span] = []
    if _ARM.search(text) or not words.isdisjoint(_CONDITION_WORDS):
        known = list(_each((_CONDITION, _GENE), text, "RARE_CONDITION", 0.8, "a condition that few have"))
        yield from known
    if not words.isdisjoint(_ILLNESS):
        yield from (span for span in _syndromes(text) if span.end not in {other.end for other in known})
    if not words.isdisjoint(_COUNTED) or _HAS_DIGIT.search(text):
        yield from _families(text)
    if not words.isdisjoint(_JOB_WORDS):
        yield from _each((_JOB,), text, "UNUSUAL_JOB", 0.62, "work that few do")
    if not words.isdisjoint(_HINTS):
        yield from _each(_EVENTS, text, "LOCAL_EVENT", 0.62, "what others in the town have heard of")


def _syndromes(text: str) -> Iterator[Span]:
    for match in _SYNDROME.finditer(text):
        words = match["it"].split(" ")[:-1]
        while words and plain(words[0]):
            words.pop(0)
        if words and words[0].casefold() not in _MANY_HAVE and unlikely(words[0]):
            last = match.end("it")
            start = last - len(" ".join([*words, match["it"].split(" ")[-1]]))
            yield Span(start, last, "RARE_CONDITION", 0.7, "uncommon", "an illness by a name that few know")


def _families(text: str) -> Iterator[Span]:
    reason = "more children than most families have"
    for span in _each(_FAMILY, text, "FAMILY_SIZE", 0.75, reason):
        counted = text[span.start : span.end].split(" ")
        if len(counted) == 1 or "of" in counted or _HAS.search(text, max(0, span.start - 24), span.start):
            yield span


def _each(
    patterns: Iterable[re.Pattern[str]], text: str, kind: str, score: float, reason: str
) -> Iterator[Span]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Span(*match.span("it"), kind, score, "uncommon", reason, disputed=POLICY[kind] == "review")
