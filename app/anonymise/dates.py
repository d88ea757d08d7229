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
_YEAR = r"(?:(?:19|20)\d\d|'?\d\d)"
_DATE = re.compile(
    rf"""(?ix)(?<![\w/.£-])(?:
      [0-3]?\d\s?[/.-]\s?[01]?\d\s?[/.-]\s?{_YEAR}
    | (?:19|20)\d\d-[01]\d-[0-3]\d
    | {_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,?\s*(?:19|20)\d\d)?
    | {_MONTH}\.?\s+{_DAY}(?:\s*,?\s+(?:19|20)\d\d)?
    | {_MONTH}\.?\s+(?:19|20)\d\d
    )(?![\w/]|-\d|:\d)"""
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
_SAID_OF = r"(?:is|am|are|was|turned|turning|turns|she'?s|he'?s|i'?m|who'?s|they'?re|nearly|almost|just)"
_ENDS = r"(?:[.,;:!?)]|$|\s+(?:and|now|so|but|in|next|he|she|they|with|year)\b)"
_OLD = r"[\s-]?(?:y/?o|year'?s?|yrs?|y)?[\s-]?old\b|[\s-]?y/?o\b"
_AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # eight-year-old, 8 yr old, 8yo, 18 month old
        rf"(?<![\w£.])(?P<it>{_AGE_NUMBER}{_UNIT}?)(?={_OLD})",
        # she's 17
        (
            rf"\b{_SAID_OF}\s+(?:(?:only|just|nearly|almost|now)\s+)?(?P<it>\d{{1,2}})"
            rf"(?=\s*(?:years? (?:of age|young))?{_ENDS})(?!\s*(?:[:.]\d|[ap]\.?m\b|%|in a))"
        ),
        # aged 8
        rf"\b(?:aged?|age of)\s*:?\s*(?P<it>{_AGE_NUMBER})(?![\w%]|\s?[-\u2013]\s?\d|\s+to\s+\d)",
        # my son (8)
        rf"\b(?:son|daughter|boy|girl|child|brother|sister|lad)\s*[,(]\s*(?P<it>{_AGE_NUMBER})\s*[,)]",
    )
)
_BANDS = ((4, "0_4"), (7, "5_7"), (10, "8_10"), (13, "11_13"), (16, "14_16"), (19, "17_19"), (25, "20_25"))


def dated(text: str) -> Iterator[Span]:
    """Dates (of birth where the words before say so) and exact ages."""
    for match in _DATE.finditer(text):
        born = _BIRTH.search(text, max(0, match.start() - 40), match.start()) is not None
        kind, reason = ("DOB", "a date after a word of birth") if born else ("DATE", "a date")
        yield Span(match.start(), match.end(), kind, 0.93, "dates", reason)
    for match in _YEAR_OF_BIRTH.finditer(text):
        yield Span(match.start("it"), match.end("it"), "DOB", 0.9, "dates", "a year of birth")
    for pattern in _AGES:
        for match in pattern.finditer(text):
            yield Span(match.start("it"), match.end("it"), "AGE", 0.7, "ages", "an exact age")


def age_band(surface: str) -> str:
    """The band of an exact age as it was written (years, or months and less): `5_7`; adults are `26_99`."""
    words = surface.casefold().replace("½", "").split()
    if any(unit in surface.casefold() for unit in ("month", "mth", "week", "wk", "day")):
        digits = re.match(r"\d+", surface)
        months = int(digits[0]) if digits and "m" in surface.casefold() else 0
        years = months // 12
    elif words[0] in _NUMBERS:
        years = _NUMBERS.index(words[0]) + 1
    else:
        years = int(re.match(r"\d+", words[0])[0])  # type: ignore[index]
    return next((band for last, band in _BANDS if years <= last), "26_99")
