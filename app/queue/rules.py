"""Who comes next and how long it may take, decided without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

LANGUAGE_WAIT = timedelta(minutes=10)
ENOUGH_GAPS = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting conversation, as the order sees it."""

    conversation: UUID
    entered_at: datetime
    priority: int
    language: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds until a coach comes: half of all parents in this place wait at most p50, four in five p80."""

    p50: int
    p80: int


def in_order(waiting: Sequence[Waiting]) -> list[Waiting]:
    """High risk first, then first come first served; the id settles a tie."""
    return sorted(waiting, key=lambda entry: (-entry.priority, entry.entered_at, entry.conversation))


def next_for(waiting: Sequence[Waiting], *, languages: Sequence[str], now: datetime) -> list[Waiting]:
    """Whom a coach may take, best first.

    A parent is passed over only for the language they asked for, and for at most ten minutes; never when at
    high risk.
    """
    return [
        entry
        for entry in in_order(waiting)
        if entry.priority or entry.language in languages or now - entry.entered_at >= LANGUAGE_WAIT
    ]


def expected_wait(position: int, claim_gaps: Sequence[float]) -> Expected | None:
    """What a parent may expect at this position (1 is next), from the seconds between recent claims.

    The wait is a sum of `position` gaps: their mean, and for p80 one standard deviation's 0.84 on top, as
    sums of gaps come near the normal distribution. None until enough gaps are known to say anything honest.
    """
    if len(claim_gaps) < ENOUGH_GAPS:
        return None
    mean = sum(claim_gaps) / len(claim_gaps)
    variance = sum((gap - mean) ** 2 for gap in claim_gaps) / len(claim_gaps)
    p50 = position * mean
    return Expected(p50=round(p50), p80=round(p50 + 0.84 * (position * variance) ** 0.5))


def has_room(*, load: int, capacity: int) -> bool:
    """Whether a coach may take one more."""
    return load < capacity
