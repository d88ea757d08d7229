"""The operator's own lists: schools of the DfE's register, NHS organisations, baby names of the ONS.

`earshot gazetteers` reads the published files and keeps the names in `data/`, beside what `make setup`
builds; they never enter the repository.
"""

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from app.anonymise.words import LEXICON, by_first_word, kept, lexicon

Kind = Literal["schools", "health", "names"]

_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019.&-][^\W\d_]+)*")
_HEADINGS = {
    "schools": ("establishmentname", "school name", "schname", "name"),
    "health": ("organisation name", "organisationname", "name"),
    "names": ("name", "baby name", "first name"),
}
_SAYS_WHAT = frozenset(
    [
        *("primary", "infant", "infants", "junior", "juniors", "secondary", "high", "grammar", "academy"),
        *("school", "college", "nursery", "preschool", "pre-school", "prep", "preparatory", "community"),
        *("catholic", "rc", "ce", "church", "england", "of", "c", "e", "voluntary", "aided", "controlled"),
        *("va", "vc", "special", "and", "the", "comprehensive", "first", "middle", "free", "sixth", "form"),
        *("centre", "hospital", "surgery", "practice", "medical", "health", "clinic", "foundation"),
        *("trust", "nhs", "limited", "ltd", "group", "partnership"),
    ]
)
_ODS_NAME = 1  # the column of the name in the NHS' files, which have no headings
_MOST_HEADINGS = 12  # lines of a file in which its headings are looked for


class Unreadable(Exception):
    """The file holds no such list."""


def read_list(kind: Kind, path: Path) -> list[str]:
    """The names in a published file, in lower case, each once, in order; `Unreadable` if it holds none.

    Schools: the DfE's edubasealldata.csv. Health services: a CSV of the NHS' organisation data, with or
    without headings (epraccur.csv, ets.csv). Names: a CSV of the ONS with a column Name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252")
    rows = list(csv.reader(text.splitlines()))
    for at, row in enumerate(rows[:_MOST_HEADINGS]):
        folded = [cell.strip().casefold() for cell in row]
        column = next((folded.index(name) for name in _HEADINGS[kind] if name in folded), None)
        if column is not None:
            return _names(rows[at + 1 :], column, path)
    if kind == "health":
        return _names(rows, _ODS_NAME, path)
    raise Unreadable(f"{path.name} has no column {_HEADINGS[kind][0]}: is it the file of {kind}?")


def _names(rows: Iterable[list[str]], column: int, path: Path) -> list[str]:
    found = {
        " ".join(words)
        for row in rows
        if len(row) > column and (words := [_bare(word) for word in _LETTERS.findall(row[column].casefold())])
    }
    if not found:
        raise Unreadable(f"{path.name} holds no names.")
    return sorted(found)


def keep(kind: Kind, names: Iterable[str]) -> Path:
    """Write a list to where detection reads it; one that stands there is replaced."""
    path = LEXICON.parent / f"own_{kind}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    for reading in (own_institutions, lexicon):
        reading.cache_clear()
    return path


@cache
def own_institutions(kind: Kind) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The operator's schools or health services by their first word, whole and without what only says what
    they are.
    """
    whole = kept(kind)
    return by_first_word({*whole, *filter(None, map(_stem, whole))})


def _stem(name: str) -> str:
    words = name.split(" ")
    while words and words[-1] in _SAYS_WHAT:
        words.pop()
    return " ".join(words) if sum(map(len, words)) > 3 else ""


def _bare(word: str) -> str:
    return word.replace("'", "").replace("\u2019", "").rstrip(".")
