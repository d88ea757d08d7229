"""Messages left while nobody is there: told at closing time, kept, answered, read by the code."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.chat.models import Conversation, LogEntry
from app.chat.transcript import read_messages
from app.db import Database, reading, transaction
from app.errors import AppError
from app.queue import actions as queue
from app.queue import closing, queries
from app.queue.hours import look_at_the_hours
from app.queue.messages import PUT_OFF, leave_message, rejoin
from app.queue.models import Assignment, QueueEntry
from app.queue.offers import assign
from app.queue.rules import Turn
from app.queue.stranded import bounds_of, find
from app.sealing import KeyRing
from app.settings import Settings, Timers
from tests.cast import CARYS, DEWI
from tests.provision.server import running_server
from tests.scenes import claim, coachs, enter, on_duty, parents, say, writing

PATH = "/api/v1/conversations"
SHUT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)  # a Sunday
BOUNDS = bounds_of(Timers())


def closed() -> tuple[bool, str | None]:
    return False, "2026-03-02T09:30:00Z"


def still_open() -> tuple[bool, str | None]:
    return True, None


async def _kinds(database: Database, conversation: UUID) -> list[str]:
    async with reading(database) as session:
        rows = await session.scalars(
            select(col(LogEntry.kind))
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == "conv")
            .order_by(col(LogEntry.seq))
        )
        return list(rows)


async def _waiting(database: Database, settings: Settings, text: str = "He will not sleep.") -> UUID:
    started = await enter(database, settings)
    async with writing(database, settings) as writer:
        await say(writer, await parents(database, started.conversation_id), text)
    return started.conversation_id


async def _leave(database: Database, conversation: UUID) -> None:
    place = await parents(database, conversation)
    async with transaction(database) as session:
        await leave_message(session, place=place)


async def test_at_closing_time_everybody_who_waits_is_told_once(
    database: Database, settings: Settings
) -> None:
    held, waits, left = [await _waiting(database, settings) for _ in range(3)]
    await claim(database, await on_duty(database, CARYS), held)
    await _leave(database, left)
    await look_at_the_hours(database, still_open)
    assert "queue.closing" not in await _kinds(database, waits)
    await look_at_the_hours(database, closed)
    await look_at_the_hours(database, closed)
    assert (await _kinds(database, waits)).count("queue.closing") == 1
    assert "queue.closing" not in await _kinds(database, held)
    assert "queue.closing" not in await _kinds(database, left)
    async with reading(database) as session:
        told = await session.scalar(select(LogEntry).where(col(LogEntry.kind) == "queue.closing"))
    assert told is not None
    assert told.data == {"next_opening": "2026-03-02T09:30:00Z"}


async def test_a_message_comes_after_those_who_are_there_and_is_answered(
    database: Database, settings: Settings
) -> None:
    left, there = [await _waiting(database, settings) for _ in range(2)]
    await _leave(database, left)
    await _leave(database, left)  # a second tap changes nothing
    assert (await _kinds(database, left)).count("message.left") == 1
    carys = await on_duty(database, CARYS)
    taken = []
    for _ in range(2):
        async with transaction(database) as session:
            taken.append((await queue.claim_next(session, staff_id=carys.id)).conversation_id)
    assert taken == [there, left]
    async with writing(database, settings) as writer:
        await say(writer, await coachs(database, carys, left), "Try a calm hour before bed.")
    place = await coachs(database, carys, left)
    async with transaction(database) as session:
        await closing.end(session, KeyRing(settings.key_ring), place=place)
    async with reading(database) as session:
        said = await read_messages(session, KeyRing(settings.key_ring), conversation_id=left)
        status = await session.scalar(select(col(Conversation.status)).where(col(Conversation.id) == left))
    assert [message.body for message in said] == ["He will not sleep.", "Try a calm hour before bed."]
    assert status == "wrap_up"


async def _rejoin(database: Database, conversation: UUID, *, is_open: bool = True) -> str:
    place = await parents(database, conversation)
    try:
        async with transaction(database) as session:
            await rejoin(session, place=place, is_open=is_open)
    except AppError as error:
        return error.code
    return "ok"


async def test_who_left_a_message_waits_again_behind_those_who_are_there(
    database: Database, settings: Settings
) -> None:
    left, there, later = [await _waiting(database, settings) for _ in range(3)]
    await _leave(database, left)
    assert await _rejoin(database, left, is_open=False) == "bad_request"
    assert await _rejoin(database, left) == "ok"
    assert await _rejoin(database, left) == "ok"  # a second tap changes nothing
    assert await _rejoin(database, left, is_open=False) == "ok"  # who waits already waits on
    assert (await _kinds(database, left)).count("queue.rejoined") == 1
    await _leave(database, later)
    carys = await on_duty(database, CARYS)
    taken = []
    for _ in range(3):
        async with transaction(database) as session:
            taken.append((await queue.claim_next(session, staff_id=carys.id)).conversation_id)
    assert taken == [there, left, later]
    assert await _rejoin(database, left) == "bad_request"


async def test_who_led_the_queue_keeps_their_place_when_they_wait_again(
    database: Database, settings: Settings
) -> None:
    left, _ = [await _waiting(database, settings) for _ in range(2)]
    await _leave(database, left)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=left)
    assert await _rejoin(database, left) == "ok"
    carys = await on_duty(database, CARYS)
    async with transaction(database) as session:
        assert (await queue.claim_next(session, staff_id=carys.id)).conversation_id == left


async def test_whoever_is_at_risk_comes_first_though_they_left_a_message(
    database: Database, settings: Settings
) -> None:
    left, there = [await _waiting(database, settings) for _ in range(2)]
    await _leave(database, left)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=left)
    carys = await on_duty(database, CARYS)
    async with transaction(database) as session:
        assert await assign(session, clock.now()) is not None
    async with reading(database) as session:
        board = await queries.board(session)
        offered = await queries.standing_offers(session)
    shown = [(parent.entry.conversation, parent.entry.high_risk, parent.is_message) for parent in board]
    assert shown == [(left, True, True), (there, False, False)], "a coach must know that nobody is there"
    assert [(one.entry.conversation, one.is_message) for one in offered] == [(left, True)]
    async with transaction(database) as session:
        first = await queue.claim_next(session, staff_id=carys.id)
    assert first.conversation_id == left != there


async def test_a_standing_offer_ends_when_a_message_is_left(database: Database, settings: Settings) -> None:
    left = await _waiting(database, settings)
    await on_duty(database, CARYS)
    async with transaction(database) as session:
        assert await assign(session, clock.now()) is not None
    await _leave(database, left)
    async with transaction(database) as session:
        again = await assign(session, clock.now())
    assert again is not None, "a message is offered too, now in its own turn"


async def test_a_message_that_was_put_off_for_days_comes_in_its_own_turn(
    database: Database, settings: Settings
) -> None:
    old, young, there = [await _waiting(database, settings) for _ in range(3)]
    for each in (old, young):
        await _leave(database, each)
    async with transaction(database) as session:
        await session.execute(
            update(QueueEntry)
            .where(col(QueueEntry.conversation_id) == old)
            .values(entered_at=clock.now() - PUT_OFF)
        )
    await look_at_the_hours(database, still_open)
    async with reading(database) as session:
        rows = await session.execute(select(col(QueueEntry.conversation_id), col(QueueEntry.turn)))
        turns = {conversation: turn for conversation, turn in rows}  # noqa: C416 (rows are no pairs to mypy)
    assert turns == {old: Turn.ORDINARY, young: Turn.MESSAGE, there: Turn.ORDINARY}


async def test_nobody_waits_for_whoever_left_a_message_before_they_come_back(
    database: Database, settings: Settings
) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    left, vanished = [await _waiting(database, settings) for _ in range(2)]
    await _leave(database, left)
    await claim(database, carys, left)
    await claim(database, dewi, vanished)
    async with transaction(database) as session:
        await session.execute(update(Assignment).values(assigned_at=clock.now() - timedelta(hours=1)))
    async with reading(database) as session:
        found = await find(session, BOUNDS)
    assert found.away == [vanished]


async def test_messages_outlive_those_who_left_without_a_word(database: Database, settings: Settings) -> None:
    left, gone = [await _waiting(database, settings) for _ in range(2)]
    await _leave(database, left)
    now = clock.now() + timedelta(days=2)
    for messages_before, abandoned in ((now - timedelta(days=90), {gone}), (now, {gone, left})):
        async with transaction(database) as session:
            await closing.expire(
                session,
                KeyRing(settings.key_ring),
                before=now - timedelta(days=1),
                messages_before=messages_before,
            )
        async with reading(database) as session:
            found = await session.scalars(
                select(col(Conversation.id)).where(col(Conversation.status) == "abandoned")
            )
            assert set(found) == abandoned


@pytest.mark.parametrize("state", ["nothing written", "with a coach"])
async def test_only_who_waits_and_has_written_leaves_a_message(
    database: Database, settings: Settings, state: str
) -> None:
    if state == "nothing written":
        conversation = (await enter(database, settings)).conversation_id
    else:
        conversation = await _waiting(database, settings)
        await claim(database, await on_duty(database, CARYS), conversation)
    with pytest.raises(AppError) as refused:
        await _leave(database, conversation)
    assert refused.value.code == "bad_request"
    assert "message.left" not in await _kinds(database, conversation)


async def test_out_of_hours_a_message_is_taken_over_http_and_read_by_its_code(
    settings: Settings, database: Database
) -> None:
    with time_machine.travel(SHUT, tick=True):
        async with (
            running_server(settings.model_copy(update={"hours": "content"})) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
        ):
            asked = {"start_id": str(uuid4()), "first_message": "He will not sleep."}
            refused = await client.post(PATH, json=asked)
            assert (refused.status_code, refused.json()["code"]) == (409, "blocked")
            empty = {"start_id": str(uuid4()), "leave_message": True}
            assert (await client.post(PATH, json=empty)).status_code == 422
            answer = await client.post(PATH, json={**asked, "leave_message": True})
            assert answer.status_code == 201
            conversation = UUID(answer.json()["conversation"])
            bearer = {"authorization": f"Bearer {answer.json()['token']}"}
            made = await client.post(f"{PATH}/{conversation}/return-code", headers=bearer)
            back = await client.post("/api/v1/return", json={"code": made.json()["code"]})
    assert back.json()["conversation"] == str(conversation)
    kinds = await _kinds(database, conversation)
    assert kinds == ["queue.entered", "message.left", "message.posted"]
    async with reading(database) as session:
        entry = await session.scalar(select(QueueEntry))
    assert entry is not None
    assert (entry.turn, entry.state) == (Turn.MESSAGE, "waiting")
