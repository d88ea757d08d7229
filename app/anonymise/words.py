"""Lists of words, read once: the package's own, and the gazetteers that `make setup` builds."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

ROOM = Path(str(files("app.anonymise")))
LEXICON = ROOM / "data" / "lexicon.tsv"


_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


class NotBuilt(Exception):
    """The gazetteers are missing."""


def _read(name: str) -> frozenset[str]:
    lines = (ROOM / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(
        word.replace("+", " ") for line in lines if not line.startswith("#") for word in line.split()
    )


ORDINARY = _read("ordinary_words")
NOBODY = ORDINARY | _read("things")  # what no capital makes a name of
MONTHS = frozenset({"april", "may", "august"})  # those that are names as well, and so no ordinary words
WORD_NAMES = _read("word_names")
GIVEN_NAMES = _read("given_names") - WORD_NAMES  # the most frequent ones
SCHOOL_WORDS = _read("school_words")
NATIONS = _read("nations")
POSTCODE_AREAS = _read("postcode_areas")
COUNCILS = _read("councils")
HEALTH_WORDS = _read("health_words")
NOT_INSTITUTIONS = _read("not_institutions")
NOT_STREETS = _read("not_streets")
UNITS = _read("units")


def bag(text: str) -> set[str]:
    """The words of a text in lower case, as they stand and without an s at their end."""
    words = set(_LETTERS.findall(text.casefold()))
    return words | {word[:-1].rstrip("'") for word in words if word.endswith("s")}


@cache
def lexicon() -> dict[str, tuple[int, str]]:
    """How common a word is (0 to 8), and what it may be: Given name, Surname, Place, Ordinary.

    The operator's own given names are among them, where they are no ordinary words.
    """
    if not LEXICON.exists():
        raise NotBuilt("the gazetteers are not built: make setup")
    found = {}
    for line in LEXICON.read_text(encoding="utf-8").splitlines():
        word, common, flags = line.split("\t")
        found[word] = (int(common), flags)
    for name in kept("names"):
        how_common, flags = found.get(name, (0, ""))
        if "O" not in flags and "G" not in flags and name not in ORDINARY:
            found[name] = (how_common, "G" + flags)
    return found


def kept(kind: str) -> list[str]:
    """The operator's own list of schools, health services or names; empty where there is none."""
    path = LEXICON.parent / f"own_{kind}.tsv"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def flags_of(word: str) -> str:
    """What a word in lower case may be."""
    entry = lexicon().get(word)
    return "" if entry is None else entry[1]


def common(word: str) -> int:
    """How common a word in lower case is, tenfold each: 0 unheard of, 3 seldom, 7 as "the"."""
    entry = lexicon().get(word)
    return 0 if entry is None else entry[0]


@cache
def long_places() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Places of several words, by their first word."""
    return by_first_word(name for name, (_, flags) in lexicon().items() if "P" in flags and " " in name)


@cache
def hospitals() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The hospitals that are known, by their first word."""
    return by_first_word(name.replace("'", "") for name in _read("hospitals"))


def by_first_word(names: Iterable[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Names of one word or more, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        words = tuple(name.split(" "))
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(names, key=len, reverse=True)) for first, names in found.items()}
