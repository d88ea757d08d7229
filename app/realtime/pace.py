"""How fast each person writes, over all of their sockets, and over all workers as far as these are heard."""

from uuid import UUID

from app import clock
from app.realtime.hub import Hub
from app.realtime.session import Bucket, Pace, text_bucket
from app.settings import Settings

MOST_PACES = 10_000


def pace_of(settings: Settings) -> Pace:
    """The timers and limits of every socket."""
    timers, limits = settings.timers, settings.limits
    return Pace(
        ping=timers.ping,
        pong=timers.pong,
        frame_bytes=limits.frame_bytes,
        parent_messages_per_minute=limits.parent_messages_per_minute,
        staff_messages_per_minute=limits.staff_messages_per_minute,
    )


class Paces:
    """A bucket for each person, a parent by their conversation: coming back does not buy another minute."""

    def __init__(self, hub: Hub, pace: Pace) -> None:
        self._hub = hub
        self.pace = pace
        self._buckets: dict[UUID, Bucket] = {}

    def of(self, whose: UUID, role: str) -> Bucket:
        """The pace of this person in this role."""
        make_room(self._hub, self._buckets)
        return self._buckets.setdefault(whose, text_bucket(self.pace, role, clock.monotonic()))

    def spent(self) -> dict[str, tuple[int, int]]:
        """Who has sent texts here since this was last asked: how many, and how many a minute they may."""
        found = {}
        for whose, bucket in self._buckets.items():
            if bucket.spent:
                found[str(whose)] = bucket.spent, bucket.per_minute
                bucket.spent = 0
        return found

    def note(self, spent: dict[str, tuple[int, int]]) -> None:
        """Count what these people have sent at another worker."""
        now = clock.monotonic()
        for person, (texts, per_minute) in spent.items():
            whose = UUID(person)
            if len(self._buckets) < MOST_PACES or whose in self._buckets:
                self._buckets.setdefault(whose, Bucket(per_minute, now)).debit(texts, now)


def make_room(hub: Hub, buckets: dict[UUID, Bucket]) -> None:
    """Where these are many, forget those of people who are not here and could do as much anew."""
    if len(buckets) >= MOST_PACES:
        now = clock.monotonic()
        here = {each.staff or each.conversation for each in hub.connections}
        for gone in [key for key, taken in buckets.items() if key not in here and taken.full(now)]:
            del buckets[gone]
