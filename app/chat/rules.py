"""What a conversation may do, decided without a database."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class Origin(StrEnum):
    PARENT = "parent"
    SIMULATED = "simulated"


class Speaker(StrEnum):
    """A participant's role."""

    PARENT = "parent"
    COACH = "coach"
    SUPERVISOR = "supervisor"


class Stream(StrEnum):
    """`conv` holds only what both sides may see; `staff` holds notes, tags and concerns."""

    CONV = "conv"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What a parent chose to say about the child and where they live: codes of the codebook, all optional."""

    age_band: str | None = None
    stage: str | None = None
    send: str | None = None
    attendance: str | None = None
    region: str | None = None


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.OPEN, Status.ABANDONED}),
    Status.OPEN: frozenset({Status.WRAP_UP, Status.WAITING}),
    Status.WRAP_UP: frozenset({Status.CLOSED}),
    Status.CLOSED: frozenset(),
    Status.ABANDONED: frozenset(),
}


# PostgreSQL and JSON readers alike stumble on NUL; half of a surrogate pair JSON can spell and UTF-8 cannot.
_UNSTORABLE = re.compile("[\ud800-\udfff]")


def may_become(status: str, following: Status) -> bool:
    """Whether a conversation in this status may go on to that one."""
    return following in TRANSITIONS[Status(status)]


def may_post(status: str, speaker: str) -> bool:
    """A parent may write while waiting and while open; staff only while open."""
    if speaker == Speaker.PARENT:
        return status in (Status.WAITING, Status.OPEN)
    return status == Status.OPEN


def tidy(body: str) -> str:
    """A text as it is stored: Unicode NFC, and otherwise just as it was written."""
    return unicodedata.normalize("NFC", body)


def text_fault(body: str, *, limit: int) -> str | None:
    """Why a tidied text cannot be a message, as an error code, or None. `limit` is in characters."""
    if not body or body.isspace() or "\0" in body or (not body.isascii() and _UNSTORABLE.search(body)):
        return "bad_request"
    return "too_large" if len(body) > limit else None
