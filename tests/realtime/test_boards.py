"""Boards and heartbeats of the running application: what is shown is so, and an outage is survived."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.models import StaffSession
from app.chat.models import Participant
from app.db import reading, transaction
from app.queue.handover import give_back
from app.queue.models import Assignment, Block, QueueEntry
from app.queue.rules import Turn
from app.realtime.heartbeat import check_sessions, store_reads
from app.settings import Settings
from tests.cast import CARYS, ESTHER, Person, SignedIn, open_session
from tests.scenes import claim, coachs, end, enter, on_duty, parents, wrap_up
from tests.talk import Frame, Talk, pass_for, running, talking


def _quick(settings: Settings, **timers: float) -> Settings:
    chosen = settings.timers.model_copy(update={"queue_refresh": 0.01, **timers})
    return settings.model_copy(update={"timers": chosen})


async def _come(app: FastAPI, person: Person) -> SignedIn:
    return await open_session(app.state.database, await on_duty(app.state.database, person))


def _state(stream: str, wanted: object) -> object:
    return lambda f: f["t"] == "state" and f["s"] == stream and wanted(f["d"])  # type: ignore[operator]


def _waiting(frame: Frame) -> list[str]:
    return [entry["conversation"] for entry in frame["waiting"]]


async def test_a_parents_place_moves_up_as_the_others_are_taken(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database = app.state.database
        first, second = await enter(database, settings), await enter(database, settings)
        carys = await on_duty(database, CARYS)
        async with talking(app, second.token) as talk:
            place = await talk.until(lambda f: f.get("k") == "queue.position")
            assert place["d"] == {"position": 2, "expected_s": None}
            await claim(database, carys, first.conversation_id)
            await talk.until(lambda f: f.get("k") == "queue.position" and f["d"]["position"] == 1)


async def test_who_waits_again_is_told_their_place_again(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database = app.state.database
        started = await enter(database, settings)
        carys = await on_duty(database, CARYS)
        async with talking(app, started.token) as talk:
            await talk.until(lambda f: f.get("k") == "queue.position")
            await claim(database, carys, started.conversation_id)
            await app.state.boards.send()
            heard = len(talk.heard)
            async with transaction(database) as session:
                assert await give_back(
                    session, conversation_id=started.conversation_id, staff_id=carys.id, why="lost"
                )
            await app.state.boards.send()
            await talk.until(lambda f: f.get("k") == "queue.position", after=heard)


async def _six_were_taken(app: FastAPI, settings: Settings) -> None:
    """One a minute, so that a wait can be told."""
    database = app.state.database
    carys = await on_duty(database, CARYS)
    for turn in range(6):
        done = await enter(database, settings)
        await claim(database, carys, done.conversation_id)
        place = await parents(database, done.conversation_id)
        await end(database, settings, place)
        await wrap_up(database, settings, await coachs(database, carys, done.conversation_id))
        async with transaction(database) as session:
            await session.execute(
                update(Assignment)
                .where(col(Assignment.conversation_id) == done.conversation_id)
                .values(assigned_at=clock.now() - timedelta(minutes=turn))
            )


async def _told_p50(app: FastAPI, conversation: UUID) -> int | None:
    async with reading(app.state.database) as session:
        found: int | None = await session.scalar(
            select(col(QueueEntry.told_p50)).where(col(QueueEntry.conversation_id) == conversation)
        )
    return found


REFUSE_NOTES = {
    "sqlite": [
        "CREATE TRIGGER refuse BEFORE UPDATE OF told_at ON queue_entry BEGIN SELECT RAISE(ABORT, 'no'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE OF told_at ON queue_entry EXECUTE FUNCTION refuse()",
    ],
}
ALLOW_NOTES = {"sqlite": "DROP TRIGGER refuse", "postgresql": "DROP TRIGGER refuse ON queue_entry"}


async def test_a_board_is_sent_though_what_was_told_cannot_be_written_down_yet(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        await _six_were_taken(app, settings)
        engine = app.state.database.engine
        async with transaction(app.state.database) as session:
            for statement in REFUSE_NOTES[engine.dialect.name]:
                await session.execute(text(statement))
        started = await enter(app.state.database, settings)
        async with talking(app, started.token) as talk:
            told = await talk.until(lambda f: f.get("k") == "queue.position")
            first = told["d"]["expected_s"]["p50"]
            await app.state.boards.send()
            assert await _told_p50(app, started.conversation_id) is None
            ahead = (await enter(app.state.database, settings)).conversation_id
            async with transaction(app.state.database) as session:
                await session.execute(
                    update(QueueEntry)
                    .where(col(QueueEntry.conversation_id) == ahead)
                    .values(turn=Turn.HIGH_RISK)
                )
                await session.execute(text(ALLOW_NOTES[engine.dialect.name]))
            await app.state.boards.send()
            assert await _told_p50(app, started.conversation_id) == first
            later = await talk.until(lambda f: f.get("k") == "queue.position" and f["d"]["position"] == 2)
            assert later["d"]["expected_s"]["p50"] > first, "so what was told first is what was kept"


async def test_an_expected_wait_is_told_once_enough_is_known(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database = app.state.database
        await _six_were_taken(app, settings)
        started = await enter(database, settings)
        async with talking(app, started.token) as talk:
            place_told = await talk.until(lambda f: f.get("k") == "queue.position")
            assert place_told["d"]["position"] == 1
            assert 50 <= place_told["d"]["expected_s"]["p50"] <= place_told["d"]["expected_s"]["p80"] <= 70
            await app.state.boards.send()
            kept = await _told_p50(app, started.conversation_id)
            assert kept == place_told["d"]["expected_s"]["p50"], "to be measured later"


async def test_staff_see_the_queue_whole_and_supervisors_the_coaches_too(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database = app.state.database
        carys, esther = await _come(app, CARYS), await _come(app, ESTHER)
        started = await enter(database, settings, topic="sleep")
        conversation = str(started.conversation_id)
        async with (
            talking(app, await pass_for(app, carys)) as coach,
            talking(app, await pass_for(app, esther)) as lead,
        ):
            for talk in (coach, lead):
                board = await talk.until(_state("queue", lambda d: _waiting(d) == [conversation]))
                entry = board["d"]["waiting"][0]
                assert (entry["topic"], entry["age_band"], entry["language"], entry["priority"]) == (
                    "sleep",
                    "8-10",
                    "en",
                    0,
                )
                assert ("coaches" in board["d"]) == (talk is lead)
                assert board["d"]["open"] is True
            assert (await coach.ask("queue.claim", conversation=conversation))["t"] == "ok"
            for talk in (coach, lead):
                await talk.until(_state("queue", lambda d: d["waiting"] == []))
            await lead.until(
                _state(
                    "queue", lambda d: any(c["name"] == "Carys Vane" and c["load"] == 1 for c in d["coaches"])
                )
            )
            raised = await coach.ask(
                "concern.raise", conversation=conversation, category="missing_child", note="Since noon"
            )
            concern = raised["d"]["concern"]
            told = await lead.until(_state("me", lambda d: d["concerns"]))
            assert [(c["id"], c["state"]) for c in told["d"]["concerns"]] == [(concern, "raised")]
            assert "Since noon" not in repr(lead.heard), "a board shows no text"
            assert (await lead.ask("concern.step", concern=concern, state="acknowledged"))["t"] == "ok"
            stepped = await coach.until(lambda f: f.get("k") == "concern.stepped")
            assert stepped["d"] == {"concern": concern, "state": "acknowledged", "by": "Esther Quill"}
            assert not any("concerns" in f["d"] for f in coach.heard if f["t"] == "state")


async def test_a_concern_raised_by_a_coach_is_at_high_risk_and_lifts_a_block(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database, carys = app.state.database, await _come(app, CARYS)
        blocked, other = [(await enter(database, settings)).conversation_id for _ in range(2)]
        async with talking(app, await pass_for(app, carys)) as coach:
            for each in (blocked, other):
                assert (await coach.ask("queue.claim", conversation=str(each)))["t"] == "ok"
            warned = {"conversation": str(blocked)}
            assert (await coach.ask("conversation.warn", **warned))["t"] == "ok"
            assert (await coach.ask("conversation.block", **warned, reason="prank"))["t"] == "ok"
            async with reading(database) as session:
                block = (await session.scalars(select(Block))).one()
                held = await _at_high_risk(session)
            assert block.until > clock.now()
            assert held == set()
            raised = await coach.ask("concern.raise", **warned, category="abuse_neglect", note="He cried")
            assert raised["t"] == "ok"
        async with reading(database) as session:
            block = (await session.scalars(select(Block))).one()
            held = await _at_high_risk(session)
        assert block.until <= clock.now()
        assert held == {blocked}


async def _at_high_risk(session: AsyncSession) -> set[UUID]:
    held = select(col(Assignment.conversation_id)).where(col(Assignment.high_risk))
    return set(await session.scalars(held))


async def test_what_has_not_changed_is_not_sent_again(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        carys = await _come(app, CARYS)
        async with talking(app, await pass_for(app, carys)) as talk:
            await talk.until(_state("me", lambda _: True))
            for _ in range(3):
                await app.state.boards.send()
            states = [(f["s"], f["version"]) for f in talk.heard if f["t"] == "state"]
            assert states == [("queue", 1), ("me", 1)]


async def test_the_queue_is_shown_again_after_the_database_was_away(settings: Settings) -> None:
    async with running(_quick(settings)) as app:
        database, carys = app.state.database, await _come(app, CARYS)
        async with talking(app, await pass_for(app, carys)) as talk:
            await talk.until(_state("queue", lambda d: d["waiting"] == []))
            async with transaction(database) as session:
                await session.execute(text("ALTER TABLE shift RENAME TO away"))
            app.state.boards.mark()
            started = await enter(database, settings)
            async with transaction(database) as session:
                await session.execute(text("ALTER TABLE away RENAME TO shift"))
            await talk.until(_state("queue", lambda d: _waiting(d) == [str(started.conversation_id)]))


async def _read_up_to(app: FastAPI, conversation: UUID) -> int:
    async with reading(app.state.database) as session:
        return (
            await session.execute(
                select(col(Participant.read_up_to)).where(
                    col(Participant.conversation_id) == conversation, col(Participant.role) == "parent"
                )
            )
        ).scalar_one()


async def test_what_was_read_is_stored_never_backwards_and_not_lost_to_an_outage(settings: Settings) -> None:
    async with running(_quick(settings, ping=1000)) as app:  # the beat itself sleeps; it is called by hand
        started = await enter(app.state.database, settings)
        stream = f"conv:{started.conversation_id}"
        place = await parents(app.state.database, started.conversation_id)
        async with talking(app, started.token) as talk:
            view = await talk.caught_up(stream, 1)
            for number in range(3):
                await talk.ask(
                    "message.post", s=stream, client_message_id=str(UUID(int=number)), body="Hello"
                )
            for up_to in (3, 2):
                talk.raw({"t": "read", "s": stream, "d": {"up_to": up_to}})
            await talk.ask("sync", s=stream, epoch=view.epoch, seq=1)
            app.state.realtime.reads.setdefault(place.participant.id, 3)
            assert app.state.realtime.reads[place.participant.id] == 3, (
                "a slower window does not take it back"
            )
            async with transaction(app.state.database) as session:
                await session.execute(text("ALTER TABLE participant RENAME TO away"))
            await store_reads(app.state.realtime)
            async with transaction(app.state.database) as session:
                await session.execute(text("ALTER TABLE away RENAME TO participant"))
            await store_reads(app.state.realtime)
            assert await _read_up_to(app, started.conversation_id) == 3


@pytest.mark.parametrize(("active", "code"), [(True, None), (False, 4004)])
async def test_working_keeps_a_session_and_idling_lets_it_run_out(
    settings: Settings, *, active: bool, code: int | None
) -> None:
    """Two hours without use end a session; a coach who chats over the socket alone is using it."""
    async with running(_quick(settings)) as app:
        carys = await _come(app, CARYS)
        talk = Talk(app).open()
        await talk.hello(await pass_for(app, carys))
        before = clock.monotonic()
        with time_machine.travel(clock.now() + timedelta(hours=1, minutes=50), tick=False):
            if active:
                await talk.ask("availability.set", availability="busy")
            await check_sessions(app.state.realtime, since=before if active else clock.monotonic() + 1)
        with time_machine.travel(clock.now() + timedelta(hours=2, minutes=10), tick=False):
            await check_sessions(app.state.realtime, since=clock.monotonic() + 1)
        if code is None:
            assert (await talk.ask("availability.set", availability="available"))["t"] == "ok"
        else:
            assert await talk.close_code() == code
        await talk.leave()
        async with reading(app.state.database) as session:
            assert (await session.execute(select(StaffSession))).scalar_one()
            assert (await session.execute(select(QueueEntry))).all() == []


async def test_no_background_task_ends_by_itself(settings: Settings) -> None:
    async with running(_quick(settings, ping=0.05, pong=30)) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token) as talk:
            for number in range(1, 4):
                await talk.until(
                    lambda f, n=number: f["t"] == "ping" and sum(x["t"] == "ping" for x in talk.heard) >= n
                )
                talk.raw({"t": "pong"})
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks() if task.get_coro()]  # type: ignore[union-attr]
        assert {"Writer.run", "Boards.run", "beat"} <= set(names)


async def test_a_verb_that_meets_an_absent_database_sends_its_client_away_to_come_back(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(settings) as app:
        carys = await _come(app, CARYS)
        started = await enter(app.state.database, settings)
        talk = Talk(app).open()
        await talk.hello(await pass_for(app, carys))
        conversation = str(started.conversation_id)
        assert (await talk.ask("queue.claim", conversation=conversation))["t"] == "ok"
        async with transaction(app.state.database) as session:
            await session.execute(text("ALTER TABLE concern_step RENAME TO away"))
        data = {"conversation": conversation, "category": "missing_child", "note": "zebraQuartz"}
        talk.raw({"t": "concern.raise", "id": "1", "d": data})
        assert await talk.close_code() == 4006
        await talk.leave()
        printed = "".join(capfd.readouterr())
        assert "socket.failed" in printed
        assert "zebraQuartz" not in printed
        async with transaction(app.state.database) as session:
            await session.execute(text("ALTER TABLE away RENAME TO concern_step"))
        async with talking(app, await pass_for(app, carys)) as again:
            assert (await again.ask("concern.raise", **data))["t"] == "ok"
