"""Offers: the next parent is offered to the coach who fits best; who does not take them, the next is asked.

Locks are taken in the order of `actions`: the coach's shift, the queue entry, the offer, the conversation.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, insert, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from app import clock, db
from app.db import record
from app.errors import Conflict, NotFound
from app.events import QueueChanged
from app.queue import candidates
from app.queue.actions import Claimed, ready_coach, take
from app.queue.decisions import record_of
from app.queue.models import STANDS, WAITS, Offer, OfferState, QueueEntry, Shift
from app.queue.rules import Decision, Waiting, Wish, bar_of, match, wish_of
from app.rows import rows_of
from app.settings import Settings

TRIES = 5
FIRST_LOOK = 20  # of those who wait, as many are read at first
MOST_COACHES = 40  # of the coaches on duty, as many for one parent
MOST_WISHES = 2  # before all coaches are read: parents who ask for different things


@dataclass(frozen=True, slots=True)
class Offering:
    """How parents come to coaches: whether they are offered, and how long a coach has to answer."""

    on: bool = True
    answer: timedelta = timedelta(seconds=20)
    urgent: timedelta = timedelta(seconds=10)  # at high risk


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer that now stands."""

    offer_id: UUID
    conversation_id: UUID
    staff_id: UUID
    expires_at: datetime


def offering_of(settings: Settings) -> Offering:
    """As the settings have it."""
    timers = settings.timers
    return Offering(
        on=settings.mode == "offer",
        answer=timedelta(seconds=timers.offer),
        urgent=timedelta(seconds=timers.offer_urgent),
    )


async def assign(session: AsyncSession, now: datetime, *, offering: Offering = Offering()) -> Offered | None:
    """Offer the next parent to the coach who fits best; None where there is nothing to decide.

    One decision a transaction, and one transaction at a time in the whole service: each sees all before it.
    Its record is stored with the offer. Nothing is offered while a supervisor has the switchboard.
    """
    await db.take_turn(session, "assign", by_kept_plans=True)
    if not offering.on:
        return None
    for _ in range(TRIES):
        decision = await decide(session, now)
        if decision is None:
            return None
        if (offered := await _offer(session, decision, offering)) is not None:
            return offered
    return None  # coaches take parents faster than this looks: whatever they changed calls it again


async def decide(session: AsyncSession, now: datetime, *, most: int = MOST_COACHES) -> Decision | None:
    """Who would be offered to whom now: nobody while a supervisor has the switchboard.

    Of a long queue the head is read, and of many coaches the first `most` for one parent; more only where
    nobody who is free may have that one.
    """
    waiting = await candidates.head_of_queue(session, now=now, to_offer=True, most=FIRST_LOOK)
    if not waiting:
        return None
    wishes: dict[Wish, Waiting] = {}
    for parent in waiting:
        wishes.setdefault(wish_of(parent, now), parent)
    for parent in list(wishes.values())[:MOST_WISHES]:
        coaches, more = await candidates.coaches_for(session, parent, now, most=most)
        if not coaches or bar_of(coaches[0], now) is not None:
            return None  # who is free stands before all others
        decided = match(waiting, coaches, now, most=1)
        # Of these coaches the first are this parent's: another's best may not be among them.
        if decided and (decided[0].parent == parent or not more):
            return replace(decided[0], unread=more)
    return await _decide_among_all(session, now)


async def _decide_among_all(session: AsyncSession, now: datetime) -> Decision | None:
    """The same, of all coaches; where nobody may have any of the head, of all whose language is spoken."""
    waiting = await candidates.head_of_queue(session, now=now, to_offer=True)
    coaches = await candidates.coaches(session)
    decided = match(waiting, coaches, now, most=1)
    if not decided and len(waiting) == candidates.WINDOW:
        free = [coach for coach in coaches if bar_of(coach, now) is None]
        spoken = {language for coach in free for language in coach.languages}
        waiting = await candidates.head_of_queue(session, now=now, languages=spoken, to_offer=True)
        decided = match(waiting, coaches, now, most=1)
    return decided[0] if decided else None


async def accept(session: AsyncSession, *, staff_id: UUID, offer_id: UUID) -> Claimed:
    """Take the parent who is offered. Refused: `not_found`, or `already_claimed` where it has ended."""
    await ready_coach(session, staff_id=staff_id)
    offer = (
        await session.execute(select(Offer).where(col(Offer.id) == offer_id, col(Offer.staff_id) == staff_id))
    ).scalar_one_or_none()
    if offer is None:
        raise _no_offer()
    if offer.state == OfferState.PENDING and clock.now() < offer.expires_at:
        claimed = await take(session, staff_id=staff_id, conversation_id=offer.conversation_id, why=offer.why)
        if claimed is not None:
            return claimed
    raise Conflict(
        "This parent is no longer offered to you: the time was up, or they have somebody.",
        next_step="The next one comes by itself.",
        code="already_claimed",
    )


async def decline(session: AsyncSession, *, staff_id: UUID, offer_id: UUID) -> None:
    """Let the next coach be asked. It is kept, and held against nobody; a second time changes nothing."""
    declined = await session.scalar(
        update(Offer)
        .where(
            col(Offer.id) == offer_id,
            col(Offer.staff_id) == staff_id,
            col(Offer.state) == OfferState.PENDING,
        )
        .values(state=OfferState.DECLINED, answered_at=clock.now())
        .returning(col(Offer.id))
    )
    if declined is not None:
        record(session, QueueChanged())
        return
    known = await session.scalar(
        select(col(Offer.id)).where(col(Offer.id) == offer_id, col(Offer.staff_id) == staff_id)
    )
    if known is None:
        raise _no_offer()


async def miss_overdue(session: AsyncSession, now: datetime) -> int:
    """End offers whose time is up; how many. In a transaction of its own, as it waits for no shift."""
    missed = await session.scalars(
        update(Offer)
        .where(col(Offer.state) == OfferState.PENDING, col(Offer.expires_at) <= now)
        .values(state=OfferState.MISSED, answered_at=now)
        .returning(col(Offer.id))
    )
    number = len(list(missed))
    if number:
        record(session, QueueChanged())
    return number


async def next_expiry(session: AsyncSession) -> datetime | None:
    """When the first of the standing offers ends."""
    found: datetime | None = await session.scalar(select(func.min(col(Offer.expires_at))).where(STANDS))
    return found


async def _offer(session: AsyncSession, decision: Decision, offering: Offering) -> Offered | None:
    """Make the offer, if the coach and the parent are as they were when they were read; both stay locked.

    Whoever is given somebody has another moment since when they are idle.
    """
    parent, coach, now = decision.parent, decision.coach, decision.at
    offered = Offered(
        offer_id=uuid4(),
        conversation_id=parent.conversation,
        staff_id=coach.staff,
        expires_at=now + (offering.urgent if parent.high_risk else offering.answer),
    )
    made = await rows_of(
        session,
        _if_still_so(),
        {
            "offer_id": offered.offer_id,
            "conversation": offered.conversation_id,
            "coach": offered.staff_id,
            "why": record_of(decision, how="offered"),
            "offered_at": now,
            "expires_at": offered.expires_at,
            "availability": coach.availability,
            "idle_since": coach.idle_since,
        },
    )
    if not made:
        return None
    record(session, QueueChanged())
    return offered


@cache
def _if_still_so() -> ReturningInsert[Any]:
    """One statement for the look, the locks and the offer: each further one is a way to the database."""
    offer, shift, entry = (db.table_of(table) for table in (Offer, Shift, QueueEntry))
    given = (
        bindparam("offer_id", type_=offer.c.id.type),
        entry.c.conversation_id,
        shift.c.staff_id,
        literal(OfferState.PENDING.value),
        bindparam("why", type_=offer.c.why.type),
        bindparam("offered_at", type_=offer.c.offered_at.type),
        bindparam("expires_at", type_=offer.c.expires_at.type),
    )
    still_so = (
        select(*given)
        .join_from(shift, entry, true())
        .where(
            shift.c.staff_id == bindparam("coach"),
            shift.c.ended_at.is_(None),
            shift.c.availability == bindparam("availability"),
            func.coalesce(shift.c.last_given_at, shift.c.started_at) == bindparam("idle_since"),
            entry.c.conversation_id == bindparam("conversation"),
            WAITS,
        )
        .with_for_update()
    )
    columns = ("id", "conversation_id", "staff_id", "state", "why", "offered_at", "expires_at")
    return insert(offer).from_select(columns, still_so).returning(offer.c.id)


def _no_offer() -> NotFound:
    return NotFound("There is no such offer.", next_step="What is offered to you stands on your board.")
