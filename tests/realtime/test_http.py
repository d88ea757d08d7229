"""The wire without a socket: what only HTTP has, and what must be as with a socket all the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app import clock
from app.accounts.actions import revoke_parent_tokens, sign_out
from app.accounts.models import StaffSession
from app.accounts.rules import SEEN_EVERY
from app.db import Database, reading, transaction
from app.events import CoachAssigned, LogAppended
from app.realtime.frames import Cursor
from app.settings import Settings
from tests.cast import CARYS, DEWI, browser_of, open_session
from tests.provision.server import LiveServer
from tests.scenes import PATIENCE_S, claim, enter, on_duty, parents, say
from tests.talk import Frame, Talk, pass_for, running, talking, until
from tests.talk_http import PollTalk, StreamTalk, parent_of

HTTP = pytest.mark.parametrize("way", [StreamTalk, PollTalk], ids=["stream", "polls"])
QUICK = {"ping": 0.2, "pong": 20}


def _with_timers(settings: Settings, **timers: float) -> Settings:
    return settings.model_copy(update={"timers": settings.timers.model_copy(update=timers)})


@HTTP
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_sites_page_hears_and_says_nothing(
    settings: Settings, way: type[StreamTalk], origin: str
) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        async with browser_of(app, alys) as browser:
            headers = {"Origin": origin}
            answers = [
                await browser.get(f"{way.path}?conn={uuid4()}", headers=headers),
                await browser.post("/rt/v1/frames", json={"t": "pong"}, headers=headers),
            ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert not app.state.hub.connections


@asynccontextmanager
async def _chat(
    settings: Settings, way: type[StreamTalk]
) -> AsyncIterator[tuple[FastAPI, StreamTalk, Talk, str]]:
    """Alys without a socket, and Carys, who holds her conversation, with one."""
    async with running(settings) as app:
        database = app.state.database
        started, carys = await enter(database, settings), await on_duty(database, CARYS)
        await claim(database, carys, started.conversation_id)
        token = await pass_for(app, await open_session(database, carys))
        async with talking(app, token) as coach, talking(app, started.token, by=way) as parent:
            assert isinstance(parent, way)
            yield app, parent, coach, f"conv:{started.conversation_id}"


@HTTP
async def test_a_tab_that_comes_back_goes_on_where_it_was(settings: Settings, way: type[StreamTalk]) -> None:
    """It is welcomed once, and the coach is not told each time that the parent left and came."""
    async with _chat(_with_timers(settings, **QUICK), way) as (app, parent, coach, name):
        await parent.caught_up(name, 2)
        await coach.until(lambda f: f.get("k") == "presence" and f["d"]["here"])
        heard = len(coach.heard)
        visits = parent.visits
        for turn in range(3):
            while parent.visits < visits + 2 * (turn + 1):
                await parent.until(lambda f: f["t"] == "ping", after=len(parent.heard))
            data = {"client_message_id": str(uuid4()), "body": f"Turn {turn}"}
            await coach.ask("message.post", s=name, **data)
            await parent.caught_up(name, 3 + turn)
        assert len(app.state.hub.of_parents()) == 1
        assert [f["t"] for f in parent.heard].count("welcome") == 1
        assert not any(f.get("k") == "presence" for f in coach.heard[heard:])


@HTTP
async def test_who_does_not_come_back_is_gone_after_the_time_for_a_pong(
    settings: Settings, way: type[StreamTalk]
) -> None:
    async with running(_with_timers(settings, ping=0.2, pong=0.4)) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token, by=way) as parent:
            parent.rested.clear()
            (visit,) = app.state.realtime.visits.values()
            await asyncio.wait_for(visit.keeper, PATIENCE_S)
            assert visit.connection.outbound.closing == 4001
            assert not app.state.hub.of_parents()
            assert not app.state.realtime.visits


@HTTP
async def test_who_leaves_is_gone_at_once(settings: Settings, way: type[StreamTalk]) -> None:
    async with _chat(settings, way) as (app, parent, coach, name):
        await parent.caught_up(name, 2)
        await until(lambda: _somebody_reads(app))  # between two polls nobody can leave
        await parent.leave()
        await coach.until(lambda f: f.get("k") == "presence" and not f["d"]["here"])
        assert not app.state.realtime.visits


@HTTP
async def test_who_leaves_while_it_opens_leaves_nothing_at_work(
    settings: Settings, way: type[StreamTalk]
) -> None:
    """What is still at work holds a connection of the database, which would be lost as the server ends."""
    async with running(settings) as app:
        started = await enter(app.state.database, app.state.settings)
        talk = way(app)
        greeting = asyncio.create_task(talk.open().hello(started.token))
        async with asyncio.timeout(PATIENCE_S):
            while not app.state.realtime.visits:  # noqa: ASYNC110 (soon it has opened)
                await asyncio.sleep(0)
        (visit,) = app.state.realtime.visits.values()
        assert not visit.opening.done()
        await talk.leave()
        assert visit.opening.done()
        greeting.cancel()


@HTTP
async def test_a_lost_hint_costs_no_more_than_a_ping(settings: Settings, way: type[StreamTalk]) -> None:
    async with running(_with_timers(settings, **QUICK)) as app:
        started = await enter(app.state.database, settings)
        name = f"conv:{started.conversation_id}"
        handlers = app.state.database.bus._handlers[LogAppended]
        honest = handlers[0]
        handlers[0] = lambda event: honest(event) if event.seq != 3 else None
        async with talking(app, started.token, by=way) as talk:
            await talk.caught_up(name, 1)
            place = await parents(app.state.database, started.conversation_id)
            for turn in range(3):
                await say(app.state.writer, place, f"Message {turn}")
            view = await talk.caught_up(name, 4)
            assert [event["seq"] for event in view.events] == [1, 2, 3, 4]


@HTTP
async def test_what_piles_up_while_a_tab_is_away_is_bounded_and_it_comes_back_whole(
    settings: Settings, way: type[StreamTalk]
) -> None:
    few = settings.limits.model_copy(update={"outbound_frames": 5})
    quick = _with_timers(settings, ping=0.2, pong=30).model_copy(update={"limits": few})
    async with running(quick) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token, by=way) as talk:
            await talk.caught_up(f"conv:{started.conversation_id}", 1)
            talk.rested.clear()
            await until(lambda: talk.rests)
            (visit,) = app.state.realtime.visits.values()
            place = await parents(app.state.database, started.conversation_id)
            for turn in range(10):
                await say(app.state.writer, place, f"Message {turn}")
            assert visit.connection.outbound.closing == 4002
            talk.rested.set()
            view = await talk.caught_up(f"conv:{started.conversation_id}", 11)
            assert [event["seq"] for event in view.events] == list(range(1, 12))


@HTTP
async def test_a_former_coach_is_shown_nothing_that_was_kept_for_them(
    settings: Settings, way: type[StreamTalk]
) -> None:
    """It is with another coach before Carys' tab comes back: neither old nor new words reach it."""
    async with running(_with_timers(settings, ping=0.2, pong=30)) as app:
        database = app.state.database
        started, carys = await enter(database, settings), await on_duty(database, CARYS)
        dewi = await on_duty(database, DEWI)
        await claim(database, carys, started.conversation_id)
        name = f"conv:{started.conversation_id}"
        who = await open_session(database, carys)
        async with talking(app, await pass_for(app, who), by=way) as coach:
            await coach.caught_up(name, 2)
            await coach.until(lambda f: f["t"] == "state" and f["s"] == "me")
            coach.rested.clear()
            await until(lambda: coach.rests)
            place = await parents(database, started.conversation_id)
            await say(app.state.writer, place, "oldCanary")
            app.state.hub.assigned(
                CoachAssigned(conversation=started.conversation_id, staff=dewi.id, generation=2)
            )
            before = len(coach.heard)
            coach.rested.set()
            await coach.until(lambda f: f["t"] == "ping", after=before)
            assert "oldCanary" not in json.dumps(coach.heard[before:])


def _somebody_reads(app: FastAPI) -> bool:
    return any(visit.reading for visit in app.state.realtime.visits.values())


@HTTP
async def test_one_too_many_is_refused_with_sockets_counted_too(
    settings: Settings, way: type[StreamTalk]
) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token), talking(app, started.token, by=way) as second:
            async with talking(app, started.token, by=way):
                extra = way(app).open()
                with pytest.raises(AssertionError, match="4504"):
                    await extra.hello(started.token)
                await extra.leave()
            data = {"client_message_id": str(uuid4()), "body": "Hello"}
            assert (await second.ask("message.post", s=f"conv:{started.conversation_id}", **data))[
                "t"
            ] == "ok"


@HTTP
async def test_ended_sessions_and_revoked_tokens_end_their_streams(
    settings: Settings, way: type[StreamTalk]
) -> None:
    async with running(settings) as app:
        database: Database = app.state.database
        started = await enter(database, settings)
        carys = await open_session(database, await on_duty(database, CARYS))
        async with (
            talking(app, started.token, by=way) as parent,
            talking(app, await pass_for(app, carys), by=way) as coach,
        ):
            async with transaction(database) as session:
                await revoke_parent_tokens(session, conversation_id=started.conversation_id, actor="operator")
                await sign_out(session, viewer=carys.viewer)
            assert await parent.close_code() == 4501
            assert await coach.close_code() == 4501


@HTTP
async def test_a_server_that_leaves_sends_its_streams_away(settings: Settings, way: type[StreamTalk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token, by=way) as talk:
            await talk.caught_up(f"conv:{started.conversation_id}", 1)
            await until(lambda: _somebody_reads(app))
            await app.state.hub.leave()
            assert await talk.close_code() == 4000
            assert talk.reason == "retry_ms=0"


@HTTP
async def test_a_page_that_only_listens_keeps_nobody_signed_in(
    settings: Settings, way: type[StreamTalk]
) -> None:
    async with running(_with_timers(settings, **QUICK)) as app:
        database = app.state.database
        carys = await open_session(database, await on_duty(database, CARYS))
        long_ago = clock.now() - 2 * SEEN_EVERY
        async with transaction(database) as session:
            (await session.get_one(StaffSession, carys.viewer.session_id)).seen_at = long_ago

        async def seen() -> object:
            async with reading(database) as session:
                return await session.scalar(select(col(StaffSession.seen_at)))

        async with talking(app, await pass_for(app, carys), by=way) as coach:
            await coach.until(lambda f: f["t"] == "ping")
            await coach.until(lambda f: f["t"] == "ping", after=len(coach.heard))
            assert await seen() == long_ago
            await coach.ask("availability.set", availability="on_break")
            assert await seen() != long_ago


@HTTP
async def test_any_worker_will_do(settings: Settings, way: type[StreamTalk]) -> None:
    """Each request goes to the other of two workers: what is said is stored, and heard by the next ping."""
    quick = _with_timers(settings, **QUICK)
    async with running(quick) as one, running(quick) as two:
        started = await enter(one.state.database, settings)
        name = f"conv:{started.conversation_id}"

        async def balance(scope: Frame, receive: object, send: object) -> None:
            workers.reverse()
            await workers[0](scope, receive, send)  # type: ignore[arg-type]

        workers = [one, two]
        talk = way(one).open()
        talk.through = balance
        await talk.hello(started.token)
        for turn in range(6):
            data = {"client_message_id": str(uuid4()), "body": f"Turn {turn}"}
            assert (await talk.ask("message.post", s=name, **data))["t"] == "ok"
        view = await talk.caught_up(name, 7)
        assert [event["d"].get("body") for event in view.events][1:] == [f"Turn {turn}" for turn in range(6)]
        await talk.leave()


async def test_events_as_a_server_sends_them(live_server: LiveServer, database: Database) -> None:
    """On a real server: not held back, numbered by cursors, and gone with its reader."""
    started = await enter(database, live_server.settings)
    name, hub = f"conv:{started.conversation_id}", live_server.app.state.hub
    headers = {"Authorization": f"Bearer {started.token}"}
    async with httpx.AsyncClient(base_url=live_server.url, headers=headers, timeout=PATIENCE_S) as client:
        async with client.stream("GET", "/rt/v1/stream", params={"conn": str(uuid4())}) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert "content-length" not in response.headers
            assert response.headers["cache-control"] == "no-store, no-transform"
            lines = response.aiter_lines()
            seen: dict[str, Frame] = {}
            places: dict[str, dict[str, Cursor]] = {}
            async for line in lines:
                if line.startswith("id: "):
                    places |= json.loads(line.removeprefix("id: "))
                if line.startswith("data: "):
                    frame = json.loads(line.removeprefix("data: "))
                    seen[frame["t"]] = frame
                if "snapshot" in seen:
                    break
            assert seen["welcome"]["d"]["role"] == "parent"
            assert places == {name: {"epoch": seen["snapshot"]["epoch"], "seq": 1}}
            said = {"s": name, "body": "Hello"}
            key = {"Idempotency-Key": str(uuid4())}
            assert (await client.post("/rt/v1/messages", json=said, headers=key)).status_code == 201
            while "ev" not in seen:
                line = await anext(lines)
                if line.startswith("data: "):
                    frame = json.loads(line.removeprefix("data: "))
                    seen[frame["t"]] = frame
            assert seen["ev"]["d"]["body"] == "Hello"
            assert len(hub.connections) == 1
        async with asyncio.timeout(PATIENCE_S):
            while hub.connections:
                await client.get("/healthz")
