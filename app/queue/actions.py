"""Claims and availability. A claim is a guarded update, so that of many coaches exactly one wins.

Locks are always taken in this order: the coach's shift, the queue entry, its offer, the conversation.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from msgspec import structs
from sqlalchemy import case, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit, clock
from app.accounts.models import Staff
from app.chat import actions as chat
from app.chat import log
from app.db import record
from app.errors import Conflict, Forbidden, NotFound
from app.events import CoachAssigned, QueueChanged
from app.queue import candidates, queries
from app.queue.breaks import rests_still
from app.queue.decisions import Record, record_of
from app.queue.models import Assignment, Availability, EntryState, Offer, OfferState, QueueEntry, Shift
from app.queue.nuisance import lift_at_risk
from app.queue.presence import renew
from app.queue.rules import Bar, Coach, Turn, bar_of, match


@dataclass(frozen=True, slots=True)
class Claimed:
    """A conversation that is now this coach's, under this generation."""

    conversation_id: UUID
    generation: int


async def set_availability(
    session: AsyncSession,
    *,
    staff_id: UUID,
    availability: Availability,
    break_every: timedelta = timedelta(),
) -> None:
    """Start, change or end (`offline`) a coach's shift. Conversations that they hold stay theirs.

    After `break_every` on duty a break is due, where it is not zero; a new shift takes no break away.
    """
    now = clock.now()
    await renew(session, heard={staff_id: 0})
    # Two windows of one coach may start a shift at once; a key-share lock lets claims go on meanwhile.
    role = await session.scalar(
        select(Staff.role).where(Staff.id == staff_id).with_for_update(key_share=True)
    )
    shift = (
        await session.execute(
            select(Shift).where(Shift.staff_id == staff_id, col(Shift.ended_at).is_(None)).with_for_update()
        )
    ).scalar_one_or_none()
    if shift is None and availability != Availability.OFFLINE:
        shift = Shift(
            staff_id=staff_id,
            availability=availability,
            started_at=now,
            changed_at=now,
            rests_until=await rests_still(session, staff_id=staff_id, now=now),
            break_due_at=now + break_every if break_every else None,
        )
    if shift is not None:
        shift.availability, shift.changed_at = availability, now
        shift.ended_at = now if availability == Availability.OFFLINE else None
        shift.switchboard = shift.switchboard and shift.ended_at is None
        session.add(shift)
        await session.flush()
    if availability != Availability.AVAILABLE:  # what is offered to them goes to the next coach at once
        await session.execute(
            update(Offer)
            .where(col(Offer.staff_id) == staff_id, col(Offer.state) == OfferState.PENDING)
            .values(state=OfferState.DECLINED, answered_at=now)
        )
    audit.note(
        session,
        actor=f"{role}:{staff_id}",
        action=f"availability.{availability}",
        subject=f"staff:{staff_id}",
    )
    record(session, QueueChanged())


async def claim(session: AsyncSession, *, staff_id: UUID, conversation_id: UUID) -> Claimed:
    """Take this waiting conversation, out of turn where others wait longer.

    Refused: `forbidden` without being available, `at_capacity`, `already_claimed`, `not_found`.
    """
    await ready_coach(session, staff_id=staff_id)
    claimed = await take(session, staff_id=staff_id, conversation_id=conversation_id, why={"how": "picked"})
    if claimed is not None:
        return claimed
    known = await session.execute(
        select(QueueEntry.id).where(QueueEntry.conversation_id == conversation_id).limit(1)
    )
    if known.first() is None:
        raise NotFound("There is no such conversation in the queue.", next_step="Look at the queue again.")
    raise Conflict(
        "This parent is no longer waiting: a colleague was quicker, or they left.",
        next_step="Take the next parent.",
        code="already_claimed",
    )


async def claim_next(session: AsyncSession, *, staff_id: UUID) -> Claimed:
    """Take whoever is next for this coach; `not_found` where nobody waits whom they may take."""
    coach = await ready_coach(session, staff_id=staff_id)
    now = clock.now()
    offer = await queries.offer_to(session, staff_id=staff_id, now=now)
    if offer is not None:  # whoever is offered to them is their next
        claimed = await take(session, staff_id=staff_id, conversation_id=offer.conversation_id, why=offer.why)
        if claimed is not None:
            return claimed
    lost: set[UUID] = set()  # to colleagues who were quicker
    while True:
        waiting = await candidates.head_of_queue(session, now=now)
        if not match(waiting, [coach], now):
            waiting = await candidates.head_of_queue(session, now=now, languages=coach.languages)
        decisions = match([each for each in waiting if each.conversation not in lost], [coach], now)
        if not decisions:
            raise NotFound("Nobody is waiting now.", next_step="You will see it here when somebody comes.")
        conversation = decisions[0].parent.conversation
        claimed = await take(
            session, staff_id=staff_id, conversation_id=conversation, why=record_of(decisions[0], how="next")
        )
        if claimed is not None:
            return claimed
        lost.add(conversation)


async def raise_risk(session: AsyncSession, *, conversation_id: UUID) -> None:
    """Put a conversation at high risk: it comes first while it waits, and its coach is given nobody new.

    It is never lowered, and a block that came of it ends. Takes the conversation's lock, after its queue
    entry's.
    """
    raised = (
        await session.execute(
            update(QueueEntry)
            .where(
                col(QueueEntry.conversation_id) == conversation_id,
                col(QueueEntry.state) == EntryState.WAITING,
                col(QueueEntry.turn) != Turn.HIGH_RISK,
            )
            .values(turn=Turn.HIGH_RISK)
            .returning(col(QueueEntry.id))
        )
    ).first()
    if raised is not None:
        record(session, QueueChanged())
    await log.lock(session, [conversation_id])
    await mark_high_risk(session, conversation_id=conversation_id)


async def mark_high_risk(session: AsyncSession, *, conversation_id: UUID) -> None:
    """Give nobody new to the coach who holds this locked conversation."""
    held = (
        await session.execute(
            update(Assignment)
            .where(
                col(Assignment.conversation_id) == conversation_id,
                col(Assignment.ended_at).is_(None),
                col(Assignment.high_risk).is_(False),
            )
            .values(high_risk=True)
            .returning(col(Assignment.id))
        )
    ).first()
    await lift_at_risk(session, conversation_id=conversation_id)
    if held is not None:
        record(session, QueueChanged())


async def ready_coach(session: AsyncSession, *, staff_id: UUID) -> Coach:
    """The coach, who may be given somebody, with their shift locked.

    So two claims of one coach cannot both see the last place. Whether an offer stands with them is their own
    business: they may take somebody all the same.
    """
    await session.execute(
        select(Shift.id).where(Shift.staff_id == staff_id, col(Shift.ended_at).is_(None)).with_for_update()
    )
    found = await candidates.coaches(session, staff_id=staff_id)
    if not found:
        raise Forbidden("You are not set as available.", next_step="Set that first, then take a parent.")
    coach = structs.replace(found[0], being_asked=False, alive=True)  # who asks is there
    bar = bar_of(coach, clock.now())
    if bar == Bar.FULL:
        raise Conflict(
            f"You have {coach.load} conversations, which is as many as you can hold at once.",
            next_step="Finish the wrap-up of one first.",
            code="at_capacity",
        )
    if bar == Bar.HOLDS_HIGH_RISK:
        raise Conflict(
            "You are with somebody who may be at risk, so nobody new comes to you now.",
            next_step="Finish that conversation first, or ask a supervisor.",
            code="at_capacity",
        )
    if bar == Bar.BREAK_DUE:
        raise Forbidden(
            "Your break is due.", next_step="It begins when you have finished with those you hold."
        )
    if bar == Bar.RESTING:
        raise Forbidden("You are on a break.", next_step="Take your time; you can go on when it is over.")
    if bar is not None:
        raise Forbidden("You are not set as available.", next_step="Set that first, then take a parent.")
    return coach


async def take(
    session: AsyncSession, *, staff_id: UUID, conversation_id: UUID, why: Record
) -> Claimed | None:
    """Win the queue entry or return None; then open the conversation under a new generation.

    The caller holds the coach's shift and has asked whether they may.
    """
    now = clock.now()
    turn = await session.scalar(
        update(QueueEntry)
        .where(
            col(QueueEntry.conversation_id) == conversation_id,
            col(QueueEntry.state) == EntryState.WAITING,
        )
        .values(state=EntryState.ASSIGNED, ended_at=now)
        .returning(col(QueueEntry.turn))
    )
    if turn is None:
        return None
    await settle_offer(session, conversation_id=conversation_id, taken_by=staff_id)
    staff = (await session.execute(select(Staff).where(Staff.id == staff_id))).scalar_one()
    await log.lock(session, [conversation_id])
    generation = await chat.open_with(
        session,
        conversation_id=conversation_id,
        staff_id=staff_id,
        role=staff.role,
        first_name=staff.name.split(" ")[0],
    )
    session.add(
        Assignment(
            conversation_id=conversation_id,
            staff_id=staff_id,
            generation=generation,
            high_risk=turn == Turn.HIGH_RISK,
            why=why,
            assigned_at=now,
        )
    )
    await session.execute(
        update(Shift)
        .where(col(Shift.staff_id) == staff_id, col(Shift.ended_at).is_(None))
        .values(last_given_at=now)
    )
    await session.flush()
    audit.note(
        session,
        actor=f"{staff.role}:{staff_id}",
        action="conversation.claimed",
        subject=f"conversation:{conversation_id}",
    )
    record(session, CoachAssigned(conversation=conversation_id, staff=staff_id, generation=generation))
    record(session, QueueChanged())
    return Claimed(conversation_id=conversation_id, generation=generation)


async def settle_offer(session: AsyncSession, *, conversation_id: UUID, taken_by: UUID | None = None) -> None:
    """End the offer of a parent who waits no longer: accepted by who took them, else withdrawn."""
    taken = case(
        (col(Offer.staff_id) == taken_by, OfferState.ACCEPTED.value), else_=OfferState.WITHDRAWN.value
    )
    await session.execute(
        update(Offer)
        .where(col(Offer.conversation_id) == conversation_id, col(Offer.state) == OfferState.PENDING)
        .values(state=taken if taken_by else OfferState.WITHDRAWN, answered_at=clock.now())
    )
