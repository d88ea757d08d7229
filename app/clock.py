"""The only clock: every other module asks here what time it is."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never jumps; for time-outs, never for order or storage."""
    return time.monotonic()


@lru_cache(maxsize=64)  # the messages of one batch share their moment
def wire(moment: datetime) -> str:
    """A moment as it stands on the wire: RFC 3339 in UTC with milliseconds: 2026-03-01T09:30:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_until(hour: int) -> float:
    """Seconds until it is next this full hour in London; across a change of clocks it is still that hour."""
    here = now().astimezone(LONDON)
    following = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    if following <= here:
        following += timedelta(days=1)
    return (following.astimezone(UTC) - here.astimezone(UTC)).total_seconds()
