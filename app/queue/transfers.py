"""Handing a conversation over: to the queue's head, where a colleague who was named is asked first.

The parent is never left with nobody: whoever does not accept, the next coach is offered them at once.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import clock, db
from app.accounts.models import Staff
from app.errors import BadRequest, Conflict, NotFound
from app.queue import candidates
from app.queue.handover import give_back
from app.queue.models import Offer, OfferState
from app.queue.rules import Bar, bar_of
from app.queue.switchboard import CANNOT


async def refuse_transfer(session: AsyncSession, *, staff_id: UUID, to: UUID | None) -> None:
    """Refused: to oneself, to nobody whom there is, or to a coach who may be given nobody new."""
    if to is None:
        return
    if to == staff_id:
        raise BadRequest("This conversation is yours already.", next_step="Choose a colleague.")
    found = await candidates.coaches(session, staff_id=to)
    bar = bar_of(found[0], clock.now()) if found else Bar.AWAY
    if bar is None:
        return
    name = await session.scalar(select(col(Staff.name)).where(col(Staff.id) == to))
    if name is None:
        raise NotFound("There is no such coach.", next_step="Choose one of those on duty.")
    raise Conflict(f"{name} {CANNOT[bar]}.", next_step="Choose another coach.", code="at_capacity")


async def hand_over(
    session: AsyncSession, *, conversation_id: UUID, staff_id: UUID, to: UUID | None, answer: timedelta
) -> None:
    """Give the conversation up, with a card for who comes next; refused where it is not open any more.

    Nobody else makes offers meanwhile, so the colleague is asked before anybody else can be.
    """
    await db.take_turn(session, "assign")
    await refuse_transfer(session, staff_id=staff_id, to=to)
    why = "transferred"
    if not await give_back(session, conversation_id=conversation_id, staff_id=staff_id, why=why):
        raise Conflict("This conversation has ended, so it cannot be handed over.", next_step="Wrap it up.")
    now = clock.now()
    facts: dict[str, object] = {"how": why, "by": str(staff_id), "at": now.isoformat()}
    # Who has just handed them over is not asked to take them back.
    session.add(
        Offer(
            conversation_id=conversation_id,
            staff_id=staff_id,
            state=OfferState.DECLINED,
            why=facts,
            offered_at=now,
            expires_at=now,
            answered_at=now,
        )
    )
    if to is not None:
        session.add(
            Offer(
                conversation_id=conversation_id,
                staff_id=to,
                why=facts,
                offered_at=now,
                expires_at=now + answer,
            )
        )
    await session.flush()
