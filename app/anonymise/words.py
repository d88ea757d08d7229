"""Lists of words, read once from the package's own data."""

from importlib.resources import files


def _read(name: str) -> frozenset[str]:
    lines = (files("app.anonymise") / "data" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(
        word.replace("+", " ") for line in lines if not line.startswith("#") for word in line.split()
    )


ORDINARY = _read("ordinary_words")
MONTHS = frozenset({"april", "may", "august"})  # those that are names as well, and so no ordinary words
WORD_NAMES = _read("word_names")
GIVEN_NAMES = _read("given_names") - WORD_NAMES
SURNAMES = _read("surnames")
PLACES = _read("places")
SCHOOL_WORDS = _read("school_words")
NATIONS = _read("nations")
PLACE_WORDS = _read("place_words")
POSTCODE_AREAS = _read("postcode_areas")
