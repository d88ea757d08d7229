"""Dates, dates of birth, and exact ages."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:[0-3]?\d(?:\s?(?:st|nd|rd|th))?)"
_WORD_DAY = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh"
    r"|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    r"|thirtieth)"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+(?:the\s+)?)"
_YEAR = r"(?:(?:19|20)\d\d|'?\d\d)"
_DAYS = rf"(?:{_DAY}(?:\s?(?:-|/|&|to|and|or)\s?(?:the\s)?{_DAY})?)"
_SPOKEN = rf"(?:{_WEEKDAY}?(?:the\s+)?)"
_DATE = re.compile(
    rf"""(?ix)(?<![\w/.£-])(?:
      [0-3]?\d\s?[/.-]\s?[01]?\d\s?[/.-]\s?{_YEAR}
    | (?:19|20)\d\d-[01]\d-[0-3]\d
    | [0-3]?\d\s[01]?\d\s(?:19|20)\d\d
    | {_SPOKEN}{_DAYS}[\s-]{{0,2}}(?:of\s+)?{_MONTH}(?:[\s-]*,?\s*(?:'?\d\d|(?:19|20)\d\d))?
    | {_SPOKEN}{_WORD_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,?\s*(?:19|20)\d\d)?
    | {_MONTH}\.?\s+(?:the\s+)?{_DAY}(?:\s*,?\s+(?:19|20)\d\d)?
      (?!\d|\s+(?:days?|weeks?|months?|hours?|years?|kids?|children))
    | {_MONTH}\.?\s+(?:the\s+)?{_WORD_DAY}
    | {_MONTH}\.?\s+(?:of\s+)?(?:'\d\d|(?:19|20)\d\d)
    | {_WEEKDAY}[0-3]?\d(?:st|nd|rd|th)
    )(?![\w/]|-\d|:\d)"""
)
_CLAUSE = (
    r"(?=[.,;!?)]|$|\s+(?:and|but|so|at|when|because|with|cos|then|we|he|she|they|i|to|for|in|x"
    r"|please|it|there)\b)"
)
_DAY_ALONE = re.compile(
    r"(?i)\b(?:on|by|from|till|until|since|after|before|for|to|is|was)\s(?P<it>the\s[0-3]?\d(?:st|nd|rd|th))"
    rf"(?:(?<=\bon\s.{{7}})|(?<=\bon\s.{{8}})|{_CLAUSE})"
    r"(?!\s+(?:floor|day|time|attempt|birthday|of|page|go|row|school|one|person|week|appointment"
    r"|centile|year))"
)
_DAY_AND_MONTH = re.compile(
    r"(?i)\b(?:on|by|from|till|until|since|after|before|dated|for|due|letter|meeting|appointment"
    r"|appt)\s(?:the\s)?"
    r"(?P<it>(?:[12]?\d|0[1-9]|3[01])/(?:0?[1-9]|1[0-2]))(?![\w/]|\s?%)"
)
_BIRTH = re.compile(
    r"(?i)(?:\bd\.?\s?o\.?\s?b\b\.?|\bdate of birth\b|\bborn\b|\bbirthday\b|\bdue date\b)[^.\n\d]{0,18}$"
)
_YEAR_OF_BIRTH = re.compile(r"(?i)\b(?:born in|d\.?o\.?b\.?)\s*:?\s*(?P<it>(?:19|20)\d\d)\b")
_UNIT = r"(?:\s?(?:months?|mths?|weeks?|wks?|days?))"
_NUMBERS = [
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
]
_AGE_NUMBER = rf"(?:\d{{1,2}}(?:\.\d|\s?1/2|½)?|{'|'.join(_NUMBERS)})"
_SAID_OF = (
    r"(?:is|am|are|was|were|be|turned|turning|turns|turn|she'?s|he'?s|i'?m|im|who'?s|they'?re|theyre"
    r"|nearly|almost"
    r"|since|until|till|when)"
)
_ENDS = (
    r"(?:[.,;:!?)&]|$|\s+(?:and|now|so|but|next|he|hes|she|shes|they|with|this|soon|already|last|years?"
    r"|when|who|or"
    r"|-|tomorrow|today|going|or|then|my|i|it|because|cos|though|&)\b)"
)
_OLD = r"[\s-]{0,2}(?:y/?o|year'?s?|yrs?|yr'?s|y)?[\s-]{0,2}olds?\b|[\s-]?y/?o'?s?\b|[\s-]?yrold\b"
_AND = rf"(?:\s*(?:,|&|and|or|\+|/)\s*(?:an?\s+)?{_AGE_NUMBER}{_UNIT}?)"
_RELATIVE = (
    r"(?:sons?|daughters?|boys?|girls?|child|children|kids?|brothers?|sisters?|lads?|twins|little one|eldest"
    r"|youngest|oldest|middle one|toddler|baby|nephew|niece|grandson|granddaughter|stepson|stepdaughter"
    r"|dd|ds)"
)
_AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # eight-year-old, 8 yr old, 8yo, 18 month old; the 6 in "6 and 9 year old"
        rf"(?<![\w£.])(?P<it>{_AGE_NUMBER}{_UNIT}?)(?={_AND}{{0,3}}(?:{_OLD}))",
        # she's 17, will be 10, when he was 5
        (
            rf"(?<!there )\b{_SAID_OF}\s+(?:(?:only|just|nearly|almost|now|about|around|already|only just"
            rf"|turning|aged?)\s+)?"
            rf"(?P<it>(?:\d{{1,2}}(?:\.5|½)?|{'|'.join(_NUMBERS[2:])}))"
            rf"(?=\s*(?:years? (?:of age|young)|yrs?\b)?{_ENDS}|\s+in\s+(?:{_MONTH}|a few|\w+ (?:weeks?"
            rf"|months?)))"
            rf"(?!\s*(?:[:.]\d|[ap]\.?m\b|%|in a row|,\d|and a half hours?|o'?clock|and \d+ (?:in|of)"
            rf"|(?:or \w+ |and \w+ )?(?:of (?:them|us|her|his|my)|hours?|minutes?|mins|weeks?|days?|months?"
            rf"|times|miles|children|kids|people)))"
        ),
        # aged 8, at age 5, ages 4 and 7
        (
            rf"\b(?:aged?|ages|age of)\s*:?\s*(?P<it>{_AGE_NUMBER}{_UNIT}?)(?![\w%]|\s?[-\u2013]\s?\d"
            rf"|\s+to\s+\d)"
        ),
        rf"\b(?:aged?|ages)\s*:?\s*{_AGE_NUMBER}\s*(?:,|&|and|\+)\s*(?P<it>{_AGE_NUMBER})(?![\w%]|\s?-\s?\d)",
        (
            rf"\b(?:aged?|ages)\s*:?\s*{_AGE_NUMBER}\s*,\s*{_AGE_NUMBER}\s*(?:,|&|and|\+)\s*"
            rf"(?P<it>{_AGE_NUMBER})(?![\w%])"
        ),
        # my son (8), my daughter, 14, and
        rf"\b{_RELATIVE}\s*[,(]\s*(?P<it>{_AGE_NUMBER}{_UNIT}?)(?=\s*[,)&]|\s+and\b|\s*$)",
        rf"\b{_RELATIVE}\s*[,(]\s*{_AGE_NUMBER}\s*(?:,|&|and|\+)\s*(?P<it>{_AGE_NUMBER})(?=\s*[,).]|\s*$)",
        # Kian (9), after a name; Kian, 9, has
        rf"(?<=[a-z])\s?\(\s?(?P<it>1?\d|{'|'.join(_NUMBERS[1:])})\s?\)",
        r"\b[A-Z\ue000][a-z]*,\s(?P<it>1?\d),\s",
        # turned 9 yesterday, for his 9th birthday
        rf"\b(?:turns?|turned|turning)\s+(?P<it>{_AGE_NUMBER})(?![\w%:])(?!\s*(?:to|times))",
        r"(?<!\w)(?P<it>(?:[1-9]|1\d|2[0-5])(?:st|nd|rd|th))(?=\s+(?:birthday|bday|b-day)\b)",
        # 13m, 14F as in forums
        r"(?<![\w£.])(?P<it>\d{1,2})(?=(?:yo)?[mf]\b(?!\s*(?:long|high|tall|away|run)))",
    )
)
_MAY_HOLD = re.compile(rf"(?i)\d|\b(?:{'|'.join(_NUMBERS)}|{_MONTH})\b")
_BANDS = ((4, "0_4"), (7, "5_7"), (10, "8_10"), (13, "11_13"), (16, "14_16"), (19, "17_19"), (25, "20_25"))


def dated(text: str) -> Iterator[Span]:
    """Dates (of birth where the words before say so) and exact ages."""
    if not _MAY_HOLD.search(text):
        return
    for match in _DATE.finditer(text):
        born = _BIRTH.search(text, max(0, match.start() - 40), match.start()) is not None
        kind, reason = ("DOB", "a date after a word of birth") if born else ("DATE", "a date")
        yield Span(match.start(), match.end(), kind, 0.93, "dates", reason)
    for pattern in (_DAY_ALONE, _DAY_AND_MONTH):
        for match in pattern.finditer(text):
            yield Span(
                match.start("it"), match.end("it"), "DATE", 0.85, "dates", "a day after a word of time"
            )
    for match in _YEAR_OF_BIRTH.finditer(text):
        yield Span(match.start("it"), match.end("it"), "DOB", 0.9, "dates", "a year of birth")
    for pattern in _AGES:
        for match in pattern.finditer(text):
            yield Span(match.start("it"), match.end("it"), "AGE", 0.7, "ages", "an exact age")


def age_band(surface: str) -> str:
    """The band of an exact age as it was written (years, or months and less): `5_7`; adults are `26_99`."""
    words = surface.casefold().replace("½", "").split()
    digits = re.match(r"\d+", surface)
    if any(unit in surface.casefold() for unit in ("month", "mth", "week", "wk", "day")):
        months = int(digits[0]) if digits and "m" in surface.casefold() else 0
        years = months // 12
    elif words[0] in _NUMBERS:
        years = _NUMBERS.index(words[0]) + 1
    else:
        years = int(digits[0]) if digits else 0
    return next((band for last, band in _BANDS if years <= last), "26_99")
