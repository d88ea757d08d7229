"""Claims and availability. A claim is a guarded update, so that of many coaches exactly one wins.

Locks are always taken in this order: the coach's shift, the queue entry, the conversation.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit, clock
from app.accounts.models import Staff
from app.chat import actions as chat
from app.chat import log
from app.db import record
from app.errors import Conflict, Forbidden, NotFound
from app.events import CoachAssigned, QueueChanged
from app.queue import queries
from app.queue.models import Assignment, Availability, EntryState, QueueEntry, Shift
from app.queue.rules import has_room, next_for


@dataclass(frozen=True, slots=True)
class Claimed:
    """A conversation that is now this coach's, under this generation."""

    conversation_id: UUID
    generation: int


async def set_availability(session: AsyncSession, *, staff_id: UUID, availability: Availability) -> None:
    """Start, change or end (`offline`) a coach's shift. Conversations that they hold stay theirs."""
    now = clock.now()
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
        shift = Shift(staff_id=staff_id, availability=availability, started_at=now, changed_at=now)
    if shift is not None:
        shift.availability, shift.changed_at = availability, now
        shift.ended_at = now if availability == Availability.OFFLINE else None
        session.add(shift)
        await session.flush()
    audit.note(
        session,
        actor=f"{role}:{staff_id}",
        action=f"availability.{availability}",
        subject=f"staff:{staff_id}",
    )
    record(session, QueueChanged())


async def claim(session: AsyncSession, *, staff_id: UUID, conversation_id: UUID) -> Claimed:
    """Take this waiting conversation.

    Refused: `forbidden` without being available, `at_capacity`, `already_claimed`, `not_found`.
    """
    staff = await _ready_coach(session, staff_id=staff_id)
    claimed = await _take(session, staff=staff, conversation_id=conversation_id, how="picked")
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
    staff = await _ready_coach(session, staff_id=staff_id)
    waiting = await queries.waiting(session)
    for entry in next_for(waiting, languages=staff.languages.split(","), now=clock.now()):
        claimed = await _take(session, staff=staff, conversation_id=entry.conversation, how="next")
        if claimed is not None:
            return claimed
    raise NotFound("Nobody is waiting now.", next_step="You will see it here when somebody comes.")


async def _ready_coach(session: AsyncSession, *, staff_id: UUID) -> Staff:
    """The coach, with their shift locked so that two claims of one coach cannot both see the last place."""
    shift = (
        await session.execute(
            select(Shift).where(Shift.staff_id == staff_id, col(Shift.ended_at).is_(None)).with_for_update()
        )
    ).scalar_one_or_none()
    if shift is None or shift.availability != Availability.AVAILABLE:
        raise Forbidden("You are not set as available.", next_step="Set that first, then take a parent.")
    staff = (await session.execute(select(Staff).where(Staff.id == staff_id))).scalar_one()
    if staff.disabled_at is not None:  # from the command line: their socket has a few seconds left
        raise Forbidden("You can no longer sign in.", next_step="Ask a manager.")
    load = await queries.load_of(session, staff_id=staff_id)
    if not has_room(load=load, capacity=staff.capacity):
        raise Conflict(
            f"You have {load} conversations, which is as many as you can hold at once.",
            next_step="Finish the wrap-up of one first.",
            code="at_capacity",
        )
    return staff


async def _take(session: AsyncSession, *, staff: Staff, conversation_id: UUID, how: str) -> Claimed | None:
    """Win the queue entry or return None; then open the conversation under a new generation."""
    won = (
        await session.execute(
            update(QueueEntry)
            .where(
                col(QueueEntry.conversation_id) == conversation_id,
                col(QueueEntry.state) == EntryState.WAITING,
            )
            .values(state=EntryState.ASSIGNED, ended_at=clock.now())
            .returning(col(QueueEntry.id))
        )
    ).one_or_none()
    if won is None:
        return None
    await log.lock(session, [conversation_id])
    generation = await chat.open_with(
        session,
        conversation_id=conversation_id,
        staff_id=staff.id,
        role=staff.role,
        first_name=staff.name.split(" ")[0],
    )
    session.add(
        Assignment(
            conversation_id=conversation_id,
            staff_id=staff.id,
            generation=generation,
            why={"how": how},
            assigned_at=clock.now(),
        )
    )
    await session.flush()
    audit.note(
        session,
        actor=f"{staff.role}:{staff.id}",
        action="conversation.claimed",
        subject=f"conversation:{conversation_id}",
    )
    record(session, CoachAssigned(conversation=conversation_id, staff=staff.id, generation=generation))
    record(session, QueueChanged())
    return Claimed(conversation_id=conversation_id, generation=generation)
