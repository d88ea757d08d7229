"""What a run will hold, counted before anything is written: its parts, its sample, and what may be told."""

import hashlib
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import islice
from uuid import UUID

from app.db import Database, reading
from app.export import queries
from app.export.formats.columns import LISTS, PLAIN, MaskedConversation
from app.export.generalising import LEVELS, NO_TOPICS, TOP_TOPICS, Facts, Told, generalise, parts_of
from app.export.models import ExportRun, Row, RowGroup
from app.export.periods import Period
from app.export.queries import Selection

CHUNK = 200  # conversations that are read at once
COUNTED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, order=True)
class _Drawn:
    """A conversation that stands in a sample as long as no more than its size have a smaller number."""

    number: int  # the negative of what the seed gives, as a heap puts the smallest first
    id: UUID
    month: date
    facts: Facts


@dataclass(frozen=True, slots=True)
class Plan:
    """`counts` says of how many conversations what is told was decided, by all that is known of them.

    `chosen` names the conversations of a sample, by the name of their part; None: all.
    """

    selection: Selection
    parts: list[Period]
    told: dict[Facts, Told]
    nations: Mapping[str, str]
    counts: Mapping[Facts, int]
    chosen: dict[str, list[UUID]] | None = None

    @property
    def found(self) -> int:
        """How many conversations were counted."""
        return sum(self.counts.values())

    def told_at(self) -> dict[str, int]:
        """How many combinations of facts are told at each level of coarseness."""
        levels = Counter(told.level for told in self.told.values())
        return {str(level): levels[level] for level in range(len(LEVELS))}


async def plan(database: Database, run: ExportRun, *, nations: Mapping[str, str], simulated: bool) -> Plan:
    """Look through what a run selects, in pages, and decide what will be told of it."""
    selection = Selection(run.first_month, run.last_month, run.topic, simulated=simulated)
    period = Period(run.period, run.first_month, run.last_month)
    counts: Counter[tuple[date, Facts]] = Counter()
    sample: list[_Drawn] = []
    async for page in _count_pages(database, selection):
        for group_id, month, facts in page:
            told = replace(facts, nation=nations.get(facts.region or ""))
            if run.sample is None:
                counts[month, told] += 1
                continue
            drawn = _Drawn(-_number(run.seed, group_id), group_id, month, told)
            (heapq.heappush if len(sample) < run.sample else heapq.heappushpop)(sample, drawn)
    counts.update((drawn.month, drawn.facts) for drawn in sample)
    by_month: Counter[date] = Counter()
    for (month, _), n in counts.items():
        by_month[month] += n
    parts = parts_of(period, by_month)
    name_of = {month: part.name for part in parts for month in part.months()}
    by_facts: Counter[Facts] = Counter()
    for (month, facts), n in counts.items():
        by_facts[replace(facts, period=name_of[month])] += n
    chosen = None
    if run.sample is not None:
        chosen = {
            part.name: sorted(drawn.id for drawn in sample if name_of[drawn.month] == part.name)
            for part in parts
        }
    return Plan(selection, parts, generalise(by_facts), nations, by_facts, chosen)


async def conversations(database: Database, plan: Plan) -> AsyncIterator[list[MaskedConversation]]:
    """What a plan selects, each page read by itself; within a part in an order that tells nothing."""
    for part in plan.parts:
        selection = replace(plan.selection, first_month=part.first, last_month=part.last)
        if plan.chosen is not None:
            for chunk in _chunks(plan.chosen[part.name]):
                yield await _page(database, plan, part, selection, after=None, among=chunk)
            continue
        after: UUID | None = None
        while page := await _page(database, plan, part, selection, after=after, among=None):
            after = page[-1].id
            yield page


async def _page(
    database: Database,
    plan: Plan,
    part: Period,
    selection: Selection,
    *,
    after: UUID | None,
    among: Sequence[UUID] | None,
) -> list[MaskedConversation]:
    async with reading(database) as session:
        groups = await queries.groups_after(
            session, selection=selection, after=after, limit=CHUNK, among=among
        )
        rows = await queries.rows_of(session, groups=[group.id for group in groups])
    return [_masked(group, rows[group.id], plan, part) for group in groups]


def _masked(group: RowGroup, rows: Sequence[Row], plan: Plan, part: Period) -> MaskedConversation:
    facts = replace(
        queries.facts_of_group(group), period=part.name, nation=plan.nations.get(group.region or "")
    )
    # What became a row only after the counting is told of least.
    told = plan.told.get(facts) or Told(LEVELS[-1](_nothing(facts)), NO_TOPICS)
    same = ("period", "stage", "region", "nation", "age_band", "send", "attendance", "language")
    shown = {name: getattr(told.facts, name) for name in same}
    lists: dict[str, list[str]] = {name: getattr(group, name) for name in LISTS}
    if told.level >= TOP_TOPICS:
        lists["topics"] = list(dict.fromkeys(code.partition("/")[0] for code in group.topics))
    if told.level >= NO_TOPICS:
        lists = {name: [] for name in LISTS}
    plain = {name: getattr(group, name) for name in PLAIN if hasattr(group, name)}
    facts_told = {
        **lists,
        **plain,
        **shown,
        "main_topic": told.facts.topic,
        "simulated": group.simulated,
    }
    suppressed = [
        each.name
        for each in fields(Facts)
        if getattr(facts, each.name) and getattr(told.facts, each.name) != getattr(facts, each.name)
    ]
    return MaskedConversation(group.id, facts_told, rows, facts, suppressed)


def _nothing(facts: Facts) -> Facts:
    for coarser in LEVELS:
        facts = coarser(facts)
    return facts


async def _count_pages(
    database: Database, selection: Selection
) -> AsyncIterator[Sequence[tuple[UUID, date, Facts]]]:
    for month in Period("", selection.first_month, selection.last_month).months():
        of_month = replace(selection, first_month=month, last_month=month)
        after: UUID | None = None
        while True:
            async with reading(database) as session:
                page = await queries.facts_after(
                    session, selection=of_month, after=after, limit=COUNTED_AT_ONCE
                )
            if not page:
                break
            yield page
            after = page[-1][0]


def _number(seed: int | None, group: UUID) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {group}".encode()).digest()[:16])


def _chunks(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
