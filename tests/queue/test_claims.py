"""Claims: exactly one winner, never more than a coach can hold, and the right parent next."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Role, Staff
from app.chat.access import places_of, staff_place
from app.chat.models import Conversation, LogEntry, Participant
from app.db import Database, reading, transaction
from app.errors import AppError, NotFound
from app.events import CoachAssigned, QueueChanged
from app.queue import actions as queue
from app.queue import candidates, queries
from app.queue.models import Assignment, Availability, EntryState, QueueEntry, Shift
from app.queue.rules import Turn
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER, Person
from tests.scenes import claim, enter, on_duty


def _coach(number: int) -> Person:
    return Person(f"Coach {number}", f"coach{number}@example.org", Role.COACH)


async def _take_next(database: Database, staff: Staff) -> UUID:
    async with transaction(database) as session:
        return (await queue.claim_next(session, staff_id=staff.id)).conversation_id


def _codes(outcomes: list[object]) -> list[str]:
    codes = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, AppError), repr(outcome)
            codes.append(outcome.code)
    return codes


@pytest.mark.parametrize("coaches", [2, 5, 20])
async def test_of_many_coaches_exactly_one_gets_the_parent(
    database: Database, settings: Settings, coaches: int
) -> None:
    staff = [await on_duty(database, _coach(number)) for number in range(coaches)]
    heard: list[CoachAssigned] = []
    database.bus.subscribe(CoachAssigned, heard.append)
    for _ in range(3):
        heard.clear()
        conversation = (await enter(database, settings)).conversation_id
        outcomes = await asyncio.gather(
            *(claim(database, coach, conversation) for coach in staff), return_exceptions=True
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, queue.Claimed)]
        assert len(won) == 1
        assert _codes(list(outcomes)) == ["already_claimed"] * (coaches - 1)
        async with reading(database) as session:
            owners = list(
                (
                    await session.execute(
                        select(col(Assignment.staff_id)).where(
                            col(Assignment.conversation_id) == conversation,
                            col(Assignment.ended_at).is_(None),
                        )
                    )
                ).scalars()
            )
            assert owners == [heard[0].staff]
            assert [event.generation for event in heard] == [1]
            for coach in staff:
                if coach.id == owners[0]:
                    await staff_place(session, staff_id=coach.id, conversation_id=conversation)
                else:
                    with pytest.raises(NotFound):
                        await staff_place(session, staff_id=coach.id, conversation_id=conversation)


async def test_coaches_who_all_take_the_next_take_different_parents(
    database: Database, settings: Settings
) -> None:
    staff = [await on_duty(database, _coach(number)) for number in range(6)]
    waiting = {(await enter(database, settings)).conversation_id for _ in range(4)}
    outcomes = await asyncio.gather(*(_take_next(database, coach) for coach in staff), return_exceptions=True)
    taken = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    assert sorted(taken) == sorted(waiting)
    assert _codes(list(outcomes)) == ["not_found"] * 2


async def test_one_coach_never_holds_more_than_their_capacity(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    waiting = [(await enter(database, settings)).conversation_id for _ in range(8)]
    outcomes = await asyncio.gather(
        *(claim(database, carys, conversation) for conversation in waiting),
        *(_take_next(database, carys) for _ in range(4)),
        return_exceptions=True,
    )
    assert len(outcomes) - len(_codes(list(outcomes))) == carys.capacity
    assert set(_codes(list(outcomes))) <= {"at_capacity", "already_claimed"}
    async with reading(database) as session:
        assert await queries.load_of(session, staff_id=carys.id) == carys.capacity
        assert len(await places_of(session, staff_id=carys.id)) == carys.capacity
        assert await queries.how_many_wait(session) == 8 - carys.capacity


@pytest.mark.parametrize("availability", [Availability.BUSY, Availability.ON_BREAK, Availability.OFFLINE])
async def test_only_who_is_available_takes_anybody(
    database: Database, settings: Settings, availability: Availability
) -> None:
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    async with transaction(database) as session:
        await queue.set_availability(session, staff_id=carys.id, availability=availability)
    for attempt in (claim(database, carys, conversation), _take_next(database, carys)):
        with pytest.raises(AppError) as refused:
            await attempt
        assert refused.value.code == "forbidden"
    async with reading(database) as session:
        assert await queries.how_many_wait(session) == 1


async def test_two_windows_of_one_coach_start_one_shift(database: Database) -> None:
    carys = await on_duty(database, CARYS, availability=Availability.OFFLINE)

    async def come(availability: Availability) -> None:
        async with transaction(database) as session:
            await queue.set_availability(session, staff_id=carys.id, availability=availability)

    await asyncio.gather(*(come(a) for a in [Availability.AVAILABLE, Availability.BUSY] * 5))
    async with reading(database) as session:
        assert (await session.execute(select(func.count()).select_from(Shift))).scalar_one() == 1


async def test_going_off_duty_ends_the_shift_and_keeps_what_is_held(
    database: Database, settings: Settings
) -> None:
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    for availability in (Availability.OFFLINE, Availability.OFFLINE, Availability.AVAILABLE):
        async with transaction(database) as session:
            await queue.set_availability(session, staff_id=carys.id, availability=availability)
    async with reading(database) as session:
        shifts = (await session.execute(select(Shift))).scalars().all()
        assert sorted(shift.ended_at is None for shift in shifts) == [False, True]
        assert await staff_place(session, staff_id=carys.id, conversation_id=conversation)


async def test_an_unknown_conversation_is_not_found(database: Database) -> None:
    carys = await on_duty(database, CARYS)
    with pytest.raises(NotFound):
        await claim(database, carys, uuid4())


async def _age(database: Database, conversation: UUID, *, by: timedelta, turn: Turn = Turn.ORDINARY) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(QueueEntry)
            .where(col(QueueEntry.conversation_id) == conversation)
            .values(entered_at=clock.now() - by, turn=turn)
        )


async def test_next_is_high_risk_then_first_come_with_language_for_ten_minutes(
    database: Database, settings: Settings
) -> None:
    dewi, esther = await on_duty(database, DEWI), await on_duty(database, ESTHER)  # they speak English only
    async with transaction(database) as session:
        await session.execute(update(Staff).values(capacity=10))
    late, early, welsh_new, welsh_long, risk = [
        (await enter(database, settings, language=language)).conversation_id
        for language in ("en", "en", "cy", "cy", "cy")
    ]
    await _age(database, late, by=timedelta(minutes=1))
    await _age(database, early, by=timedelta(minutes=8))
    await _age(database, welsh_new, by=timedelta(minutes=9))
    await _age(database, welsh_long, by=timedelta(minutes=10))
    await _age(database, risk, by=timedelta(seconds=1), turn=Turn.HIGH_RISK)
    assert await _take_next(database, dewi) == risk
    with pytest.raises(AppError) as refused:  # nobody new beside somebody at high risk
        await _take_next(database, dewi)
    assert refused.value.code == "at_capacity"
    assert [await _take_next(database, esther) for _ in range(3)] == [welsh_long, early, late]
    with pytest.raises(NotFound):
        await _take_next(database, esther)
    carys = await on_duty(database, CARYS)  # speaks Welsh
    assert await _take_next(database, carys) == welsh_new


async def test_high_risk_is_raised_while_waiting_and_while_held_and_never_lowered(
    database: Database, settings: Settings
) -> None:
    dewi = await on_duty(database, DEWI)
    first, second, third = [(await enter(database, settings)).conversation_id for _ in range(3)]
    for _ in range(2):
        async with transaction(database) as session:
            await queue.raise_risk(session, conversation_id=second)
    async with reading(database) as session:
        waiting = await candidates.head_of_queue(session, now=clock.now())
        assert [entry.conversation for entry in waiting] == [second, first, third]
        assert [entry.high_risk for entry in waiting] == [True, False, False]
    await claim(database, dewi, first)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=first)
    with pytest.raises(AppError) as refused:
        await claim(database, dewi, second)
    assert refused.value.code == "at_capacity"


async def test_a_claim_opens_the_conversation_and_tells_it(database: Database, settings: Settings) -> None:
    esther = await on_duty(database, ESTHER)
    heard: list[object] = []
    database.bus.subscribe(QueueChanged, heard.append)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, esther, conversation)
    assert heard
    async with reading(database) as session:
        found = (await session.execute(select(Conversation))).scalar_one()
        assert (found.status, found.generation) == ("open", 1)
        assert found.opened_at is not None
        entry = (await session.execute(select(QueueEntry))).scalar_one()
        assert (entry.state, entry.ended_at is None) == (EntryState.ASSIGNED, False)
        owner = (
            await session.execute(select(Participant).where(col(Participant.role) != "parent"))
        ).scalar_one()
        assert (owner.role, owner.generation) == ("supervisor", 1)
        told = (
            await session.execute(select(LogEntry).where(LogEntry.kind == "conversation.assigned"))
        ).scalar_one()
        assert told.data == {"coach": "Esther"}, "a parent is told the first name alone"


async def test_the_board_and_the_duty_list_show_what_is(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    first = await enter(database, settings, topic="sleep")
    second = await enter(database, settings)
    async with reading(database) as session:
        board = await queries.board(session)
        assert [parent.entry.conversation for parent in board] == [
            first.conversation_id,
            second.conversation_id,
        ]
        assert [(parent.topic, parent.age_band) for parent in board] == [("sleep", "8-10"), (None, "8-10")]
    await claim(database, carys, first.conversation_id)
    async with reading(database) as session:
        assert len(await queries.board(session)) == 1
        duty = {coach.staff_id: coach for coach in await queries.coaches_on_duty(session)}
        assert {carys.id: 1, dewi.id: 0} == {staff: coach.load for staff, coach in duty.items()}
        assert await queries.claim_gaps(session, now=clock.now()) == []
    await claim(database, dewi, second.conversation_id)
    async with reading(database) as session:
        gaps = await queries.claim_gaps(session, now=clock.now())
        assert len(gaps) == 1
        assert 0 <= gaps[0] < 60
        assert await queries.claim_gaps(session, now=clock.now() + timedelta(hours=2)) == []
