"""Dates, and dates of birth."""

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
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|eleventh"
    r"|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    r"|thirtieth)"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+(?:the\s+)?)"
_YEAR = r"(?:(?:19|20)\d\d|'?\d\d)"
_YEAR_WORDS = (
    r"(?:twenty[ -](?:oh[ -])?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|thirteen|fourteen"
    r"|fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:[ -][a-z]+)?)|two[ ]thousand(?:[ ]and)?[ ][a-z]+)"
)
_DAYS = rf"(?:{_DAY}(?:\s?(?:-|/|&|to|and|or)\s?(?:the\s)?{_DAY})?)"
_SPOKEN = rf"(?:{_WEEKDAY}?(?:the\s+)?)"
_DATE = re.compile(
    rf"""(?ix)(?<![\w/.£-])(?:
      [0-3]?\d\s?[/.-]\s?[01]?\d\s?[/.-]\s?{_YEAR}
    | (?:19|20)\d\d-[01]\d-[0-3]\d
    | [0-3]?\d\s[01]?\d\s(?:19|20)\d\d
    | {_SPOKEN}{_DAYS}[\s-]{{0,2}}(?:of\s+)?{_MONTH}(?:[\s-]*,?\s*(?:'?\d\d|(?:19|20)\d\d))?
    | {_SPOKEN}{_WORD_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,?\s*(?:(?:19|20)\d\d|{_YEAR_WORDS}\b))?
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
    r"(?i)\b(?:on|by|from|till|until|since|after|before|for|to|is|was)\s(?P<it>the\s[0-3]?\d(?:st|nd"
    r"|rd|th))"
    rf"(?:(?<=\bon\s.{{7}})|(?<=\bon\s.{{8}})|{_CLAUSE})"
    r"(?!\s+(?:floor|day|time|attempt|birthday|of|page|go|row|school|one|person|week|appointment"
    r"|centile|year))"
)
_DAY_AND_MONTH = re.compile(
    r"(?i)\b(?:on|by|from|till|until|since|after|before|dated|for|due|letter|meeting|appointment"
    r"|appt)\s(?:the\s)?"
    r"(?P<it>(?:[12]?\d|0[1-9]|3[01])/(?:0?[1-9]|1[0-2]))(?![\w/]|\s?%)"
)
_BORN = (
    r"(?:\bd\.?\s?o\.?\s?b\b\.?|\bdate of birth\b|\bborn\b|\bbirth ?da(?:y|te)\b|\bb-?day\b"
    r"|\bdue date\b)"
)
_BIRTH = re.compile(rf"(?i){_BORN}[^.\n\d]{{0,18}}$")
_YEAR_OF_BIRTH = re.compile(r"(?i)\b(?:born in|d\.?o\.?b\.?)\s*:?\s*(?P<it>(?:19|20)\d\d)\b")
# What is a date only because a birth is spoken of: 12 5 14, 120514, the 4th, 4th of the 2nd 2016.
_BIRTH_LOOSE = re.compile(
    rf"(?i){_BORN}[^.\n\d]{{0,18}}?(?P<it>\d{{1,2}}[ ./\\-]{{1,2}}\d{{1,2}}[ ./\\-]{{1,2}}(?:\d{{4}}"
    rf"|\d\d)|(?:19|20)?\d{{6}}"
    r"|\d{1,2}(?:st|nd|rd|th)?\sof\s(?:the\s)?\d{1,2}(?:st|nd|rd|th)?(?:[\s,]+(?:of\s)?(?:'?\d\d"
    r"|(?:19|20)\d\d))?"
    r"|\d{1,2}[/.-]\d{1,2}|the\s[0-3]?\d(?:st|nd|rd|th))(?![\w/]|\s+(?:party|time|percent))"
)
_MAY_HOLD = re.compile(rf"(?i)\d|\b{_MONTH}\b")


def dated(text: str) -> Iterator[Span]:
    """Dates, of birth where the words before say so."""
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
    for pattern, reason in (
        (_YEAR_OF_BIRTH, "a year of birth"),
        (_BIRTH_LOOSE, "figures after a word of birth"),
    ):
        for match in pattern.finditer(text):
            yield Span(match.start("it"), match.end("it"), "DOB", 0.9, "dates", reason)
