"""Exact ages, in the many ways in which parents write them."""

import re
from collections.abc import Iterator

from app.anonymise.age_forms import AGES, ALONE, AND_NAMED, MAY_HOLD, MORE, NAMED
from app.anonymise.age_reading import read
from app.anonymise.age_turns import TURNS
from app.anonymise.age_words import NUMBERS, ONES, ORDINALS, WELSH
from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, MONTHS, ORDINARY, WORD_NAMES, flags_of

_BANDS = ((4, "0_4"), (7, "5_7"), (10, "8_10"), (13, "11_13"), (16, "14_16"), (19, "17_19"), (25, "20_25"))


def aged(text: str) -> Iterator[Span]:
    """Exact ages, the number alone, and the further ones of a list that begins with an age."""
    if not MAY_HOLD.search(text):
        return
    found = [match.span("it") for pattern in (*AGES, *TURNS) for match in pattern.finditer(text)]
    for match in NAMED.finditer(text):
        possessed = match["s"] is not None and _no_word(f"{match['name']}s")
        if match["told"] and (possessed or match["s"] is None) and _no_word(match["name"]):
            found.append(match.span("told"))
        elif match["it"] and _a_name(match["name"]):
            found.append(match.span("it"))
    found += list(read(text, found))
    if not found:
        return
    found += [match.span("it") for match in AND_NAMED.finditer(text) if _a_name(match["name"])]
    ages = {text[start:end].casefold() for start, end in found}
    found += [match.span("it") for match in ALONE.finditer(text) if match["it"].casefold() in ages]
    for start, end in {place for first in found for place in further_ages(text, *first)}:
        yield Span(start, end, "AGE", 0.7, "ages", "an exact age")


def _a_name(word: str) -> bool:
    name = word.casefold()
    if name in WORD_NAMES:
        return name not in MONTHS and word[0].isupper()
    return name in GIVEN_NAMES or ("G" in flags_of(name) and "O" not in flags_of(name))


def _no_word(word: str) -> bool:
    """Whether this is a name, or a word of no list of ordinary ones, which may well be one."""
    return _a_name(word) or (word.casefold() not in ORDINARY and "O" not in flags_of(word.casefold()))


def further_ages(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The place of an age, and the places of those that follow it as a list."""
    while True:
        yield start, end
        more = MORE.match(text, end)
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
    elif words[0] in ORDINALS:
        years = ORDINALS.index(words[0]) + 1
    elif words[0] == "twenty" and len(words) > 1:
        years = 20 + (ONES.index(words[1]) + 1 if words[1] in ONES else 0)
    elif words[0] in NUMBERS:
        years = NUMBERS.index(words[0]) + 1
    else:
        years = WELSH.get(words[0], 26)
    return next((band for last, band in _BANDS if years <= last), "26_99")
