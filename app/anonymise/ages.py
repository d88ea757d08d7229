"""Exact ages, in the many ways in which parents write them."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, WORD_NAMES, flags_of

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
NUMBERS = [
    *_ONES,
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
]
_ORDINALS = [
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth"),
]
_TENS = rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[ -](?:{'|'.join(_ONES)}))?"
_UNIT = r"(?:\s?(?:months?|mths?|weeks?|wks?|days?)\b)"
_HALF = r"(?:\s(?:and|&|n)\s(?:a\s)?(?:half|quarter|bit)\b)"


def _number(words: list[str]) -> str:
    return rf"(?:(?:[1-9]\d?|0)(?:\.\d|\s?1/2|½)?(?!\d)|(?:{_TENS}|{'|'.join(reversed(words))})\b)"


_ANY = _number(NUMBERS)
_NUM = rf"(?:{_ANY}(?:{_HALF}|{_UNIT})?)"
_SOME = rf"(?:{_number(NUMBERS[1:])}{_HALF}?)"  # "he is one of them" tells no age
_YEARS = r"(?:\s?(?:y/?o'?s?|yrs?(?:\sold)?|y/o|years?(?:\s(?:old|of age|young))?)\b)"
_OLD = (
    r"(?:[\s-]{0,2}(?:year'?s?|yrs?|yr'?s|y)[\s-]{0,2}olds?\b|[\s-]?y\s?/?\s?o'?s?\b"
    r"|[\s-]?(?:yr|year|y)olds?\b)"
)
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_ENDS = (
    r"(?=\s*(?:[.,;:!?)&\n]|-\s|$)|\s*\ue000|\s+(?:and|now|so|but|next|he|hes|he's|she|shes|she's"
    r"|they|with|this"
    r"|soon|already|last|when|who|or|-|tomorrow|today|going|by|then|my|i|im|it|its|because|cos|bc"
    r"|though|tho"
    r"|x+|n|yet|too|lol|in\s(?:" + _MONTHS + r"|a few|\w+ (?:weeks?|months?))"
    r"|on (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|the|" + _MONTHS + r")|god help)\b)"
)
_ENDS_WIDE = (
    rf"(?:{_ENDS}|(?=\s+(?:the|on|myself|himself|herself|before|after|as|at|for|til|till|until|if"
    rf"|not|nearly|what"
    r"|coming|while|where|you|we|his|her|our|their|is|has|was|wont|won't|cant|can't|still|just|and|honestly"
    r"|apparently|like|ish|non|diagnosed|autistic)\b))"
)
_NOT_AFTER = (
    r"(?!\s*(?:[:.]\d|[ap]\.?m\b|%|,\d{3}|o'?clock|-\s?\d|/\d|in a row|and a half (?:hours?|weeks?"
    r"|months?)|and \d+ (?:in|of)\b"
    r"|(?:or \w+ |and \w+ )?(?:of (?:them|us|her|his|my|the|those|you)\b|hours?\b|hrs?\b|minutes?\b"
    r"|mins?\b|weeks?\b"
    r"|days?\b|months?\b|times\b|miles?\b|children\b|kids\b|people\b|stone\b|st\b|foot\b|ft\b|kg\b"
    r"|sessions?\b"
    r"|years? (?:ago|since|behind|ahead|later|in\b|on\b|now|sober|clean|running|of (?!age))|yrs "
    r"(?:ago|of (?!age)))))"
)
_RELATIVE = (
    r"(?:sons?|daughters?|boys?|girls?|child|children|kids?|brothers?|sisters?|lads?|lass|twins?"
    r"|little (?:one|boy|girl)"
    r"|eldest|youngest|oldest|middle (?:one|child)|toddler|baby|bub|nephew|niece|grandsons?"
    r"|granddaughters?|grandkids"
    r"|stepsons?|stepdaughters?|step (?:son|daughter)|teen(?:ager)?|bro|sis|lo|dd|ds|dss|dsd|dgs|dgd"
    r"|foster child)"
)
_PERSON = (
    r"(?:(?:he|she|they|i|who|kid|child|lo|baby|one|boy|girl|son|daughter|eldest|youngest|oldest"
    r"|twins|kids|both|mine|all)"
    r"(?:\s(?:is|are|am|was|were|be|turned|turns|will be|would be|wasnt|wasn't|isnt|isn't|only|just)"
    r"|'?s|'?re|'?m|'?ll be|'?d be)"
    r"|(?:gonna|going to|will|he'?ll|she'?ll|they'?ll|shell|hell|must|to|could|not|only) be|im|i'm"
    r"|when|turning)"
)
_COPULA = r"(?:was|is|are|were)"
_BARELY = (
    r"(?:\s+(?:only|just|nearly|almost|now|about|around|already|only just|turning|barely|still only"
    r"|still|not even"
    r"|not yet|roughly|well|literally|actually|like|just gone|just turned|rising|under|over))*"
)
_AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # eight-year-old, 8 yr old, 8yo; the 6 in "6 and 9 year old", the 9 in "the 9 and the 12 year old"
        (
            rf"(?<![\w£.])(?P<it>{_ANY}{_HALF}?)"
            rf"(?=(?:\s*(?:,|&|and|or|\+|/|to|n)\s*(?:the\s|an?\s)?{_ANY}){{0,3}}{_OLD})"
        ),
        # 18 month old
        (
            rf"(?<![\w£.])(?P<it>{_ANY}{_UNIT})(?=(?:\s*(?:,|&|and|or)\s*"
            rf"(?:an?\s)?{_ANY}{_UNIT})?[\s-]{{0,2}}olds?\b)"
        ),
        # she's 17, will be 10, when he was 5, LO is 22 months
        rf"\b{_PERSON}{_BARELY}\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){_NOT_AFTER}",
        rf"(?<!there )\b{_COPULA}{_BARELY}\s+(?P<it>{_SOME})(?={_ENDS}){_NOT_AFTER}",
        (
            rf"\b(?:he|she|they|i|hes|shes|im|i'm|he's|she's|who|whos|who's|lo|baby|son|daughter)(?:\s"
            rf"(?:is|was|were|am|be|turned))?{_BARELY}\s+"
            rf"(?P<it>{_SOME}(?<!one))(?={_YEARS}?{_ENDS_WIDE}){_NOT_AFTER}"
        ),
        (
            rf"\b(?:he|she|they|i|hes|shes|he's|she's|who|who's|whos|{_RELATIVE})(?:\s(?:is|was|were"
            rf"|are))?{_BARELY}[\s,(]+"
            rf"(?P<it>{_ANY}{_UNIT})(?!\s*(?:old|late|behind|pregnant|early|ahead|clean|sober|ago|in\b"
            rf"|into|into|waiting|off|of\b|later"
            r"|away|gone|before|after|straight|now))"
        ),
        # aged 8, at age 5, ages 4 and 7, a mental age of about 5
        (
            r"\b(?:aged?|ages)(?:\s(?:of|is|between|about|around|only|just|nearly|approx|roughly))*\s*[:-]?\s*"
            rf"(?P<it>{_NUM})(?![\w%]|\s?[-\u2013]\s?\d|\s+to\s+\d)"
        ),
        # my son (8), my daughter, 14, and; boy 11 yrs; DS8; a girl of 12; kids: 4, 7
        (
            rf"\b{_RELATIVE}\s*[,(:-]\s*(?:is\s|nearly\s|aged\s|now\s|just\s|only\s)?(?P<it>{_NUM})"
            rf"(?={_YEARS}?(?:\s*[,)&/]|\s+and\b|\s*$|{_ENDS}))"
            rf"{_NOT_AFTER}"
        ),
        rf"\b{_RELATIVE}\s+(?:of\s+|is\s+|nearly\s+)?(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){_NOT_AFTER}",
        rf"\b(?:dd|ds|dss|dsd|dgs|dgd|lo)\s?\d?\s?\(?(?P<it>{_ANY})(?!\w|\s(?:times|hours|days|weeks))",
        # Kian (9), after a name
        (
            rf"(?<=[a-z\ue000])\s?\(\s?(?:aged?\s|now\s|nearly\s|just\s|[mf],?\s?)?(?P<it>[12]?\d(?:\.5"
            rf"|½)?|{'|'.join(NUMBERS[1:])})"
            rf"(?={_YEARS}?\s?(?:\)|,|/|and\b|&|\s?[mf]\)))"
        ),
        rf"\b[A-Z\ue000][a-z]*,\s(?P<it>1?\d){_YEARS}?,\s",
        # turned 9 yesterday, for his 9th birthday, when he hits 18, reached 15 with
        rf"\b(?:turns?|turned|turning)\s+(?P<it>{_NUM})(?![\w%:])(?!\s*(?:to|times|off|up|down))",
        (
            r"\b(?:hits?|reach(?:es|ed)?|approaching|pushing|coming up to|coming up for|rising|not even"
            r"|not yet|barely|going on)"
            rf"\s+(?P<it>{_number(NUMBERS[4:])})(?={_ENDS}|\s+with\b){_NOT_AFTER}"
        ),
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s+going on\s+\d)",
        r"(?<!\w)(?P<it>(?:[1-9]|[1-9]\d)(?:st|nd|rd|th))(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?P<it>{'|'.join(_ORDINALS)})(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?:nearly|almost)\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){_NOT_AFTER}",
        # a young 14, looks eighteen, feels 80, acts like a 3 year old
        (
            rf"\ba\s(?:very\s)?(?:young|immature|mature|small|tiny|big|tall|typical|normal)\s"
            rf"(?P<it>{_SOME})(?={_ENDS})"
        ),
        (
            rf"\b(?:looks?|acts?|feels?|seems?)\s(?:about\s|more like\s|like\s)?(?P<it>{_SOME})"
            rf"(?={_ENDS}){_NOT_AFTER}"
        ),
        # at sixteen he can; still wets the bed at 11
        (
            rf"\b(?:at|since|until|till|til)\s(?:only\s|just\s|nearly\s)?(?P<it>1[3-9]"
            rf"|{'|'.join(NUMBERS[12:19])})(?={_ENDS}|\s+(?:years|you|the|is)\b){_NOT_AFTER}"
        ),
        rf"\bat\s(?:only\s|just\s|nearly\s)?(?P<it>{_ANY})(?=\s(?:years (?:old|of age)|yrs?\sold)\b)",
        rf"\bstill\b[^.\n]{{3,34}}\sat\s(?P<it>{_SOME})(?=\s*(?:$|[.,!?])){_NOT_AFTER}",
        (
            rf"\b(?:diagnosed|adopted|fostered|placed|walked|walking|talked|talking|(?:toilet"
            rf"|potty) trained|periods?|pregnant|assessed"
            rf"|sectioned|excluded|statemented)\s(?:only\s|just\s)?at\s(?:only\s|just\s|about\s)?"
            rf"(?P<it>{_NUM})(?={_YEARS}?{_ENDS}){_NOT_AFTER}"
        ),
        (
            rf"\b(?:big|small|tall|tiny|young|old|mature|immature|advanced|bright|good|bad"
            rf"|little)\sfor\s(?:an?\s)?(?P<it>{_SOME})(?={_ENDS}){_NOT_AFTER}"
        ),
        (
            rf"^(?:only|just|nearly|almost|barely|just turned)\s(?P<it>{_SOME})"
            rf"(?={_YEARS}?{_ENDS}){_NOT_AFTER}"
        ),
        rf"(?:^|[,(]\s?)(?P<it>{_SOME})(?=\sin\s{_MONTHS}\b)",
        r"(?<!\w)(?:m|f|male|female)\s?[,/]?\s?(?P<it>1?\d)(?=\s*[,.)]|$)",
        # both under 5
        (
            rf"\b(?:both|all|are|kids|children|mine)\s(?:of them\s|mine\s)?(?:are\s)?under\s"
            rf"(?:the age of\s)?(?P<it>{_SOME})(?={_ENDS}){_NOT_AFTER}"
        ),
        # 2.5yrs and bites everyone; 6 and a half and still
        (
            rf"^(?P<it>{_NUM})(?={_YEARS}?\s(?:and|but|who)\s(?:still|wont|won't|cant|can't|refus\w+"
            rf"|never|not|has|is|bites?|hits?|screams?|"
            rf"doesn'?t|wets?|sleeps?|eats?|talks?)\b)"
        ),
        rf"^(?P<it>{_ANY}{_HALF})(?=\s(?:and|but)\b){_NOT_AFTER}",
        # 13m, 14F as in forums
        r"(?<![\w£.])(?P<it>\d{1,2})(?=(?:yo)?[mf]\b(?!\s*(?:long|high|tall|away|run)))",
    )
)
_NAMED = re.compile(rf"(?i)\b(?P<name>[a-z][a-z'-]+),?\s(?P<it>1?\d)(?={_YEARS}?{_ENDS}){_NOT_AFTER}")
_MORE = re.compile(
    rf"(?i){_YEARS}?\s*(?:,\s?and|,|&|\+|/|and|n|or|going on)\s*(?:an?\s|the\s|nearly\s|almost\s"
    rf"|now\s|just\s|one\s)?"
    rf"(?P<it>{_NUM})(?={_YEARS}?(?:{_ENDS}|\s*[/+&])){_NOT_AFTER}"
)
_MAY_HOLD = re.compile(
    rf"(?i)\d|\b(?:one[\s-](?:year|yr|and|month|week)|{'|'.join(NUMBERS[1:])}|{_TENS}|(?:{'|'.join(_ORDINALS)})\sb)"
)
_BANDS = ((4, "0_4"), (7, "5_7"), (10, "8_10"), (13, "11_13"), (16, "14_16"), (19, "17_19"), (25, "20_25"))


def aged(text: str) -> Iterator[Span]:
    """Exact ages, the number alone, and the further ones of a list that begins with an age."""
    if not _MAY_HOLD.search(text):
        return
    found = [match.span("it") for pattern in _AGES for match in pattern.finditer(text)]
    for match in _NAMED.finditer(text):
        name = match["name"].casefold()
        if name in GIVEN_NAMES or (
            "G" in flags_of(name) and "O" not in flags_of(name) and name not in WORD_NAMES
        ):
            found.append(match.span("it"))
    seen = set()
    while found:
        start, end = found.pop()
        if (start, end) in seen:
            continue
        seen.add((start, end))
        yield Span(start, end, "AGE", 0.7, "ages", "an exact age")
        more = _MORE.match(text, end)
        if more is not None:
            found.append(more.span("it"))


def age_band(surface: str) -> str:
    """The band of an exact age as it was written (years, or months and less): `5_7`; adults are `26_99`."""
    folded = surface.casefold().replace("½", "").strip()
    words = re.split(r"[\s-]+", folded)
    digits = re.match(r"\d+", folded)
    if any(unit in folded for unit in ("month", "mth", "week", "wk", "day")):
        months = int(digits[0]) if digits and "m" in folded else 0
        years = months // 12
    elif digits:
        years = int(digits[0])
    elif words[0] in _ORDINALS:
        years = _ORDINALS.index(words[0]) + 1
    elif words[0] == "twenty" and len(words) > 1:
        years = 20 + (_ONES.index(words[1]) + 1 if words[1] in _ONES else 0)
    elif words[0] in NUMBERS:
        years = NUMBERS.index(words[0]) + 1
    else:
        years = 26
    return next((band for last, band in _BANDS if years <= last), "26_99")
