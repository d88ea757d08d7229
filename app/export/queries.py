"""What is read of rows, tallies and runs. Nothing here reaches a raw conversation.

Rows are only ever selected through `available`: consent is part of the query.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.models import Consent
from app.errors import NotFound
from app.export.generalising import Facts
from app.export.models import ExportMember, ExportRun, Row, RowGroup, RowLink, Tally
from app.export.rules import RunState

PAGE = 20  # export runs, and quotes, that a page shows


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: those of these months whose topics hold `topic` (a top-level code takes its children with
    it), or of every topic. Rows of simulated conversations only where `simulated` says so."""

    first_month: date
    last_month: date
    topic: str | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Count:
    """A number of conversations of one month, under one value of one variable."""

    month: date
    variable: str
    value: str
    count: int


def consented() -> ColumnElement[bool]:
    """True for a RowGroup that may be used: research consent is in force, or the conversation has been
    erased, and with it the only way back to a person and to a withdrawal."""
    link = exists().where(col(RowLink.group_id) == col(RowGroup.id))
    in_force = (
        exists()
        .where(col(RowLink.group_id) == col(RowGroup.id))
        .where(
            col(Consent.conversation_id) == col(RowLink.conversation_id),
            col(Consent.purpose) == "research",
            col(Consent.withdrawn_at).is_(None),
        )
    )
    return or_(~link, in_force)


def of_own_study(staff_id: UUID) -> ColumnElement[bool]:
    """True for a RowGroup that is in an export which this person asked for."""
    return exists().where(
        col(ExportMember.group_id) == col(RowGroup.id),
        col(ExportRun.id) == col(ExportMember.run_id),
        col(ExportRun.requested_by) == staff_id,
    )


def available(selection: Selection) -> ColumnElement[bool]:
    """The condition under which a RowGroup belongs to a selection and may be used."""
    conditions = [
        consented(),
        col(RowGroup.month).between(selection.first_month, selection.last_month),
    ]
    if not selection.simulated:
        conditions.append(col(RowGroup.simulated).is_(False))
    if selection.topic is not None:
        conditions.append(_about(selection.topic))
    return and_(*conditions)


async def groups_after(
    session: AsyncSession,
    *,
    selection: Selection,
    after: UUID | None,
    limit: int,
    among: Sequence[UUID] | None = None,
) -> list[RowGroup]:
    """The next anonymised conversations of a selection, in order of id; with `among`, of these alone."""
    query = select(RowGroup).where(available(selection))
    if after is not None:
        query = query.where(col(RowGroup.id) > after)
    if among is not None:
        query = query.where(col(RowGroup.id).in_(among))
    return list(await session.scalars(query.order_by(col(RowGroup.id)).limit(limit)))


async def facts_after(
    session: AsyncSession, *, selection: Selection, after: UUID | None, limit: int
) -> list[tuple[UUID, date, Facts]]:
    """Id, month and facts of the next anonymised conversations of a selection, in order of id."""
    names = ("main_topic", "stage", "region", "age_band", "send", "attendance", "language")
    query = select(col(RowGroup.id), col(RowGroup.month), *(getattr(RowGroup, name) for name in names)).where(
        available(selection)
    )
    if after is not None:
        query = query.where(col(RowGroup.id) > after)
    return [
        (group, month, Facts("", topic or None, stage, region, None, *others))
        for group, month, topic, stage, region, *others in await session.execute(
            query.order_by(col(RowGroup.id)).limit(limit)
        )
    ]


def facts_of_group(group: RowGroup) -> Facts:
    """The same facts of one anonymised conversation."""
    return Facts(
        *("", group.main_topic or None, group.stage, group.region, None),
        *(group.age_band, group.send, group.attendance, group.language),
    )


async def rows_of(session: AsyncSession, *, groups: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The anonymised messages of these conversations, each in order."""
    found: dict[UUID, list[Row]] = {group: [] for group in groups}
    for row in await session.scalars(
        select(Row).where(col(Row.group_id).in_(groups)).order_by(col(Row.group_id), col(Row.number))
    ):
        found[row.group_id].append(row)
    return found


async def no_longer_available(session: AsyncSession, run_id: UUID) -> bool:
    """Whether one of the conversations in a run's files has been withdrawn since they were written."""
    query = select(col(ExportMember.group_id)).where(col(ExportMember.run_id) == run_id, _gone()).limit(1)
    return (await session.scalar(query)) is not None


async def to_recall(
    session: AsyncSession, *, among: Collection[UUID] | None = None
) -> list[tuple[ExportRun, int]]:
    """The runs that were released and hold conversations withdrawn since, with how many these are.

    With `among`, of these runs alone: looking through the conversations of all there ever were takes long.
    """
    query = (
        select(ExportRun, func.count())
        .join(ExportMember, col(ExportMember.run_id) == col(ExportRun.id))
        .where(col(ExportRun.released_at).is_not(None), _gone())
        .group_by(col(ExportRun.id))
        .order_by(col(ExportRun.released_at), col(ExportRun.id))
    )
    if among is not None:
        query = query.where(col(ExportRun.id).in_(among))
    return [(run, int(count)) for run, count in await session.execute(query)]


def _gone() -> ColumnElement[bool]:
    """True for a member whose rows were removed, or may not be used any more."""
    return ~exists().where(col(RowGroup.id) == col(ExportMember.group_id)).where(consented())


async def tallies(
    session: AsyncSession, *, topic: str, first_month: date, last_month: date, simulated: bool
) -> list[Count]:
    """Counts of closed conversations about a topic ('' for all), by month, variable and value."""
    query = (
        select(col(Tally.month), col(Tally.variable), col(Tally.value), func.sum(col(Tally.count)))
        .where(col(Tally.topic) == topic, col(Tally.month).between(first_month, last_month))
        .group_by(col(Tally.month), col(Tally.variable), col(Tally.value))
        .order_by(col(Tally.month), col(Tally.variable), col(Tally.value))
    )
    if not simulated:
        query = query.where(col(Tally.simulated).is_(False))
    return [
        Count(month, variable, value, int(count))
        for month, variable, value, count in await session.execute(query)
    ]


async def row_counts(session: AsyncSession, *, selection: Selection) -> list[Count]:
    """The same counts as `tallies`, but of consented rows alone."""
    counts: dict[tuple[date, str, str], int] = {}
    after: UUID | None = None
    while groups := await groups_after(session, selection=selection, after=after, limit=1000):
        after = groups[-1].id
        for group in groups:
            for variable, value in facts_of(group):
                key = (group.month, variable, value)
                counts[key] = counts.get(key, 0) + 1
        session.expunge_all()
    return [Count(*key, count) for key, count in sorted(counts.items())]


def facts_of(group: RowGroup) -> list[tuple[str, str]]:
    """What a conversation is counted under: pairs of variable and value; '' is a value not said."""
    return [
        ("", ""),
        *(
            (name, getattr(group, name) or "")
            for name in ("age_band", "stage", "send", "attendance", "region")
        ),
        *(("barrier", code) for code in group.barriers),
        *(("service_gap", code) for code in group.service_gaps),
        ("disposition", group.disposition),
        ("language", group.language),
    ]


async def runs_page(session: AsyncSession, *, after: UUID | None = None) -> list[ExportRun]:
    """The newest export runs, or those after the one named; one more than a page where more follow."""
    query = select(ExportRun).order_by(col(ExportRun.requested_at).desc(), col(ExportRun.id))
    if after is not None:
        last = await run(session, after)
        query = query.where(
            or_(
                col(ExportRun.requested_at) < last.requested_at,
                and_(col(ExportRun.requested_at) == last.requested_at, col(ExportRun.id) > last.id),
            )
        )
    return list(await session.scalars(query.limit(PAGE + 1)))


async def quotable_runs(session: AsyncSession, staff_id: UUID, *, now: datetime) -> list[ExportRun]:
    """The runs of which this person, who asked for them, may quote now: the newest first."""
    query = select(ExportRun).where(
        col(ExportRun.requested_by) == staff_id,
        col(ExportRun.state) == RunState.RELEASED,
        col(ExportRun.expires_at) > now,
    )
    return list(await session.scalars(query.order_by(col(ExportRun.requested_at).desc(), col(ExportRun.id))))


async def run(session: AsyncSession, run_id: UUID) -> ExportRun:
    """An export run, or NotFound."""
    found = await session.get(ExportRun, run_id)
    if found is None:
        raise NotFound("There is no such export.", next_step="Go back to the list of exports.")
    return found


async def next_to_build(session: AsyncSession) -> UUID | None:
    """The export that has waited longest to be built; None where none waits."""
    query = select(col(ExportRun.id)).where(col(ExportRun.state) == RunState.BUILDING)
    found: UUID | None = await session.scalar(
        query.order_by(col(ExportRun.building_since), col(ExportRun.id)).limit(1)
    )
    return found


async def released_run(session: AsyncSession, run_id: UUID, *, now: datetime) -> ExportRun:
    """An export run whose files may be handed out now, or NotFound."""
    found = await run(session, run_id)
    if found.state != RunState.RELEASED:
        raise NotFound(
            "This export has not been released.", next_step="A reviewer or a manager releases it first."
        )
    if found.expires_at is None or found.expires_at <= now:
        raise NotFound("The time for downloads of this export is over.", next_step="Ask for a new export.")
    return found


async def hands_out_none(session: AsyncSession, run_id: UUID, *, now: datetime) -> str | None:
    """Why nobody may have a run's files any more, in one word; None where somebody may, or will.

    Locks the run, so that it does not become another answer until the transaction ends.
    """
    found = await session.scalar(select(ExportRun).where(col(ExportRun.id) == run_id).with_for_update())
    if found is not None and found.state == RunState.BUILDING:
        return None  # whoever builds it clears away what was there
    if found is None or found.state not in (RunState.BUILT, RunState.RELEASED):
        return "left"
    if found.state == RunState.RELEASED and (found.expires_at is None or found.expires_at <= now):
        return "expired"
    return "spoilt" if await no_longer_available(session, run_id) else None


def _about(topic: str) -> ColumnElement[bool]:
    """Whether a conversation's topics hold this code, or a child of it."""
    # Topics are a JSON list of codes, which hold neither quotation marks nor the wildcards % and _.
    written = cast(col(RowGroup.topics), Text)
    whole = written.like(f'%"{topic}"%')
    return whole if "/" in topic else or_(whole, written.like(f'%"{topic}/%'))
