"""Everything that says where: institutions, addresses, councils, places and employers."""

import re
from collections.abc import Iterator

from app.anonymise.addresses import addressed
from app.anonymise.councils import councils
from app.anonymise.health import health_services
from app.anonymise.known import known_institutions
from app.anonymise.runs import RUN, named_by, plain, unlikely
from app.anonymise.schools import schools
from app.anonymise.spans import Span
from app.anonymise.words import NATIONS, ORDINARY, WORD_NAMES, common, flags_of, long_places

_WORKING = (
    r"[Ww]ork(?:s|ed|ing)?|[Jj]obs?|[Mm]anager|employed|nurse|shifts?|nights|days|earlies|lates"
    r"|temp(?:s|ing)?"
    r"|apprentice(?:ship)?|carer|driver|drives|cleaner|cleans|engineer|chef|supervisor"
    r"|receptionist|accountant"
    r"|operative|assistant|technician|tills|warehouse|checkout|shop floor"
)
_LEFT = r"sacked|fired|redundant|laid off|off sick|job"
_EMPLOYER = re.compile(
    rf"\b(?:(?:{_WORKING})[ ](?:at|for|in(?![ ][A-Z]{{2,4}}\b))|(?:{_LEFT})[ ](?:from|by)|carer[ ]with)[ ]"
    rf"(?P<it>{RUN}(?:'s)?)"
)
# works for jaguar: a word that nobody uses every day
_WORKS_PLAIN = re.compile(
    r"(?i)\b(?:work(?:s|ed|ing)?|employed|sacked|redundant|nights|shifts|apprenticeship)\s(?:at"
    r"|for|by|from)\s"
    r"(?P<it>[a-z][a-z&'-]{2,})(?=\s*(?:$|[.,!?;)])|\s(?:and|but|so|as|in|on|since|until|now"
    r"|last|too|he|she|we|i)\b)"
)
_FIRM = re.compile(
    r"(?i)\b(?:work(?:s|ed|ing)?|job|jobs|nights|days|earlies|lates|weekends|shifts?|laid off"
    r"|made redundant|sacked|drives|driving"
    r"|manager|boss|employed|cleaner|cleans|agency|apprenticeship|trainee|started"
    r"|tills?|warehouse|checkout|shop floor"
    r"|off sick|temp(?:s|ing)?|carer|driver|chef|supervisor|operative|fired)\s(?:at|for|in|by"
    r"|from|with)\s"
    r"(?P<it>amazon|tesco|asda|aldi|lidl|sainsbury'?s|morrisons|waitrose|greggs|boots|argos|b&q|b&m"
    r"|screwfix|halfords|royal mail"
    r"|dpd|evri|hermes|ocado|ups|fedex|yodel|mcdonald'?s|kfc|costa|starbucks|subway|wetherspoons?"
    r"|spoons|nando'?s|primark|next"
    r"|matalan|wilko|home bargains|poundland|iceland|co-?op|timpson|specsavers|bt|sky|vodafone|ee|o2"
    r"|openreach|british gas|edf"
    r"|network rail|arriva|stagecoach|first bus|national express|rolls royce|nissan|toyota|jlr|jcb"
    r"|bae|capita|serco|g4s|securitas"
    r"|barclays|lloyds|natwest|hsbc|santander|nationwide|dwp|hmrc|the nhs|m&s|marks|john lewis|ikea"
    r"|currys|dunelm|the range"
    r"|premier inn|travelodge|hilton|butlins|haven|center parcs|whitbread|warburtons|mccain"
    r"|greencore|bernard matthews)\b"
)
_PLACE = re.compile(
    rf"\b(?:[Ll]iv(?:e|es|ed|ing) (?:in|near|at|outside)|[Mm]ov(?:e|ed|ing) (?:to|from|back to)"
    rf"|[Ff]rom|[Ii]n|[Nn]ear|"
    rf"[Aa]round|[Oo]utside)[ ](?P<it>{RUN})"
)
_LIVED = re.compile(
    r"\b(?:[Ll]iv(?:e|es|ed|ing) (?:in|near|outside)|[Mm]ov(?:e|ed|ing) (?:to|from"
    r"|back to))[ ](?P<it>[A-Z][^\W\d_]+)\b"
    r"(?![ ][A-Z]|[ ](?i:road|street|lane|avenue|close|drive|primary|school|academy|hospital|council|house"
    r"|court))"
)
_WORDS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_PLACE_CUE = re.compile(r"(?i)\b(?:in|from|to|near|at|around|outside|of|live|town|city)\s+$")


def placed(text: str) -> Iterator[Span]:
    """Everything in the text that says where: institutions first, as they hide the places in their names."""
    yield from schools(text)
    yield from health_services(text)
    yield from known_institutions(text)
    yield from addressed(text)
    yield from councils(text)
    if not text.islower():
        yield from named_by(_EMPLOYER, text, "EMPLOYER", 0.74, "a name after a word of working")
        yield from named_by(_PLACE, text, "PLACE", 0.65, "a name after a word of place")
        yield from named_by(_LIVED, text, "PLACE", 0.89, "a name after a word of living")
    for match in _FIRM.finditer(text):
        yield Span(*match.span("it"), "EMPLOYER", 0.82, "places", "a firm after a word of working")
    for match in _WORKS_PLAIN.finditer(text):
        if unlikely(match["it"]) and not plain(match["it"]):
            yield Span(*match.span("it"), "EMPLOYER", 0.62, "places", "a word after working for")
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
        if last is first and ("P" not in flags or folded in NATIONS or folded == "march"):
            continue
        plain = last is first and ("O" in flags or folded in ORDINARY or folded in WORD_NAMES)
        cued = _PLACE_CUE.search(text, max(0, first.start() - 12), first.start()) is not None
        capital = first[0][0].isupper() and not first[0].isupper()
        if (
            last is not first
            or (cued and (capital or not plain))
            or (not plain and (capital or common(folded) < 4) and "G" not in flags)
        ):
            yield Span(first.start(), last.end(), "PLACE", 0.68, "places", "a town, city or county")
