"""An invented service for the simulation of the queue: who comes when, and the coaches who are there. Pure.

Arrivals are a Poisson process whose rate follows the hour. Chats last 24 to 60 minutes, as real ones do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from app.queue.rules import Coach

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR_S = 3600.0
SHORTEST_S, LONGEST_S = 24 * 60.0, 60 * 60.0
MEAN_S = (SHORTEST_S + LONGEST_S) / 2
# How busy each hour is beside the mean: quiet nights, and evenings when the children are in bed.
NIGHT, MORNING = (0.5, 0.3, 0.2, 0.2, 0.2, 0.3), (0.5, 0.8, 1.1, 1.2, 1.2, 1.1)
AFTERNOON, EVENING = (1.1, 1.0, 1.0, 1.1, 1.2, 1.3), (1.5, 1.8, 2.0, 1.8, 1.4, 0.9)
BY_HOUR: tuple[float, ...] = NIGHT + MORNING + AFTERNOON + EVENING
TOPICS = ("sleep", "behaviour", "school-attendance", "send", "emotional-wellbeing", None)


@dataclass(frozen=True, slots=True)
class Service:
    """What is invented: seconds, and shares between 0 and 1. `load` is chats asked for by chats that fit."""

    arrivals: int = 100_000
    coaches: int = 40
    capacity: int = 3
    load: float = 1.2
    seed: int = 1
    patience_s: float = 20 * 60.0  # on average, until a parent leaves
    welsh_parents: float = 0.1
    welsh_coaches: float = 0.25
    at_risk: float = 0.03
    at_risk_later: float = 0.02  # found during the chat
    break_every_s: float = 3 * HOUR_S
    break_s: float = 15 * 60.0
    debrief_s: float = 10 * 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A parent, and what would become of them: `at`, `patience_s` and `lasts_s` in seconds."""

    conversation: UUID
    at: float
    language: str
    topic: str | None
    high_risk: bool
    risk_after_s: float | None
    patience_s: float
    lasts_s: float


def moment(seconds: float) -> datetime:
    """A second of the simulation as a moment."""
    return BEGIN + timedelta(seconds=seconds)


def arrivals(service: Service) -> Iterator[Arrival]:
    """Every parent in order of arrival; the same for the same seed."""
    chance = Random(service.seed)  # noqa: S311 (nothing here is a secret)
    mean_rate = service.load * service.coaches * service.capacity / MEAN_S
    mean_rate /= sum(BY_HOUR) / len(BY_HOUR)
    at = 0.0
    for number in range(1, service.arrivals + 1):
        at = _next(chance, at, mean_rate)
        lasts = chance.uniform(SHORTEST_S, LONGEST_S)
        later = chance.random() < service.at_risk_later
        yield Arrival(
            conversation=UUID(int=number),
            at=at,
            language="cy" if chance.random() < service.welsh_parents else "en",
            topic=chance.choice(TOPICS),
            high_risk=chance.random() < service.at_risk,
            risk_after_s=chance.uniform(0, lasts) if later else None,
            patience_s=chance.expovariate(1 / service.patience_s),
            lasts_s=lasts,
        )


def _next(chance: Random, at: float, mean_rate: float) -> float:
    """The next arrival after `at`: what reaches past the hour is drawn again at the next hour's rate."""
    while True:
        rate = mean_rate * BY_HOUR[int(at // HOUR_S) % len(BY_HOUR)]
        following = at + chance.expovariate(rate)
        hour_ends = (at // HOUR_S + 1) * HOUR_S
        if following < hour_ends:
            return following
        at = hour_ends


def team(service: Service) -> list[Coach]:
    """The coaches: some speak Welsh too, each has two topics of their own."""
    chance = Random(service.seed + 1)  # noqa: S311
    named = [topic for topic in TOPICS if topic]
    return [
        Coach(
            staff=UUID(int=number),
            languages=("cy", "en") if number <= round(service.coaches * service.welsh_coaches) else ("en",),
            idle_since=BEGIN,
            capacity=service.capacity,
            skills=tuple(chance.sample(named, 2)),
        )
        for number in range(1, service.coaches + 1)
    ]
