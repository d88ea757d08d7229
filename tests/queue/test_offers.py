"""Offers: one parent to one coach at a time, the next where it is not taken, and a supervisor's own hand."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app import clock
from app.accounts.models import Role, Staff
from app.db import Database, open_database, reading, transaction
from app.errors import AppError
from app.events import QueueChanged
from app.queue import actions as queue
from app.queue import candidates, queries
from app.queue.closing import expire
from app.queue.decisions import replayed
from app.queue.models import Assignment, Availability, Offer, OfferState, QueueEntry
from app.queue.offering import offer_all, run_offering
from app.queue.offers import Offered, Offering, accept, assign, decline, miss_overdue
from app.queue.rules import ASK_AGAIN, Turn
from app.queue.starts import Start, start_conversation
from app.queue.switchboard import assign_by_hand, refuse_beside_switchboard, set_switchboard
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER, Person
from tests.scenes import PATIENCE_S, claim, content, end, enter, on_duty, parents

NOW_MODE = Offering()


async def _offer(database: Database, *, offering: Offering = NOW_MODE) -> Offered | None:
    async with transaction(database) as session:
        return await assign(session, clock.now(), offering=offering)


async def _accept(database: Database, staff: Staff, offer: UUID) -> queue.Claimed:
    async with transaction(database) as session:
        return await accept(session, staff_id=staff.id, offer_id=offer)


async def _decline(database: Database, staff: Staff, offer: UUID) -> None:
    async with transaction(database) as session:
        await decline(session, staff_id=staff.id, offer_id=offer)


async def _states(database: Database, conversation: UUID) -> list[tuple[UUID, str]]:
    async with reading(database) as session:
        rows = await session.execute(
            select(Offer.staff_id, Offer.state)
            .where(Offer.conversation_id == conversation)
            .order_by(col(Offer.offered_at))
        )
        return [(staff, state) for staff, state in rows]


async def _set(database: Database, staff: Staff, availability: Availability) -> None:
    async with transaction(database) as session:
        await queue.set_availability(session, staff_id=staff.id, availability=availability)


async def test_an_offer_goes_to_who_fits_best_and_accepting_opens_the_conversation(
    database: Database, settings: Settings
) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    welsh = (await enter(database, settings, language="cy")).conversation_id
    offered = await _offer(database)
    assert offered is not None
    assert (offered.staff_id, offered.conversation_id) == (carys.id, welsh)
    assert await _offer(database) is None, "nobody is offered twice at once"
    with pytest.raises(AppError) as refused:
        await _accept(database, dewi, offered.offer_id)
    assert refused.value.code == "not_found", "another's offer is not theirs to see"
    claimed = await _accept(database, carys, offered.offer_id)
    assert claimed.conversation_id == welsh
    assert await _states(database, welsh) == [(carys.id, OfferState.ACCEPTED)]
    with pytest.raises(AppError) as refused:
        await _accept(database, carys, offered.offer_id)
    assert refused.value.code == "already_claimed"
    async with reading(database) as session:
        why = (await session.execute(select(Assignment.why))).scalar_one()
        assert (why["how"], why["coach"]) == ("offered", str(carys.id))
        assert replayed(why) == why


async def test_declined_or_not_answered_the_next_is_asked_and_nobody_at_once_again(
    database: Database, settings: Settings
) -> None:
    carys, dewi, esther = [await on_duty(database, person) for person in (CARYS, DEWI, ESTHER)]
    conversation = (await enter(database, settings, language="cy")).conversation_id
    first = await _offer(database)
    assert first is not None
    assert first.staff_id == carys.id
    for _ in range(2):
        await _decline(database, carys, first.offer_id)
    with pytest.raises(AppError):
        await _decline(database, dewi, first.offer_id)
    async with transaction(database) as session:  # ten minutes have gone by: who does not speak it may come
        await session.execute(update(QueueEntry).values(entered_at=clock.now() - timedelta(minutes=11)))
    second = await _offer(database)
    assert second is not None
    assert second.staff_id != carys.id
    async with transaction(database) as session:
        assert await miss_overdue(session, second.expires_at - timedelta(seconds=1)) == 0
        assert await miss_overdue(session, second.expires_at) == 1
    with pytest.raises(AppError):
        await _accept(database, dewi if second.staff_id == dewi.id else esther, second.offer_id)
    third = await _offer(database)
    assert third is not None
    assert {carys.id, second.staff_id, third.staff_id} == {carys.id, dewi.id, esther.id}
    await _decline(database, dewi if third.staff_id == dewi.id else esther, third.offer_id)
    assert await _offer(database) is None
    async with transaction(database) as session:
        again = await assign(session, clock.now() + ASK_AGAIN)
    assert again is not None
    states = [state for _, state in await _states(database, conversation)]
    assert states == ["declined", "missed", "declined", "pending"]


async def test_a_break_hands_the_offer_on_at_once(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    conversation = (await enter(database, settings, language="cy")).conversation_id
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=conversation)
    offered = await _offer(database)
    assert offered is not None
    assert offered.staff_id == carys.id
    await _set(database, carys, Availability.ON_BREAK)
    following = await _offer(database)
    assert following is not None
    assert following.staff_id == dewi.id
    assert (following.expires_at - clock.now()) <= NOW_MODE.urgent


async def test_an_offer_ends_with_the_wait(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    taken, left, expired = [
        (await enter(database, settings, language="cy")).conversation_id for _ in range(3)
    ]
    assert await _offer(database) is not None
    await claim(database, dewi, taken)
    assert await _states(database, taken) == [(carys.id, OfferState.WITHDRAWN)]
    assert await _offer(database) is not None
    await end(database, settings, await parents(database, left))
    assert await _states(database, left) == [(carys.id, OfferState.WITHDRAWN)]
    assert await _offer(database) is not None
    async with transaction(database) as session:
        await expire(session, KeyRing(settings.key_ring), before=clock.now(), messages_before=clock.now())
    assert await _states(database, expired) == [(carys.id, OfferState.WITHDRAWN)]


async def test_taking_the_next_takes_who_is_offered_to_you(database: Database, settings: Settings) -> None:
    dewi = await on_duty(database, DEWI)
    conversation = (await enter(database, settings)).conversation_id
    assert await _offer(database) is not None
    async with transaction(database) as session:
        assert (await queue.claim_next(session, staff_id=dewi.id)).conversation_id == conversation
    assert await _states(database, conversation) == [(dewi.id, OfferState.ACCEPTED)]


async def test_nothing_is_offered_where_coaches_take_the_next_themselves(
    database: Database, settings: Settings
) -> None:
    await on_duty(database, DEWI)
    await enter(database, settings)
    assert await _offer(database, offering=Offering(on=False)) is None
    assert await offer_all(database, Offering(on=False)) == 0


async def test_behind_a_long_row_of_another_language_somebody_is_still_found(
    database: Database, settings: Settings
) -> None:
    await on_duty(database, DEWI)  # speaks English only
    some = (await enter(database, settings)).conversation_id
    async with transaction(database) as session:
        late = clock.now() + timedelta(seconds=1)
        await session.execute(update(QueueEntry).values(entered_at=late))
    async with transaction(database) as session:
        for _ in range(candidates.WINDOW + 1):
            await start_conversation(
                session,
                KeyRing(settings.key_ring),
                content().codebook,
                secret=settings.server_secret,
                start=Start(start_id=uuid4(), language="cy"),
            )
    offered = await _offer(database)
    assert offered is not None
    assert offered.conversation_id == some


async def test_two_workers_offer_each_parent_and_each_coach_once(
    database: Database, settings: Settings
) -> None:
    for number in range(4):
        await on_duty(database, Person(f"Coach {number}", f"coach{number}@example.org", Role.COACH))
    for _ in range(6):
        await enter(database, settings)
    other = open_database(settings)
    try:
        made = await asyncio.gather(*(offer_all(each, NOW_MODE) for each in (database, other) * 2))
    finally:
        await other.engine.dispose()
    assert sum(made) == 4
    async with reading(database) as session:
        standing = await queries.standing_offers(session)
    assert len(standing) == 4
    assert set(Counter(offer.staff_id for offer in standing).values()) == {1}
    assert set(Counter(offer.entry.conversation for offer in standing).values()) == {1}


async def test_the_task_offers_on_and_on_as_time_runs_out(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    conversation = (await enter(database, settings)).conversation_id
    changed, told = asyncio.Event(), asyncio.Event()
    database.bus.subscribe(QueueChanged, lambda _: told.set())
    quick = Offering(answer=timedelta(milliseconds=50))
    task = asyncio.create_task(run_offering(database, changed, quick))
    async with asyncio.timeout(PATIENCE_S):
        while len(await _states(database, conversation)) < 2:
            await told.wait()
            told.clear()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    first, second = (await _states(database, conversation))[:2]
    assert first[1] == OfferState.MISSED
    assert {first[0], second[0]} == {carys.id, dewi.id}


async def test_a_supervisor_gives_parents_out_by_hand(database: Database, settings: Settings) -> None:
    carys, dewi, esther = [await on_duty(database, person) for person in (CARYS, DEWI, ESTHER)]
    first, second, third = [(await enter(database, settings)).conversation_id for _ in range(3)]
    async with transaction(database) as session:
        await set_switchboard(session, staff_id=esther.id, on=True)
    assert await _offer(database) is None
    async with reading(database) as session:
        await refuse_beside_switchboard(session, staff_id=esther.id)
        with pytest.raises(AppError) as refused:
            await refuse_beside_switchboard(session, staff_id=dewi.id)
        assert refused.value.code == "forbidden"

    async def give(staff_id: UUID, conversation: UUID) -> queue.Claimed:
        async with transaction(database) as session:
            return await assign_by_hand(
                session, by=esther.id, staff_id=staff_id, conversation_id=conversation
            )

    assert (await give(carys.id, second)).conversation_id == second
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=second)
    await _set(database, dewi, Availability.ON_BREAK)
    for staff_id, conversation, code in (
        (carys.id, first, "at_capacity"),
        (dewi.id, first, "at_capacity"),
        (uuid4(), first, "not_found"),
        (esther.id, second, "already_claimed"),
        (esther.id, uuid4(), "not_found"),
    ):
        with pytest.raises(AppError) as refused:
            await give(staff_id, conversation)
        assert refused.value.code == code
    async with transaction(database) as session:
        await set_switchboard(session, staff_id=esther.id, on=False)
    assert await _offer(database) is not None
    assert third


async def test_one_supervisor_has_the_switchboard_until_they_give_it_back_or_go(database: Database) -> None:
    esther = await on_duty(database, ESTHER)
    other = await on_duty(database, Person("Olwen Hale", "olwen@example.org", Role.SUPERVISOR))
    async with transaction(database) as session:
        await set_switchboard(session, staff_id=esther.id, on=True)
    with pytest.raises(AppError):
        async with transaction(database) as session:
            await set_switchboard(session, staff_id=other.id, on=True)
    await _set(database, esther, Availability.OFFLINE)
    with pytest.raises(AppError) as refused:
        async with transaction(database) as session:
            await set_switchboard(session, staff_id=esther.id, on=True)
    assert refused.value.code == "forbidden"
    async with transaction(database) as session:
        await set_switchboard(session, staff_id=other.id, on=True)
        holder = await queries.switchboard(session)
    assert holder is not None
    assert holder.id == other.id


async def test_high_risk_comes_first_and_its_coach_is_offered_nobody_else(
    database: Database, settings: Settings
) -> None:
    dewi = await on_duty(database, DEWI)
    await enter(database, settings)
    risk = (await enter(database, settings)).conversation_id
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=risk)
    offered = await _offer(database)
    assert offered is not None
    assert offered.conversation_id == risk
    await _accept(database, dewi, offered.offer_id)
    assert await _offer(database) is None
    async with reading(database) as session:
        held = (await session.execute(select(Assignment))).scalar_one()
        assert held.high_risk
        assert (await session.execute(select(QueueEntry.turn).where(QueueEntry.turn != 0))).scalar_one() == (
            Turn.ORDINARY
        )
