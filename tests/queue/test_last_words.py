"""Whatever closes a conversation first reads its last words: no concern is raised behind a closed one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.chat.models import Conversation, LogEntry
from app.db import Database, reading, transaction
from app.errors import AppError
from app.queue import closing
from app.queue.models import Assignment
from app.queue.stranded import bounds_of, sweep
from app.queue.watch import Watch
from app.safeguarding import queries
from app.safeguarding.actions import step_concern
from app.safeguarding.models import Concern
from app.safeguarding.rules import ConcernState
from app.safeguarding.unread import EACH
from app.sealing import KeyRing
from app.settings import Settings, Timers
from tests.cast import CARYS, ESTHER, hire, open_session
from tests.scenes import claim, coachs, decided_with, end, enter, on_duty, parents, say, wrap_up, writing
from tests.talk import pass_for, running, talking

RISKY = "my son says he wants to kill himself"
QUIET = "thank you, we will try the reading chart tonight"


@dataclass(frozen=True)
class Talked:
    """A conversation that a way closes; its coach, where it has one."""

    conversation: UUID
    coach: Staff | None


Way = Callable[[Database, Settings, Talked], Awaitable[None]]


async def _wrapped_up(database: Database, settings: Settings, talked: Talked) -> None:
    assert talked.coach is not None
    place = await coachs(database, talked.coach, talked.conversation)
    await end(database, settings, place)
    await wrap_up(database, settings, place)


async def _closed_by_time(database: Database, settings: Settings, talked: Talked) -> None:
    await end(database, settings, await parents(database, talked.conversation))
    async with transaction(database) as session:
        await closing.close_unwrapped(
            session, KeyRing(settings.key_ring), conversation_id=talked.conversation
        )


async def _swept(database: Database, settings: Settings, talked: Talked) -> None:
    await end(database, settings, await parents(database, talked.conversation))
    async with transaction(database) as session:
        await session.execute(update(Conversation).values(ended_at=clock.now() - timedelta(days=1)))
    await sweep(database, KeyRing(settings.key_ring), bounds_of(Timers()))


async def _left(database: Database, settings: Settings, talked: Talked) -> None:
    await end(database, settings, await parents(database, talked.conversation))


async def _expired(database: Database, settings: Settings, _: Talked) -> None:
    async with transaction(database) as session:
        await closing.expire(
            session, KeyRing(settings.key_ring), before=clock.now(), messages_before=clock.now()
        )


WITH_A_COACH: list[Way] = [_wrapped_up, _closed_by_time, _swept]
WAITING: list[Way] = [_left, _expired]
WAYS = WITH_A_COACH + WAITING


async def _unread(database: Database, settings: Settings, way: Way, *texts: str) -> Talked:
    """A conversation that this way closes, and whose texts nobody has read for signs of a risk."""
    conversation, coach = (await enter(database, settings)).conversation_id, None
    if way in WITH_A_COACH:
        coach = await on_duty(database, CARYS)
        await claim(database, coach, conversation)
    async with writing(database, settings) as writer:
        place = await parents(database, conversation)
        for text in texts:
            await say(writer, place, text)
    return Talked(conversation, coach)


async def _passed_over(database: Database) -> list[UUID]:
    """The check: conversations that have ended for good with nobody told of what they said."""
    async with reading(database) as session:
        return list(
            await session.scalars(
                select(col(Conversation.id))
                .outerjoin(Concern, col(Concern.conversation_id) == col(Conversation.id))
                .where(col(Conversation.status).in_(("closed", "abandoned")), col(Concern.id).is_(None))
            )
        )


@pytest.mark.parametrize("way", WAYS)
async def test_no_way_passes_the_last_words_over(database: Database, settings: Settings, way: Way) -> None:
    talked = await _unread(database, settings, way, QUIET, RISKY)
    await way(database, settings, talked)
    assert await _passed_over(database) == []
    async with reading(database) as session:
        status, held = (
            await session.execute(select(col(Conversation.status), col(Conversation.on_hold)))
        ).one()
        assert (status, held) == ("wrap_up" if way in WITH_A_COACH else "abandoned", True)
        (concern,) = await queries.unclosed(session)
        assert concern.category == "suicide_self_harm"
        kinds = list(await session.scalars(select(col(LogEntry.kind)).order_by(col(LogEntry.seq))))
        assert kinds.count("help.shown") == 1, "the parent is shown who can help, before the end"
        if way in WITH_A_COACH:
            assert await session.scalar(select(col(Assignment.high_risk)))


@pytest.mark.parametrize("way", WAYS)
async def test_the_check_catches_a_closing_that_does_not_read(
    database: Database, settings: Settings, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(*_: Any, **__: Any) -> bool:
        return False

    monkeypatch.setattr(closing, "read_to_the_end", blind)
    talked = await _unread(database, settings, way, QUIET, RISKY)
    await way(database, settings, talked)
    assert await _passed_over(database) == [talked.conversation]


@pytest.mark.parametrize("way", WAYS)
async def test_quiet_last_words_hold_nothing(database: Database, settings: Settings, way: Way) -> None:
    talked = await _unread(database, settings, way, *[QUIET] * (EACH + 2))
    await way(database, settings, talked)
    async with reading(database) as session:
        status, read, held = (
            await session.execute(
                select(col(Conversation.status), col(Conversation.risk_read_up_to), col(Conversation.on_hold))
            )
        ).one()
    assert (status, held) == ("closed" if way in WITH_A_COACH else "abandoned", False)
    assert read > EACH, "all was read, however much there was"


async def test_however_much_is_unread_the_last_word_counts(database: Database, settings: Settings) -> None:
    talked = await _unread(database, settings, _left, *[QUIET] * (2 * EACH), RISKY)
    await _left(database, settings, talked)
    assert await _passed_over(database) == []


async def test_the_watch_and_a_closing_at_once_raise_one_concern(
    database: Database, settings: Settings
) -> None:
    carys = await on_duty(database, CARYS)
    watch = Watch(database, KeyRing(settings.key_ring))
    for _ in range(6):
        conversation = (await enter(database, settings)).conversation_id
        await claim(database, carys, conversation)
        parent, coach = await parents(database, conversation), await coachs(database, carys, conversation)
        async with writing(database, settings) as writer:
            await say(writer, parent, QUIET)
            await say(writer, parent, RISKY)
        await end(database, settings, parent)
        await watch.find(before=clock.now())
        outcomes = await asyncio.gather(
            wrap_up(database, settings, coach), watch.read(), return_exceptions=True
        )
        assert outcomes[0] is False or isinstance(outcomes[0], AppError), outcomes
        assert outcomes[1] is None, outcomes
        async with reading(database) as session:
            raised = await queries.of_conversation(session, conversation_id=conversation)
        assert len(raised) == 1
        await _work_through(database, settings, raised[0])
        assert await wrap_up(database, settings, coach)
    assert await _passed_over(database) == []


async def test_the_coach_is_told_why_and_closes_it_once_the_concern_is_worked_through(
    database: Database, settings: Settings
) -> None:
    talked = await _unread(database, settings, _wrapped_up, RISKY)
    assert talked.coach is not None
    await end(database, settings, await parents(database, talked.conversation))
    carys = await open_session(database, talked.coach)
    async with running(settings) as app, talking(app, await pass_for(app, carys)) as talk:
        wrap = {
            "conversation": str(talked.conversation),
            "topics": ["sleep"],
            "disposition": "advice-given",
            "barriers": [],
            "service_gaps": [],
        }
        refused = await talk.ask("wrap_up.submit", **wrap)
        assert refused["t"] == "err"
        assert "concern" in refused["d"]["message"]
        await talk.until(lambda frame: frame.get("k") == "concern.raised")
        async with reading(database) as session:
            (concern,) = await queries.of_conversation(session, conversation_id=talked.conversation)
        await _work_through(database, settings, concern)
        assert (await talk.ask("wrap_up.submit", **wrap))["t"] == "ok"


async def _work_through(database: Database, settings: Settings, concern: Concern) -> None:
    async with reading(database) as session:
        known = await session.scalar(select(Staff).where(col(Staff.email) == ESTHER.email))
        carys = await session.scalar(select(col(Staff.id)).where(col(Staff.email) == CARYS.email))
    assert carys is not None
    esther = known or await hire(database, ESTHER)
    states = list(ConcernState)
    for state in states[states.index(ConcernState(concern.state)) + 1 :]:
        async with transaction(database) as session:
            await step_concern(
                session,
                KeyRing(settings.key_ring),
                concern_id=concern.id,
                staff_id=esther.id,
                by="Esther",
                state=state,
                note="Spoken with the family.",
                decision=decided_with(carys, state),
            )
