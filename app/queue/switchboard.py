"""The switchboard: a supervisor takes the whole queue, and gives each parent to a coach by hand."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.models import Staff
from app.db import record
from app.errors import Conflict, Forbidden, NotFound
from app.events import QueueChanged
from app.queue import candidates, queries
from app.queue.actions import Claimed, take
from app.queue.models import QueueEntry, Shift
from app.queue.rules import Bar, bar_of

CANNOT: dict[Bar, str] = {
    Bar.AWAY: "is not set as available",
    Bar.ON_BREAK: "is on a break",
    Bar.LOST: "is not connected",
    Bar.RESTING: "is on a break",
    Bar.HOLDS_HIGH_RISK: "is with somebody who may be at risk",
    Bar.FULL: "holds as many conversations as they can",
    Bar.BEING_ASKED: "is being asked about another parent just now",
}


async def set_switchboard(session: AsyncSession, *, staff_id: UUID, on: bool) -> None:
    """Take the whole queue, or give it back. It ends with the supervisor's shift.

    Refused: without a shift (`forbidden`), and while a colleague has it (`conflict`).
    """
    holder = await queries.switchboard(session)
    if on and holder is not None and holder.id != staff_id:
        raise Conflict(f"{holder.name} has the switchboard.", next_step="Ask them to give it back first.")
    changed = await session.scalar(
        update(Shift)
        .where(col(Shift.staff_id) == staff_id, col(Shift.ended_at).is_(None))
        .values(switchboard=on)
        .returning(col(Shift.id))
    )
    if changed is None and on:
        raise Forbidden("You are not on duty.", next_step="Set how free you are first, then take it.")
    audit.note(
        session,
        actor=f"supervisor:{staff_id}",
        action=f"switchboard.{'taken' if on else 'given_back'}",
        subject=f"staff:{staff_id}",
    )
    record(session, QueueChanged())


async def refuse_beside_switchboard(session: AsyncSession, *, staff_id: UUID) -> None:
    """Forbidden for everybody but the supervisor who gives the parents out by hand, while one does."""
    holder = await queries.switchboard(session)
    if holder is not None and holder.id != staff_id:
        raise Forbidden(
            f"{holder.name} gives parents to coaches by hand just now.",
            next_step="The next one comes from them.",
        )


async def assign_by_hand(
    session: AsyncSession, *, by: UUID, staff_id: UUID, conversation_id: UUID
) -> Claimed:
    """Give this waiting parent to this coach; `by` is the supervisor who says so.

    The rules of care hold all the same: refused where the coach may be given nobody new (`at_capacity`).
    """
    await session.execute(
        select(col(Shift.id))
        .where(col(Shift.staff_id) == staff_id, col(Shift.ended_at).is_(None))
        .with_for_update()
    )
    found = await candidates.coaches(session, staff_id=staff_id)
    bar = bar_of(found[0], clock.now()) if found else Bar.AWAY
    if bar not in (None, Bar.BEING_ASKED):
        name = await session.scalar(select(col(Staff.name)).where(col(Staff.id) == staff_id))
        if name is None:
            raise NotFound("There is no such coach.", next_step="Choose one of those on duty.")
        raise Conflict(f"{name} {CANNOT[bar]}.", next_step="Choose another coach.", code="at_capacity")
    why: dict[str, object] = {"how": "by_hand", "by": str(by), "at": clock.now().isoformat()}
    claimed = await take(session, staff_id=staff_id, conversation_id=conversation_id, why=why)
    if claimed is not None:
        return claimed
    known = await session.scalar(
        select(col(QueueEntry.id)).where(col(QueueEntry.conversation_id) == conversation_id).limit(1)
    )
    if known is None:
        raise NotFound("There is no such conversation in the queue.", next_step="Look at the queue again.")
    raise Conflict(
        "This parent is no longer waiting: a coach was quicker, or they left.",
        next_step="Look at the queue again.",
        code="already_claimed",
    )
