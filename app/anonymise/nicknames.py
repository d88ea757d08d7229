"""Whether two names may be one person's: nicknames, short forms, and slips of the pen."""

from functools import cache

from app.anonymise.words import ROOM, common, flags_of

_SURE_ENDINGS = ("zza", "ers", "bob", "zzy", "s", "z")  # of short forms and of no names
_ENDINGS = ("zza", "ster", "bob", "ers", "zzy", "ie", "y", "s", "z", "o", "a", "i", "")


@cache
def _groups() -> dict[str, frozenset[str]]:
    """What each name's bearers may also be called, both ways."""
    found: dict[str, set[str]] = {}
    for line in (ROOM / "lists" / "nicknames.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, *others = line.split()
        for other in others:
            found.setdefault(name, set()).add(other)
            found.setdefault(other, set()).add(name)
    return {name: frozenset(others) for name, others in found.items()}


def nicknames_of(name: str) -> frozenset[str]:
    """The nicknames of a name in lower case, and the names it is a nickname of."""
    return _groups().get(name, frozenset())


def related(word: str, name: str) -> bool:
    """Whether the word (in lower case) may mean who bears the name: its nickname, short form or misspelling.

    Both may be nicknames of one name (Beth, Lizzie).
    """
    if word == name:
        return True
    if word in nicknames_of(name) or any(
        word in nicknames_of(full) for full in nicknames_of(name) if len(full) > 4
    ):
        return True
    if "G" in flags_of(word) and "G" in flags_of(name):  # Ella and Ellie are two people
        return misspelt(word, name) or _alike(word) == _alike(name) or short_form(word, name, _SURE_ENDINGS)
    return short_form(word, name) or misspelt(word, name)


def _alike(name: str) -> str:
    """A name without what its spellings differ in: an h, a letter doubled."""
    bare = name.replace("h", "")
    return "".join(letter for letter, before in zip(bare, " " + bare, strict=False) if letter != before)


def short_form(word: str, name: str, endings: tuple[str, ...] = _ENDINGS) -> bool:
    """Khads of Khadijah: the beginning of the name with an ending that nicknames have."""
    if len(name) < 4 or len(word) > len(name) + 2 or word[:2] != name[:2]:
        return False
    for ending in endings:
        stem = word[: len(word) - len(ending)] if word.endswith(ending) else ""
        if len(stem) >= (2 if ending in ("zza", "z") else 3) and name.startswith(stem):
            return True
    return False


def misspelt(word: str, name: str) -> bool:
    """One slip in a name of four letters or more, two in one of seven or more; the first letter is right."""
    if len(name) < 4 or len(word) < 4 or word[0] != name[0]:
        return False
    shorter = min(len(name), len(word))
    if "G" in flags_of(word) and "G" in flags_of(name):  # Eric and Erin are two people
        return shorter >= 6 and distance(word, name, most=1) is not None
    return distance(word, name, most=2 if shorter >= 6 else 1) is not None


def distance(one: str, other: str, *, most: int) -> int | None:
    """The slips between two words (a letter more, less, other, or two exchanged); None if above `most`."""
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        earlier, before = before, row
        row = [at]
        for to, second in enumerate(other, start=1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != second))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == second:
                cost = min(cost, earlier[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def unlikely_word(folded: str) -> bool:
    """Whether a word in lower case is one that nobody would expect: it may well be a misspelt name."""
    return common(folded) <= 2 and "O" not in flags_of(folded)
