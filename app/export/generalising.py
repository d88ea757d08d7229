"""How exactly an export may tell of when, of what and of which child a conversation was. Pure.

Everybody who is in an export agrees with at least `k - 1` others in all of `Facts` that its columns tell.
Where too few agree, the facts are told more coarsely, in the order of `LEVELS`, until enough do. What the
coach made of the conversation stands beside them (further topics, barriers, service gaps, disposition):
nobody else knows it. The language is among the facts: neighbours know it, and a text tells it whatever a
column does.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from app.export.periods import Period, parse_period

POLICY = "k10-2"  # a new name whenever anything here would tell more, or otherwise
K = 10


@dataclass(frozen=True, slots=True, order=True)
class Facts:
    """What an export's columns tell of one conversation. None: not said, or not told."""

    period: str
    topic: str | None  # the main one
    stage: str | None
    region: str | None
    nation: str | None
    age_band: str | None
    send: str | None
    attendance: str | None
    language: str | None


def _top(topic: str | None) -> str | None:
    return topic.partition("/")[0] if topic else None


# Each level tells what the one before does, and less; the last one tells the period alone.
LEVELS: tuple[Callable[[Facts], Facts], ...] = (
    lambda facts: facts,
    lambda facts: replace(facts, send=None, attendance=None),
    lambda facts: replace(facts, age_band=None),
    lambda facts: replace(facts, region=None),
    lambda facts: replace(facts, nation=None),
    lambda facts: replace(facts, stage=None),
    lambda facts: replace(facts, topic=_top(facts.topic)),
    lambda facts: replace(facts, topic=None, language=None),
)
TOP_TOPICS, NO_TOPICS = len(LEVELS) - 2, len(LEVELS) - 1  # the levels that tell less of topics


@dataclass(frozen=True, slots=True)
class Told:
    """What is told in place of the facts, and at which level of `LEVELS` they left off."""

    facts: Facts
    level: int


def generalise(counts: Mapping[Facts, int], *, k: int = K) -> dict[Facts, Told]:
    """For each combination of facts (and how many have it) what may be told.

    Whatever is told is told of at least `k` conversations, as long as their period holds so many.
    """
    told: dict[Facts, Told] = {}
    for period in sorted({facts.period for facts in counts}):
        told |= _within({facts: n for facts, n in counts.items() if facts.period == period}, k=k)
    return told


def _within(counts: Mapping[Facts, int], *, k: int) -> dict[Facts, Told]:
    told: dict[Facts, Told] = {}
    left = {facts: facts for facts in counts}  # each with what would be told of it
    for level, coarser in enumerate(LEVELS):
        left = {facts: coarser(so_far) for facts, so_far in left.items()}
        alike = _sizes(left, counts)
        kept = {facts for facts, so_far in left.items() if alike[so_far] >= k}
        told |= {facts: Told(left[facts], level) for facts in kept}
        left = {facts: so_far for facts, so_far in left.items() if facts not in kept}
    return _joined(told, left, counts)


def _joined(
    told: dict[Facts, Told], left: Mapping[Facts, Facts], counts: Mapping[Facts, int]
) -> dict[Facts, Told]:
    """Those who are left are fewer than `k` even at the last level: each joins the group that it comes
    together with soonest, the smallest of these, and both are told of as coarsely as that takes."""
    last = len(LEVELS) - 1
    if not told:
        return {facts: Told(so_far, last) for facts, so_far in left.items()}
    for facts in sorted(left, key=str):
        sizes = _sizes({each: where.facts for each, where in told.items()}, counts)
        group, level = next(
            (group, level)
            for level in range(len(LEVELS))
            for group in sorted(sizes, key=lambda each: (sizes[each], str(each)))
            if _coarsened(group, level) == _coarsened(facts, level)
        )
        members = {facts, *(each for each, where in told.items() if where.facts == group)}
        coarsest = max([level, *(told[each].level for each in members if each in told)])
        told |= {each: Told(_coarsened(group, level), coarsest) for each in members}
    return told


def _coarsened(facts: Facts, level: int) -> Facts:
    for coarser in LEVELS[: level + 1]:
        facts = coarser(facts)
    return facts


def _sizes(told: Mapping[Facts, Facts], counts: Mapping[Facts, int]) -> Counter[Facts]:
    sizes: Counter[Facts] = Counter()
    for facts, group in told.items():
        sizes[group] += counts[facts]
    return sizes


def parts_of(period: Period, by_month: Mapping[date, int], *, k: int = K) -> list[Period]:
    """The parts of a period that an export tells apart: its months where none holds fewer than `k`
    conversations (but for none at all), else its quarters, else the period alone."""
    months = [parse_period(f"{month:%Y-%m}") for month in period.months()]
    quarters = [
        parse_period(f"{month:%Y}-Q{(month.month + 2) // 3}")
        for month in period.months()
        if month.month % 3 == 1
    ]
    for parts in (months, quarters):
        sizes = [sum(by_month.get(month, 0) for month in part.months()) for part in parts]
        if len(period.months()) == sum(len(part.months()) for part in parts) and not any(
            0 < size < k for size in sizes
        ):
            return [part for part, size in zip(parts, sizes, strict=True) if size]
    return [period]
