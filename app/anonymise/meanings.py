"""Which words are used alike: what is learnt of one word counts for the others of its cluster."""

from functools import cache

from app.anonymise.words import ROOM

CLUSTERS = ROOM / "model" / "clusters.tsv"


@cache
def _clusters() -> dict[str, tuple[str, str]]:
    found = {}
    for line in CLUSTERS.read_text(encoding="utf-8").splitlines():
        fine, coarse, words = line.split("\t")
        both = (fine, coarse)
        for word in words.split(" "):
            found[word] = both
    return found


def meaning_of(folded: str) -> tuple[str, str]:
    """The narrower and the wider cluster of a word in lower case; `?` for a word that is in none."""
    clusters = _clusters()
    return clusters.get(folded) or clusters.get(folded.replace("'", "")) or ("?", "?")
