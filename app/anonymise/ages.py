"""Exact ages, in the many ways in which parents write them."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, MONTHS, WORD_NAMES, flags_of

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
_UNIT = r"(?:[\s-]?(?:months?|mn?ths?|mos?|weeks?|wks?|days?)\b)"
_HALF = r"(?:[\s-](?:and|&|n)[\s-](?:a[\s-])?(?:half|quarter|bit)\b)"


def _number(words: list[str]) -> str:
    return rf"(?:(?:[1-9]\d?|0)(?:\.\d|\s?1/2|½)?(?!\d)|(?:{_TENS}|{'|'.join(reversed(words))})\b)"


_ANY = _number(NUMBERS)
_NUM = rf"(?:{_ANY}(?:{_HALF}|{_UNIT})?)"
_SOME = rf"(?:{_number(NUMBERS[1:])}{_HALF}?)"  # "he is one of them" tells no age
NUMBER = rf"(?:{_NUM})"
_YEARS = r"(?:[\s-]?(?:y[/.]?o'?s?|yrs?(?:\s(?:old|of age))?|years?(?:\s(?:old|of age|young))?)\b)"
_OLD = (
    r"(?:[\s-]{0,2}(?:year'?s?|yrs?|yr'?s|y)[\s-]{0,2}olds?\b|[\s-]?y\s?[/.]?\s?o'?s?\b"
    r"|[\s-]?(?:yr|year|y)olds?\b)"
)
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_ENDS = (
    r"(?=\s*(?:[.,;:!?()&\n]|-\s|$)|\s*\ue000|\s+(?:and|now|so|but|next|he|hes|he's|she|shes|she's"
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
NOT_AFTER = (
    r"(?!\s*(?:[:.]\d|[ap]\.?m\b|%|,\d{3}|o'?clock|-\s?\d|/\d|in a row|and a half (?:hours?|weeks?"
    r"|months?)|and \d+ (?:in|of)\b|weeks?\b|days?\b|months?\b"
    r"|(?:or \w+ |and \w+ )?(?:of (?:them|us|her|his|my|the|those|you)\b|hours?\b|hrs?\b|minutes?\b"
    r"|mins?\b|times\b|miles?\b|children\b|kids\b|people\b|stone\b|st\b|foot\b|ft\b|kg\b|sessions?\b"
    r"|years? (?:ago|since|behind|ahead|later|in\b|on\b|now|sober|clean|running|of (?!age))|yrs "
    r"(?:ago|of (?!age)))))"
)
_RELATIVE = (
    r"(?:sons?|daughters?|boys?|girls?|child|children|kids?|brothers?|sisters?|lads?|lass|twins?"
    r"|little (?:one|boy|girl)"
    r"|eldest|youngest|oldest|middle (?:one|child)|toddler|baby|bub|nephew|niece|cousin|grandsons?"
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
_GROWN_UP = (
    r"(?:nan|nana|nanny|nain|taid|gran|granny|grandma|grandmother|grandad|grandpa|grandfather|mum|mam|mother"
    r"|dad|father|ex|partner|husband|wife|hubby|boyfriend|girlfriend|bf|gf|friend|mate|uncle|auntie|aunt"
    r"|stepdad|stepmum|carer)"
)
_COPULA = r"(?:was|is|are|were)"
# What a number after "was" or "is" counts when this stands before it.
_NO_ONES_AGE = (
    r"(?!(?:there|score|it|that|this|these|those|which|what|number|numbers|total|level|count|rating|result"
    r"|limit|time|bedtime|curfew|pain|average|temp|temperature|mark|grade|size|here|where|how|most|group"
    r"|class|set|max|minimum|price|cost|answer|and|or|but|so|ratio)\b)\w+\s"
)
_BARELY = (
    r"(?:\s+(?:only|just|nearly|almost|now|about|around|already|only just|turning|barely|still only"
    r"|still|not even|coming up(?: to| for)?|coming on|getting on for|close to|going on|gone|past|either"
    r"|maybe|probably|approx|technically|officially|soon|obviously|both|approaching|pushing"
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
        rf"\b{_PERSON}{_BARELY}\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}",
        rf"(?<![\w']){_NO_ONES_AGE}{_COPULA}{_BARELY}\s+(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}",
        (
            rf"\b(?:he|she|they|i|hes|shes|im|i'm|he's|she's|who|whos|who's|lo|baby|son|daughter)(?:\s"
            rf"(?:is|was|were|am|be|turned))?{_BARELY}\s+"
            rf"(?P<it>{_SOME}(?<!one))(?={_YEARS}?{_ENDS_WIDE}){NOT_AFTER}"
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
            r"\b(?:aged?|ages)(?:\s(?:of|is|between|about|around|only|just|nearly|approx"
            r"|roughly))*\s*[:-]?\s*"
            rf"(?P<it>{_NUM})(?![\w%]|\s?[-\u2013]\s?\d|\s+to\s+\d)"
        ),
        # my son (8), my daughter, 14, and; boy 11 yrs; DS8; a girl of 12; kids: 4, 7
        (
            rf"\b{_RELATIVE}\s*[,(:-]\s*(?:is\s|nearly\s|aged\s|now\s|just\s|only\s)?(?P<it>{_NUM})"
            rf"(?={_YEARS}?(?:\s*[,)&/]|\s+and\b|\s*$|{_ENDS}))"
            rf"{NOT_AFTER}"
        ),
        (
            rf"\b(?:{_RELATIVE}(?:\s+of)?|{_GROWN_UP})(?:'?s)?{_BARELY}\s+(?:is\s+)?(?P<it>{_SOME})"
            rf"(?={_YEARS}?(?:{_ENDS_WIDE}|\s(?:{_RELATIVE}|both|neither|refuses|keeps|got|started|hates"
            rf"|cant|can't)\b))"
            rf"{NOT_AFTER}"
        ),
        # I have three: 2, 5 and 9
        (
            r"\b(?:have|got|children|kids|boys|girls|of us|mine|ages|ours)\b[^.:\n]{0,14}[:-]\s*"
            r"(?P<it>1?\d)(?=,\s1?\d\b|\s(?:and|&|n)\s1?\d\b)(?!,\d{3})"
        ),
        (
            rf"^(?:coming up(?: to)?|rising|approaching|going on"
            rf"|just gone)\s(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        rf"\b(?:mistaken|passes?|taken)\sfor\s(?:an?\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}",
        (
            rf"\b(?:just|now|recently|only)\s(?:gone|turned|hit"
            rf"|reached)\s(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        (
            rf"\b(?:{_RELATIVE}|{_GROWN_UP})\s+(?P<it>{_ANY})(?={_YEARS})(?!\s?years? (?:ago|later|in|on"
            rf"|now)){NOT_AFTER}"
        ),
        rf"\b{_GROWN_UP},?\s?\(?(?P<it>[1-9]\d)(?={_YEARS}?\s?[),]){NOT_AFTER}",
        # kids are 2 4 and 7
        r"\b(?:aged|ages|kids|children|are|mine)\s(?P<it>1?\d)(?=\s1?\d(?:\s1?\d)?\s(?:and|&|n)\s1?\d\b)",
        # 4 years and 2 months, 2yr8m: the years; the months follow
        (
            rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?\d{{1,2}}\s?(?:months?"
            rf"|mn?ths?|m)\b)"
        ),
        (
            r"(?<=\d)\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?(?P<it>\d{1,2}\s?(?:months?|mn?ths?"
            r"|m))\b(?!\s(?:ago|later))"
        ),
        # 4yr olds, 6yr and 3yr olds; 18m old, 11mo
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?(?:yrs?|years?)\s(?:and|&|or)\s(?:an?\s)?{_ANY}{_OLD})",
        rf"(?<![\w£.])(?P<it>{_ANY})(?=[\s-]?yrs?\solds?\b)",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?m)(?=[\s-]olds?\b)",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?mos?)\b(?!\.)",
        # just had her 13th, his sixteenth is on sunday
        (
            rf"\b(?:had|having|celebrated|celebrating|have|has|planning|for|before|after|on|till"
            rf"|until)\s(?:just\s)?"
            rf"(?:his|her|their|my)\s(?P<it>[1-9]\d?(?:st|nd|rd|th)|{'|'.join(_ORDINALS[3:])})(?=\s*(?:$"
            rf"|[.,!?;)])"
            rf"|\s(?:and|but|on|in|last|this|next|party|soon|so|we|he|she|with|at)\b)"
        ),
        # at 12 he should know better
        (
            rf"\bat\s(?P<it>{_SOME})(?=,?\s(?:he|she|they|you)\s(?:should|shouldn'?t|ought|surely|could not"
            rf"|couldn'?t|can'?t even|still|was diagnosed))"
        ),
        (
            rf"^(?P<it>{_SOME})(?=,\s(?:[a-z]+ing|doesn'?t|won'?t|never|no|not|refus\w+|autistic|adhd|asd"
            rf"|diagnosed"
            r"|girl|boy|male|female)\b)"
        ),
        # two next month, 7 last week, thirteen and thinks
        (
            rf"^(?P<it>{_SOME})(?=\s(?:next|last|this)\s(?:week|month|birthday|sat|sun|mon|tue|wed|thu|fri"
            rf"|{_MONTHS})|\s(?:and|but)\s(?:thinks|acts|looks|behaves|already|wants|talks|still|never)\b"
            rf"|\s?(?:,|and|-|/)?\s?(?:girl|boy|m|f|male|female)\b)"
        ),
        (
            rf"(?<![\w£.])(?P<it>{_SOME})(?=,?\s\(?(?:nearly|almost|going on|soon to be"
            rf"|soon)\s{_ANY}(?!\s(?:hours?|mins?|minutes?|weeks?|days?)))"
        ),
        (
            rf"\b(?:mum|mam|dad|parent|carer|nan|grandparent)\s(?:of|to)\s(?:an?\s"
            rf"|my\s)(?P<it>{_SOME})(?=\s*(?:$|[.,!?]))"
        ),
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
            rf"\s+(?P<it>{_number(NUMBERS[4:])})(?={_ENDS}|\s+with\b){NOT_AFTER}"
        ),
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s+going on\s+\d)",
        r"(?<!\w)(?P<it>(?:[1-9]|[1-9]\d)(?:st|nd|rd|th))(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?P<it>{'|'.join(_ORDINALS)})(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?:nearly|almost)\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}",
        # a young 14, looks eighteen, feels 80, acts like a 3 year old
        (
            rf"\ba\s(?:very\s)?(?:young|immature|mature|small|tiny|big|tall|typical|normal)\s"
            rf"(?P<it>{_SOME})(?={_ENDS})"
        ),
        (
            rf"\b(?:looks?|acts?|feels?|seems?)\s(?:about\s|more like\s|like\s)?(?P<it>{_SOME})"
            rf"(?={_ENDS}){NOT_AFTER}"
        ),
        # at sixteen he can; still wets the bed at 11
        (
            rf"\b(?:at|since|until|till|til)\s(?:only\s|just\s|nearly\s)?(?P<it>1[3-9]"
            rf"|{'|'.join(NUMBERS[12:19])})(?={_ENDS}|\s+(?:years|you|the|is)\b){NOT_AFTER}"
        ),
        rf"\bat\s(?:only\s|just\s|nearly\s)?(?P<it>{_ANY})(?=\s(?:years (?:old|of age)|yrs?\sold)\b)",
        rf"\bstill\b[^.\n]{{3,34}}\sat\s(?P<it>{_SOME})(?=\s*(?:$|[.,!?])){NOT_AFTER}",
        (
            rf"\b(?:diagnosed|adopted|fostered|placed|walked|walking|talked|talking|(?:toilet"
            rf"|potty) trained|periods?|pregnant|assessed"
            rf"|sectioned|excluded|statemented)\s(?:only\s|just\s)?at\s(?:only\s|just\s|about\s)?"
            rf"(?P<it>{_NUM})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        (
            rf"\b(?:big|small|tall|tiny|young|old|mature|immature|advanced|bright|good|bad"
            rf"|little)(?:\s(?:lad|boy|girl|lass|one|child"
            rf"|kid))?\sfor\s(?:an?\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}"
        ),
        (
            rf"(?:^|,\s)(?:only|just|only just|nearly|almost|barely|just turned)\s(?P<it>{_SOME})"
            rf"(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        rf"(?:^|[,(]\s?)(?P<it>{_SOME})(?=\sin\s{_MONTHS}\b)",
        r"(?<!\w)(?:m|f|male|female)\s?[,/]?\s?(?P<it>1?\d)(?=\s*[,.)]|$)",
        # both under 5
        (
            rf"\b(?:both|all|are|kids|children|mine)\s(?:of them\s|mine\s)?(?:are\s)?under\s"
            rf"(?:the age of\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}"
        ),
        # 2.5yrs and bites everyone; 6 and a half and still
        (
            rf"^(?P<it>{_NUM})(?={_YEARS}?\s(?:and|but|who)\s(?:still|wont|won't|cant|can't|refus\w+"
            rf"|never|not|has|is|bites?|hits?|screams?|"
            rf"doesn'?t|wets?|sleeps?|eats?|talks?)\b)"
        ),
        rf"^(?P<it>{_ANY}{_HALF})(?=\s(?:and|but)\b){NOT_AFTER}",
        # 13m, 14F as in forums
        r"(?<![\w£.])(?P<it>\d{1,2})(?=(?:yo)?[mf]\b(?!\s*(?:long|high|tall|away|run)))",
    )
)
_NAMED = re.compile(
    rf"(?i)\b(?P<name>[a-z][a-z'-]+)(?:,|\s-)?\s(?P<it>1?\d(?:\s?(?:weeks|wks|months|mths)(?!\s(?:ago|off"
    rf"|late)))?)"
    rf"(?={_YEARS}?(?:{_ENDS}|\s(?-i:[A-Z][a-z]))){NOT_AFTER}"
)
_MORE = re.compile(
    rf"(?i)(?:{_YEARS}?\s*(?:,\s?and|,|&|\+|/|and|n|or|going on)\s*|\s(?=1?\d\s(?:1?\d\b|and\b|&|n\b)))"
    rf"(?:an?\s|the\s|nearly\s|almost\s|now\s|just\s|one\s)?"
    rf"(?P<it>{_NUM})(?={_YEARS}?(?:{_ENDS}|\s*[/+&])){NOT_AFTER}"
)
_MAY_HOLD = re.compile(
    rf"(?i)\d|\b(?:one[\s-](?:year|yr|and|month|week)|{'|'.join(NUMBERS[1:])}|{_TENS}"
    rf"|(?:{'|'.join(_ORDINALS)})\sb)"
)
_BANDS = ((4, "0_4"), (7, "5_7"), (10, "8_10"), (13, "11_13"), (16, "14_16"), (19, "17_19"), (25, "20_25"))


def aged(text: str) -> Iterator[Span]:
    """Exact ages, the number alone, and the further ones of a list that begins with an age."""
    if not _MAY_HOLD.search(text):
        return
    found = [match.span("it") for pattern in _AGES for match in pattern.finditer(text)]
    for match in _NAMED.finditer(text):
        name = match["name"].casefold()
        if (
            name in GIVEN_NAMES
            or ("G" in flags_of(name) and "O" not in flags_of(name) and name not in WORD_NAMES)
            or (name in WORD_NAMES - MONTHS and match["name"][0].isupper())
        ):
            found.append(match.span("it"))
    for start, end in {place for first in found for place in further_ages(text, *first)}:
        yield Span(start, end, "AGE", 0.7, "ages", "an exact age")


def further_ages(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The place of an age, and the places of those that follow it as a list."""
    while True:
        yield start, end
        more = _MORE.match(text, end)
        if more is None:
            return
        start, end = more.span("it")


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
