"""One conversation is masked at a time in each process: the anonymiser's tagger holds one text at once.

Two threads at it together would judge the words of one by what stands in the other.
"""

from collections.abc import Sequence
from threading import Lock

from app.anonymise import Anonymised, Leak, anonymise, leaks

_alone = Lock()


def masked(texts: list[str], known: Sequence[str] = ()) -> Anonymised:
    """As `app.anonymise.anonymise`, from any thread."""
    with _alone:
        return anonymise(texts, known)


def leaking(texts: list[str], outcome: Anonymised) -> list[Leak]:
    """As `app.anonymise.leaks`, from any thread."""
    with _alone:
        return leaks(texts, outcome.spans, outcome.texts)
