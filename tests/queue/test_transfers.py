"""Handing a conversation over: a colleague who is named is asked first, and nobody is left with nobody."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.chat.models import LogEntry
from app.db import Database, reading, transaction
from app.errors import AppError, NotFound
from app.queue.explaining import explain
from app.queue.models import Availability, Offer, OfferState
from app.queue.offers import accept, assign, decline
from app.queue.transfers import hand_over
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER, hire
from tests.scenes import claim, coachs, content, enter, on_duty

ANSWER = timedelta(seconds=20)


async def _hand_over(database: Database, conversation: UUID, staff: Staff, to: Staff | None = None) -> None:
    async with transaction(database) as session:
        await hand_over(
            session,
            conversation_id=conversation,
            staff_id=staff.id,
            to=to.id if to else None,
            answer=ANSWER,
        )


async def _asked(database: Database) -> list[tuple[UUID, UUID]]:
    async with reading(database) as session:
        rows = await session.scalars(select(Offer).where(col(Offer.state) == OfferState.PENDING))
        return [(row.staff_id, row.id) for row in rows]


async def test_the_colleague_who_is_named_is_asked_and_takes_over(
    database: Database, settings: Settings
) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    await on_duty(database, ESTHER)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    await _hand_over(database, conversation, carys, dewi)
    with pytest.raises(NotFound):
        await coachs(database, carys, conversation)
    [(asked, offer)] = await _asked(database)
    assert asked == dewi.id
    async with transaction(database) as session:
        await accept(session, staff_id=dewi.id, offer_id=offer)
    await coachs(database, dewi, conversation)
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.stream), col(LogEntry.kind)).where(
                col(LogEntry.conversation_id) == conversation
            )
        )
        kinds = sorted(tuple(row) for row in rows)
        told = await explain(session, content(), conversation_id=conversation, language="en")
    assert ("staff", "conversation.handed_over") in kinds
    assert kinds.count(("conv", "queue.entered")) == 2
    assert "handed over to Dewi Marlow" in " ".join(each.headline for each in told)


async def test_who_says_not_now_leaves_the_parent_at_the_head_and_the_giver_is_not_asked(
    database: Database, settings: Settings
) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    await enter(database, settings)
    esther = await on_duty(database, ESTHER)
    await _hand_over(database, conversation, carys, dewi)
    [(_, offer)] = await _asked(database)
    async with transaction(database) as session:
        await decline(session, staff_id=dewi.id, offer_id=offer)
    async with transaction(database) as session:
        offered = await assign(session, clock.now())
    assert offered is not None
    assert (offered.conversation_id, offered.staff_id) == (conversation, esther.id)


@pytest.mark.parametrize("why", ["themselves", "nobody", "away", "not theirs"])
async def test_what_is_refused_leaves_everything_as_it_was(
    database: Database, settings: Settings, why: str
) -> None:
    carys = await on_duty(database, CARYS)
    dewi = await on_duty(database, DEWI, availability=Availability.ON_BREAK)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    giver, to = {
        "themselves": (carys, carys),
        "nobody": (carys, Staff(email="-", name="-", role="coach", created_at=clock.now())),
        "away": (carys, dewi),
        "not theirs": (await hire(database, ESTHER), None),
    }[why]
    with pytest.raises(AppError):
        await _hand_over(database, conversation, giver, to)
    await coachs(database, carys, conversation)
    assert await _asked(database) == []
