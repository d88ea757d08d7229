"""The queue and the coaches as staff see them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, cast, distinct, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.models import Staff
from app.chat.models import Conversation
from app.db import rows_of, table_of
from app.queue.models import Assignment, EntryState, Lease, Offer, OfferState, ParentLease, QueueEntry, Shift
from app.queue.rules import ASK_AGAIN, LANGUAGE_WAIT, Coach, Turn, Waiting, in_order
from app.safeguarding.models import Concern
from app.topics.queries import parents_topics

RECENT = timedelta(minutes=60)
RECENT_CLAIMS = 50
BOARD = 50  # as many of them as a board shows
WINDOW = 50  # as many of the waiting as a decision looks at first


@dataclass(frozen=True, slots=True)
class WaitingParent:
    """A waiting conversation as the board shows it."""

    entry: Waiting
    topic: str | None
    age_band: str | None


@dataclass(frozen=True, slots=True)
class CoachOnDuty:
    """A coach's state as supervisors see it."""

    staff_id: UUID
    name: str
    availability: str
    load: int
    capacity: int
    lost: bool  # nobody hears them
    hard: int  # conversations of this shift in which somebody worried about safety


IN_ORDER = (col(QueueEntry.turn), col(QueueEntry.entered_at), col(QueueEntry.conversation_id))
WAITS = col(QueueEntry.state) == EntryState.WAITING
AS_WAITING: tuple[Any, ...] = (
    col(QueueEntry.conversation_id),
    col(QueueEntry.entered_at),
    col(QueueEntry.turn),
    col(QueueEntry.language),
    col(QueueEntry.topic),
    col(QueueEntry.earlier_coach),
)


async def head_of_queue(
    session: AsyncSession,
    *,
    now: datetime,
    languages: Collection[str] | None = None,
    to_offer: bool = False,
    limit: int = WINDOW,
) -> list[Waiting]:
    """The first of those who wait and are there, in order, with whom they were lately offered to.

    With `languages`, only whom somebody who speaks these may take now. `to_offer` leaves out who is just now
    being offered to a coach, and everybody while a supervisor has the switchboard.
    """
    given: dict[str, Any] = {"limit": limit, "asked_after": now - ASK_AGAIN}
    if languages is not None:
        given |= {"languages": list(languages), "entered_before": now - LANGUAGE_WAIT}
    chosen = _head(of_languages=languages is not None, to_offer=to_offer)
    rows = await rows_of(session, chosen, given)
    found: dict[UUID, Waiting] = {}
    asked: dict[UUID, list[tuple[UUID, datetime]]] = defaultdict(list)
    for *entry, staff, at in rows:
        waiting = Waiting(*entry)
        found[waiting.conversation] = waiting
        if staff is not None:
            asked[waiting.conversation].append((staff, at))
    for conversation, times in asked.items():
        told = tuple(sorted(times, key=lambda each: (each[1], each[0])))
        found[conversation] = replace(found[conversation], asked=told)
    return in_order(list(found.values()))


# These two are asked for each decision: they are put together once, and read no objects.


@cache
def _head(*, of_languages: bool, to_offer: bool) -> Select[Any]:
    entry = table_of(QueueEntry).c
    chosen = (
        select(
            entry.conversation_id,
            entry.entered_at,
            entry.turn,
            entry.language,
            entry.topic,
            entry.earlier_coach,
        )
        .where(entry.state == EntryState.WAITING)
        .order_by(entry.turn, entry.entered_at, entry.conversation_id)
        .limit(bindparam("limit"))
    )
    if of_languages:
        chosen = chosen.where(
            or_(
                entry.turn == Turn.HIGH_RISK,
                entry.language.in_(bindparam("languages", expanding=True)),
                entry.entered_at <= bindparam("entered_before"),
            )
        )
    lease = table_of(ParentLease).c
    left = select(lease.conversation_id).where(
        lease.conversation_id == entry.conversation_id,
        lease.away_at.is_not(None),
        entry.turn != Turn.HIGH_RISK,
        entry.message_left_at.is_(None),
    )
    chosen = chosen.where(~left.exists())
    offer = table_of(Offer).c
    if to_offer:
        pending = select(offer.id).where(
            offer.conversation_id == entry.conversation_id, offer.state == OfferState.PENDING
        )
        chosen = chosen.where(~pending.exists(), ~_switchboard().exists())
    head = chosen.subquery()
    lately = (
        select(offer.conversation_id, offer.staff_id, offer.answered_at)
        .where(
            offer.answered_at > bindparam("asked_after"),
            offer.state.in_((OfferState.DECLINED, OfferState.MISSED)),
        )
        .subquery()
    )
    return select(*head.c, lately.c.staff_id, lately.c.answered_at).outerjoin_from(
        head, lately, lately.c.conversation_id == head.c.conversation_id
    )


async def coaches(session: AsyncSession, *, staff_id: UUID | None = None) -> list[Coach]:
    """Every coach and supervisor whose shift runs, as a decision sees them; or only this one."""
    given = {} if staff_id is None else {"staff_id": staff_id}
    rows = await rows_of(session, _on_shift(one=staff_id is not None), given)
    return [
        Coach(
            staff,
            _words(languages),
            idle_since,
            load,
            capacity,
            _words(skills),
            sees_again,
            availability,
            alive,
            int(high_risk),
            rests_until,
            being_asked,
            break_due_at,
        )
        for (
            staff,
            languages,
            idle_since,
            load,
            capacity,
            skills,
            sees_again,
            availability,
            alive,
            high_risk,
            rests_until,
            being_asked,
            break_due_at,
        ) in rows
    ]


@lru_cache(maxsize=256)
def _words(listed: str | None) -> tuple[str, ...]:
    """Coaches share a few lists of languages and skills."""
    return tuple(listed.split(",")) if listed else ()


@cache
def _on_shift(*, one: bool) -> Select[Any]:
    staff, shift, offer = table_of(Staff), table_of(Shift), table_of(Offer)
    held_by, lease = table_of(Assignment).c, table_of(Lease)
    held = (
        select(
            held_by.staff_id,
            func.count().label("load"),
            func.sum(cast(held_by.high_risk, Integer)).label("high_risk"),
        )
        .where(held_by.ended_at.is_(None))
        .group_by(held_by.staff_id)
    )
    if one:
        held = held.where(held_by.staff_id == bindparam("staff_id"))
    loads = held.subquery()
    chosen = (
        select(
            staff.c.id,
            staff.c.languages,
            func.coalesce(shift.c.last_given_at, shift.c.started_at),
            func.coalesce(loads.c.load, 0),
            staff.c.capacity,
            staff.c.skills,
            staff.c.sees_again,
            shift.c.availability,
            lease.c.lost_at.is_(None),
            func.coalesce(loads.c.high_risk, 0),
            shift.c.rests_until,
            offer.c.id.is_not(None),
            shift.c.break_due_at,
        )
        .select_from(staff)
        .join(shift, shift.c.staff_id == staff.c.id)
        .outerjoin(lease, lease.c.staff_id == staff.c.id)
        .outerjoin(loads, loads.c.staff_id == staff.c.id)
        .outerjoin(offer, (offer.c.staff_id == staff.c.id) & (offer.c.state == OfferState.PENDING))
        .where(shift.c.ended_at.is_(None), staff.c.disabled_at.is_(None))
    )
    return chosen.where(staff.c.id == bindparam("staff_id")) if one else chosen


async def board(session: AsyncSession, *, most: int = BOARD) -> list[WaitingParent]:
    """The first of those who wait, with what their parents said first."""
    rows = await session.execute(select(*AS_WAITING).where(WAITS).order_by(*IN_ORDER).limit(most))
    entries = [Waiting(*row) for row in rows]
    ids = [entry.conversation for entry in entries]
    topics = await parents_topics(session, ids)
    bands = await session.execute(
        select(col(Conversation.id), col(Conversation.age_band)).where(col(Conversation.id).in_(ids))
    )
    age_bands = {row[0]: row[1] for row in bands}
    return [
        WaitingParent(
            entry=entry, topic=topics.get(entry.conversation), age_band=age_bands.get(entry.conversation)
        )
        for entry in entries
    ]


async def places(session: AsyncSession) -> dict[UUID, int]:
    """Everybody who waits with their place, 1 for who is next."""
    rows = await session.scalars(select(col(QueueEntry.conversation_id)).where(WAITS).order_by(*IN_ORDER))
    return {conversation: number for number, conversation in enumerate(rows, start=1)}


async def how_many_wait(session: AsyncSession) -> int:
    """How many parents wait."""
    found: int = (
        await session.execute(select(func.count()).select_from(QueueEntry).where(WAITS))
    ).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class StandingOffer:
    """A parent who is offered to a coach now."""

    offer_id: UUID
    staff_id: UUID
    entry: Waiting
    age_band: str | None
    offered_at: datetime
    expires_at: datetime


async def standing_offers(session: AsyncSession) -> list[StandingOffer]:
    """What is offered to whom now, oldest first."""
    facts: tuple[Any, ...] = (
        col(Offer.id),
        col(Offer.staff_id),
        col(Conversation.age_band),
        col(Offer.offered_at),
        col(Offer.expires_at),
    )
    rows = await session.execute(
        select(*facts, *AS_WAITING)
        .join(QueueEntry, col(QueueEntry.conversation_id) == col(Offer.conversation_id))
        .join(Conversation, col(Conversation.id) == col(Offer.conversation_id))
        .where(col(Offer.state) == OfferState.PENDING, WAITS)
        .order_by(col(Offer.offered_at), col(Offer.id))
    )
    return [
        StandingOffer(
            offer_id=row[0],
            staff_id=row[1],
            age_band=row[2],
            offered_at=row[3],
            expires_at=row[4],
            entry=Waiting(*row[5:]),
        )
        for row in rows
    ]


async def offer_to(session: AsyncSession, *, staff_id: UUID, now: datetime) -> Offer | None:
    """The offer that stands with this coach."""
    return (
        await session.execute(
            select(Offer).where(
                col(Offer.staff_id) == staff_id,
                col(Offer.state) == OfferState.PENDING,
                col(Offer.expires_at) > now,
            )
        )
    ).scalar_one_or_none()


async def switchboard(session: AsyncSession) -> Staff | None:
    """The supervisor who gives parents out by hand now, if one does."""
    found = await session.scalars(_switchboard().order_by(col(Staff.id)).limit(1))
    return found.one_or_none()


def _switchboard() -> Select[Staff]:
    return (
        select(Staff)
        .join(Shift, col(Shift.staff_id) == col(Staff.id))
        .where(col(Shift.ended_at).is_(None), col(Shift.switchboard), col(Staff.disabled_at).is_(None))
    )


async def claim_gaps(session: AsyncSession, *, now: datetime) -> list[float]:
    """Seconds between the claims of the last hour, newest fifty at most, newest first."""
    rows = await session.execute(
        select(col(Assignment.assigned_at))
        .where(col(Assignment.assigned_at) > now - RECENT)
        .order_by(col(Assignment.assigned_at).desc())
        .limit(RECENT_CLAIMS)
    )
    times = list(rows.scalars())
    return [(later - earlier).total_seconds() for later, earlier in pairwise(times)]


async def load_of(session: AsyncSession, *, staff_id: UUID) -> int:
    """How many conversations a coach holds, wrap-ups included."""
    found: int = (
        await session.execute(
            select(func.count())
            .select_from(Assignment)
            .where(col(Assignment.staff_id) == staff_id, col(Assignment.ended_at).is_(None))
        )
    ).scalar_one()
    return found


async def coaches_on_duty(session: AsyncSession) -> list[CoachOnDuty]:
    """Every coach whose shift runs, by name."""
    hard = (
        select(col(Assignment.staff_id), func.count(distinct(col(Concern.conversation_id))).label("number"))
        .join(Concern, col(Concern.conversation_id) == col(Assignment.conversation_id))
        .join(Shift, col(Shift.staff_id) == col(Assignment.staff_id))
        .where(col(Shift.ended_at).is_(None), col(Assignment.assigned_at) >= col(Shift.started_at))
        .group_by(col(Assignment.staff_id))
        .subquery()
    )
    loads = (
        select(col(Assignment.staff_id), func.count().label("load"))
        .where(col(Assignment.ended_at).is_(None))
        .group_by(col(Assignment.staff_id))
        .subquery()
    )
    rows = await session.execute(
        select(
            col(Staff.id),
            col(Staff.name),
            col(Shift.availability),
            func.coalesce(loads.c.load, 0),
            col(Staff.capacity),
            col(Lease.lost_at).is_not(None),
            func.coalesce(hard.c.number, 0),
        )
        .join(Shift, col(Shift.staff_id) == col(Staff.id))
        .outerjoin(Lease, col(Lease.staff_id) == col(Staff.id))
        .outerjoin(loads, loads.c.staff_id == col(Staff.id))
        .outerjoin(hard, hard.c.staff_id == col(Staff.id))
        .where(col(Shift.ended_at).is_(None))
        .order_by(col(Staff.name), col(Staff.id))
    )
    return [CoachOnDuty(*row) for row in rows]
