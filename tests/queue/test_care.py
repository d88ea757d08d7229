"""Care for coaches: a debrief after a hard conversation, and a supervisor who hears of the second one."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app import clock
from app.accounts.models import Staff
from app.db import Database, reading, transaction
from app.errors import AppError
from app.queue import actions as queue
from app.queue import candidates, queries
from app.queue.breaks import give_breaks
from app.queue.closing import WrapUp, wrap_up
from app.queue.models import Availability, Shift
from app.queue.offers import assign
from app.queue.rules import Bar, bar_of, needs_relief, rests_after
from app.safeguarding.actions import raise_concern, step_concern
from app.sealing import KeyRing
from app.settings import Settings, Timers
from tests.cast import CARYS, ESTHER, hire
from tests.scenes import claim, coachs, content, decided_with, end, enter, on_duty, until_it_waits

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEBRIEF = timedelta(minutes=10)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1))


@given(st.none() | spans.map(lambda span: NOW + span), st.booleans(), spans)
def test_a_break_is_never_shortened_and_only_worry_earns_one(
    until: datetime | None, worrying: bool, debrief: timedelta
) -> None:
    rests = rests_after(until=until, now=NOW, worrying=worrying, debrief=debrief)
    if not worrying or not debrief:
        assert rests == until
        return
    assert rests is not None
    assert rests >= NOW + debrief
    assert until is None or rests >= until


def test_the_second_hard_chat_is_one_too_many() -> None:
    assert [needs_relief(number) for number in range(4)] == [False, False, True, True]


async def _hard_chat(database: Database, settings: Settings, carys: Staff, *, worrying: bool = True) -> None:
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    place = await coachs(database, carys, conversation)
    key_ring = KeyRing(settings.key_ring)
    if worrying:
        second = await hire(database, replace(ESTHER, email=f"{conversation}@example.org"))
        async with transaction(database) as session:
            concern = await raise_concern(
                session,
                key_ring,
                conversation_id=conversation,
                staff_id=carys.id,
                by=carys.name,
                category="missing_child",
                note="",
            )
            for state in ("acknowledged", "assessed", "decided", "closed"):
                await step_concern(
                    session,
                    key_ring,
                    concern_id=concern.id,
                    staff_id=carys.id,
                    by=carys.name,
                    state=state,
                    note="Seen to.",
                    decision=decided_with(second.id, state),
                )
    await end(database, settings, place)
    async with transaction(database) as session:
        done = WrapUp(topics=("sleep",), disposition="advice-given")
        await wrap_up(
            session,
            KeyRing(settings.key_ring),
            content().codebook,
            place=place,
            wrap_up=done,
            debrief=DEBRIEF,
        )


@pytest.mark.parametrize("worrying", [True, False])
async def test_nobody_new_comes_during_a_debrief(
    database: Database, settings: Settings, *, worrying: bool
) -> None:
    carys = await on_duty(database, CARYS)
    await _hard_chat(database, settings, carys, worrying=worrying)
    waiting = (await enter(database, settings)).conversation_id
    async with reading(database) as session:
        [coach] = await candidates.coaches(session)
    assert bar_of(coach, clock.now()) == (Bar.RESTING if worrying else None)
    assert bar_of(coach, clock.now() + DEBRIEF) is None
    async with transaction(database) as session:
        assert (await assign(session, clock.now()) is None) is worrying
    if worrying:
        with pytest.raises(AppError) as refused:
            await claim(database, carys, waiting)
        assert refused.value.code == "forbidden"


async def test_a_supervisor_sees_who_had_two_hard_chats(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    await hire(database, ESTHER)
    for number in (1, 2):
        conversation = (await enter(database, settings)).conversation_id
        await claim(database, carys, conversation)
        for category in ("missing_child", "harm_to_baby"):  # two worries, one hard chat
            async with transaction(database) as session:
                await raise_concern(
                    session,
                    KeyRing(settings.key_ring),
                    conversation_id=conversation,
                    staff_id=carys.id,
                    by=carys.name,
                    category=category,
                    note="",
                )
        async with reading(database) as session:
            assert [each.hard for each in await queries.coaches_on_duty(session)] == [number]


BREAKS = Timers(break_every=7200, break_length=600)
TWO_HOURS = timedelta(seconds=7200)


async def _on_duty_for(database: Database, spent: timedelta) -> Staff:
    """Carys, on duty for so long under the rule of a break every two hours."""
    carys = await hire(database, CARYS)
    async with transaction(database) as session:
        await queue.set_availability(
            session, staff_id=carys.id, availability=Availability.AVAILABLE, break_every=TWO_HOURS
        )
    async with transaction(database) as session:
        shift = (await session.execute(select(Shift))).scalar_one()
        assert shift.break_due_at == shift.started_at + TWO_HOURS
        shift.started_at -= spent
        shift.break_due_at -= spent
        session.add(shift)
    return carys


async def _bar(database: Database) -> Bar | None:
    async with reading(database) as session:
        [coach] = await candidates.coaches(session)
    return bar_of(coach, clock.now())


async def test_a_break_is_due_after_two_hours_and_begins_with_the_last_chat_gone(
    database: Database, settings: Settings
) -> None:
    carys = await _on_duty_for(database, timedelta(hours=1, minutes=59))
    held = (await enter(database, settings)).conversation_id
    await claim(database, carys, held)
    await give_breaks(database, BREAKS)
    assert await _bar(database) is None
    async with transaction(database) as session:
        await session.execute(update(Shift).values(break_due_at=clock.now()))
    await give_breaks(database, BREAKS)
    assert await _bar(database) == Bar.BREAK_DUE, "they hold somebody: the break waits, nobody new comes"
    with pytest.raises(AppError) as refused:
        await claim(database, carys, (await enter(database, settings)).conversation_id)
    assert refused.value.code == "forbidden"
    place = await coachs(database, carys, held)
    await end(database, settings, place)
    async with transaction(database) as session:
        await wrap_up(
            session,
            KeyRing(settings.key_ring),
            content().codebook,
            place=place,
            wrap_up=WrapUp(("sleep",), "advice-given"),
        )
    await give_breaks(database, BREAKS)
    assert await _bar(database) == Bar.RESTING
    async with reading(database) as session:
        shift = (await session.execute(select(Shift))).scalar_one()
    assert shift.rests_until is not None
    assert timedelta(minutes=9) < shift.rests_until - clock.now() <= timedelta(minutes=10)
    assert shift.break_due_at == shift.rests_until + TWO_HOURS


async def test_a_break_does_not_begin_beside_a_parent_who_comes_in_that_moment(
    database: Database, settings: Settings
) -> None:
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    async with transaction(database) as session:
        await session.execute(update(Shift).values(break_due_at=clock.now()))
    async with transaction(database) as session:  # who asked for them a hair before it was due
        why: dict[str, object] = {"how": "picked"}
        await queue.take(session, staff_id=carys.id, conversation_id=conversation, why=why)
        beginning = asyncio.create_task(give_breaks(database, BREAKS))
        await until_it_waits(database, beginning)
    await beginning
    assert await _bar(database) == Bar.BREAK_DUE, "they hold somebody: the break waits"


async def test_no_breaks_are_given_where_there_are_to_be_none(database: Database) -> None:
    await _on_duty_for(database, timedelta(hours=1))
    await give_breaks(database, Timers(break_every=0))
    assert await _bar(database) is None


async def test_a_new_shift_takes_no_break_away(database: Database) -> None:
    carys = await _on_duty_for(database, timedelta(hours=3))
    await give_breaks(database, BREAKS)
    assert await _bar(database) == Bar.RESTING
    for availability in (Availability.OFFLINE, Availability.AVAILABLE):
        async with transaction(database) as session:
            await queue.set_availability(session, staff_id=carys.id, availability=availability)
    assert await _bar(database) == Bar.RESTING
