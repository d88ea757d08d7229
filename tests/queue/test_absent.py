"""Parents who vanish while they wait: their place is held, nobody is sent to them, and they are let go."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app import clock, db
from app.chat.models import Conversation, LogEntry
from app.db import Database, reading, transaction
from app.queue import actions as queue
from app.queue import presence
from app.queue.messages import leave_message
from app.queue.models import ParentLease, QueueEntry
from app.queue.offers import assign, decide
from app.queue.stranded import bounds_of, sweep
from app.sealing import KeyRing
from app.settings import Settings, Timers
from tests.cast import CARYS, DEWI
from tests.scenes import claim, enter, on_duty, parents, say, writing

BOUNDS = bounds_of(Timers())
AWAY, GONE = BOUNDS.away.total_seconds(), BOUNDS.gone.total_seconds()


async def _wait(database: Database, settings: Settings, *, seconds: float) -> UUID:
    """A parent who entered so long ago and was not heard since."""
    conversation = (await enter(database, settings)).conversation_id
    await _entered(database, conversation, seconds)
    return conversation


async def _entered(database: Database, conversation: UUID, seconds: float) -> None:
    async with transaction(database) as session:
        now = await db.time_of(session)
        await session.execute(
            update(QueueEntry)
            .where(col(QueueEntry.conversation_id) == conversation)
            .values(entered_at=now - timedelta(seconds=seconds))
        )


async def _heard(database: Database, conversation: UUID, seconds: float) -> None:
    async with transaction(database) as session:
        await presence.renew_parents(session, heard={conversation: seconds})


async def _status(database: Database, conversation: UUID) -> str | None:
    async with reading(database) as session:
        status: str | None = await session.scalar(
            select(col(Conversation.status)).where(col(Conversation.id) == conversation)
        )
        return status


async def _next(database: Database) -> UUID | None:
    async with reading(database) as session:
        decision = await decide(session, clock.now())
        return decision.parent.conversation if decision else None


async def test_whoever_is_heard_keeps_waiting(database: Database, settings: Settings) -> None:
    conversation = await _wait(database, settings, seconds=GONE + 60)
    await _heard(database, conversation, AWAY - 5)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    await on_duty(database, CARYS)
    assert await _next(database) == conversation


async def test_who_had_left_under_an_earlier_coach_and_is_heard_again_is_offered(
    database: Database, settings: Settings
) -> None:
    conversation = await _wait(database, settings, seconds=10)
    async with transaction(database) as session:
        long_ago = await db.time_of(session) - timedelta(seconds=600)
        session.add(ParentLease(conversation_id=conversation, seen_at=long_ago, away_at=long_ago))
    await on_duty(database, CARYS)
    assert await _next(database) is None, "they may not be there"
    await _heard(database, conversation, 1)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _next(database) == conversation


async def test_who_had_left_under_an_earlier_coach_is_let_go_in_the_end(
    database: Database, settings: Settings
) -> None:
    conversation = await _wait(database, settings, seconds=GONE + 60)
    async with transaction(database) as session:
        long_ago = await db.time_of(session) - timedelta(seconds=GONE + 600)
        session.add(ParentLease(conversation_id=conversation, seen_at=long_ago, away_at=long_ago))
    for _ in range(2):  # away, then gone
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, conversation) == "abandoned"


async def test_whoever_last_wrote_of_a_risk_is_not_let_go(database: Database, settings: Settings) -> None:
    at_risk, quiet = [await _wait(database, settings, seconds=GONE + 60) for _ in range(2)]
    async with writing(database, settings) as writer:
        await say(
            writer, await parents(database, at_risk), "I have taken all the tablets. I want to die tonight."
        )
    for _ in range(2):  # away, then gone
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, quiet) == "abandoned"
    assert await _status(database, at_risk) == "waiting"
    await on_duty(database, CARYS)
    assert await _next(database) == at_risk


async def test_nobody_is_sent_to_a_parent_who_has_left_and_their_place_is_held(
    database: Database, settings: Settings
) -> None:
    first = await _wait(database, settings, seconds=AWAY + 5)
    second = await _wait(database, settings, seconds=10)
    await on_duty(database, CARYS)
    async with transaction(database) as session:
        assert await assign(session, clock.now()) is not None
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _next(database) == second, "the offer has ended, and the next parent has their turn"
    dewi = await on_duty(database, DEWI)
    async with transaction(database) as session:
        taken = await queue.claim_next(session, staff_id=dewi.id)
    assert taken.conversation_id == second
    await _heard(database, first, 0)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _next(database) == first, "who is back has their old place"


async def test_whoever_does_not_come_back_is_let_go_kindly(database: Database, settings: Settings) -> None:
    gone = await _wait(database, settings, seconds=GONE + 5)
    for _ in range(2):  # noted as away, then let go
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, gone) == "abandoned"
    async with reading(database) as session:
        last = await session.scalar(
            select(LogEntry).where(col(LogEntry.stream) == "conv").order_by(col(LogEntry.seq).desc()).limit(1)
        )
    assert last is not None
    assert (last.kind, last.data) == ("conversation.abandoned", {"by": "absence"})


async def test_a_parent_away_for_a_shorter_time_is_not_let_go(database: Database, settings: Settings) -> None:
    away = await _wait(database, settings, seconds=GONE - 60)
    for _ in range(2):
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, away) == "waiting"
    async with reading(database) as session:
        lease = await session.get(ParentLease, away)
    assert lease is not None
    assert lease.away_at is not None


async def test_whoever_may_be_at_risk_is_never_let_go(database: Database, settings: Settings) -> None:
    early, late = [await _wait(database, settings, seconds=GONE + 5) for _ in range(2)]
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=early)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=late)  # noted as away already
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert [await _status(database, each) for each in (early, late)] == ["waiting", "waiting"]
    carys = await on_duty(database, CARYS)
    assert await _next(database) in (early, late)
    await claim(database, carys, late)
    assert await _status(database, late) == "open"


async def test_whoever_left_a_message_is_not_expected(database: Database, settings: Settings) -> None:
    conversation = (await enter(database, settings)).conversation_id
    place = await parents(database, conversation)
    async with writing(database, settings) as writer:
        await say(writer, place, "He will not sleep.")
    async with transaction(database) as session:
        await leave_message(session, place=place)
    await _entered(database, conversation, GONE + 5)
    for _ in range(2):
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, conversation) == "waiting"
    await on_duty(database, CARYS)
    assert await _next(database) == conversation
