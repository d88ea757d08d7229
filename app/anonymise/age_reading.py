"""Whether a number tells an age, read from the words around it by a small model of our own."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from threading import local

import pycrfsuite

from app.anonymise.age_words import HALF, NUMBERS, UNIT, number
from app.anonymise.allowed import BLANK
from app.anonymise.meanings import meaning_of
from app.anonymise.words import ROOM, flags_of

MODEL = ROOM / "model" / "ages.crfsuite"
CARD = ROOM / "model" / "ages.card.json"
SURE = 0.8  # from here on the model is believed where no form of the rules has spoken

Word = tuple[int, int, str]  # start, end, in lower case

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[^\s]")
_WHOLE = re.compile(rf"(?i){number(NUMBERS)}(?:{HALF}|{UNIT})?")
# A number that is a part of another: a score, a fraction, a price, a time.
_BEFORE_MORE = ("/", ":", ".", "£", "$")
_MORE = re.compile(r"[/:]\d|\s?%")
_SPELT = frozenset([*NUMBERS, "thirty", "forty", "fifty", "sixty", "seventy"])
_BEING = frozenset(
    [
        *("is", "was", "are", "were", "am", "im", "i'm", "hes", "shes", "he's", "she's", "turned", "turns"),
        *("turning", "be", "been", "they're", "theyre", "whos", "who's"),
    ]
)
_SPOKEN_OF = frozenset(
    [
        *("he", "she", "they", "him", "her", "his", "hes", "shes", "he's", "she's", "they're", "i", "im"),
        *("i'm", "who", "theyre"),
    ]
)
_KIN = frozenset(
    [
        *("son", "daughter", "boy", "girl", "child", "kid", "kids", "children", "baby", "brother", "sister"),
        *("lad", "lass", "twins", "toddler", "eldest", "youngest", "oldest", "one", "teen", "teenager"),
        *("nephew", "niece", "cousin", "grandson", "granddaughter", "stepson", "stepdaughter", "mum", "dad"),
        *("nan", "gran", "grandad", "husband", "wife", "partner", "ex", "mother", "father", "ds", "dd", "lo"),
        *("boys", "girls", "sons", "daughters", "mine", "ours", "bairn", "wean", "laddie", "both"),
    ]
)


def words_of(text: str) -> list[Word]:
    """The words, numbers and marks of a text."""
    return [
        (match.start(), match.end(), match[0].casefold().replace("\u2019", "'"))
        for match in _WORD.finditer(text)
    ]


def may_be_age(word: str) -> bool:
    """Whether a word in lower case is a number that somebody's age may be."""
    return word in _SPELT or (word[0].isdecimal() and len(word.split(".", maxsplit=1)[0]) < 3)


def read(text: str, known: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[int, int]]:
    """The places of numbers that the model is sure tell an age, each with its months or its half.

    Numbers in the places of `known` ages are not looked at.
    """
    words = words_of(text)
    for at, (start, end, word) in enumerate(words):
        if not may_be_age(word) or any(first < end and start < last for first, last in known):
            continue
        if text[start - 1 : start] in _BEFORE_MORE or _MORE.match(text, end):
            continue
        if _chance(features(words, at)) > SURE:
            whole = _WHOLE.match(text, start)
            yield start, max(end, whole.end()) if whole else end


def features(words: list[Word], at: int) -> list[str]:
    """What is told of the number at this place: its size, its neighbours, who stands before it."""
    word = words[at][2]
    near = [words[place][2] if 0 <= place < len(words) else "^" for place in range(at - 3, at + 4)]
    said = [_said(other) for other in near]
    likes = [_like(other) for other in near]
    size = _size(word)
    told = ["b", f"v={size}", "spelt" if word in _SPELT else "digits"]
    for place in (0, 1, 2, 4, 5, 6):
        told += (f"w{place}={said[place]}", f"c{place}={likes[place][1]}", f"b{place}={likes[place][0]}")
    told += (
        f"l2={said[1]}|{said[2]}", f"r2={said[4]}|{said[5]}", f"lr={said[2]}|{said[4]}",
        f"lv={said[2]}|{size}", f"rv={said[4]}|{size}", f"lrc={likes[2][1]}|{likes[4][1]}",
        f"l3={said[0]}|{said[1]}|{said[2]}",
    )  # fmt: skip
    if at + 1 < len(words) and words[at + 1][0] == words[at][1]:
        told.append(f"on={said[4]}")
    if at and words[at][0] == words[at - 1][1]:
        told.append(f"off={said[2]}")
    clause = _clause(words, at)
    told += [f"L={other}" for other in sorted({_said(other) for other in clause})]
    right = [other for _, _, other in words[at + 1 : at + 5]]
    told += [f"R={other}" for other in sorted({_said(other) for other in right})]
    for name, kinds in (("spoken", _SPOKEN_OF), ("kin", _KIN), ("being", _BEING)):
        far = next((min(4, place) for place, other in enumerate(clause) if other in kinds), "no")
        told += (f"{name}={far}", f"{name}={far}|{likes[4][1]}")
    if not _KIN.isdisjoint(right[:3]):
        told.append("kin after")
    told.append(f"n={min(4, sum(may_be_age(other) for _, _, other in words))}")
    return told


def _clause(words: list[Word], at: int) -> list[str]:
    """Up to eight words before the number in its sentence, the nearest first."""
    before = []
    for _, _, word in reversed(words[max(0, at - 8) : at]):
        if word in ".!?":
            break
        before.append(word)
    return before


def _size(word: str) -> str:
    value = NUMBERS.index(word) + 1 if word in NUMBERS else 40 if word in _SPELT else int(float(word))
    return next((f"-{last}" for last in (0, 1, 4, 9, 12, 19, 39) if value <= last), "more")


@cache
def _named(word: str) -> bool:
    flags = flags_of(word)
    return "G" in flags and "O" not in flags


def _said(word: str) -> str:
    if may_be_age(word) or word[0].isdecimal():
        return "#"
    return "@" if _named(word) else word


def _like(word: str) -> tuple[str, str]:
    """The clusters of a word; marks, numbers, names and what is blanked stand for themselves."""
    if may_be_age(word) or word[0].isdecimal():
        return "#", "#"
    if word == BLANK or not word[0].isalpha():
        return word, word
    return ("@", "@") if _named(word) else meaning_of(word)


# A tagger holds what it was given last, so that each thread has its own.
_own = local()


def _chance(told: list[str]) -> float:
    if not hasattr(_own, "model"):
        _own.model = pycrfsuite.Tagger()
        _own.model.open(str(MODEL))
    _own.model.set([told])
    chance: float = _own.model.marginal("A", 0)
    return chance
