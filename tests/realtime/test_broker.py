"""Two workers on one PostgreSQL and one Redis: what one writes the other's people see, once and in order."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.accounts.actions import revoke_parent_tokens, sign_out
from app.db import Database, transaction
from app.realtime import broker, envelopes, look
from app.realtime.envelopes import Pushed
from app.realtime.heartbeat import check_sessions, check_tokens
from app.realtime.link import Wire, connect, parse_address
from app.settings import Settings
from tests.cast import browser_of
from tests.provision.redis import RedisServer
from tests.realtime.conftest import BEAT_S, joined, two_workers
from tests.realtime.scene import scene_on
from tests.scenes import coachs
from tests.talk import Talk, talking, until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
CANARY = "zebraQuartz"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One machine plays everybody."""
    generous = {"parent_messages_per_minute": 10_000, "staff_messages_per_minute": 10_000}
    return settings.model_copy(update={"limits": settings.limits.model_copy(update=generous)})


def _bodies(talk: Talk, stream: str) -> list[str]:
    return [event["d"]["body"] for event in talk.views[stream].events if event["k"] == "message.posted"]


def _seen(talk: Talk, text: str) -> bool:
    return any(text in json.dumps(frame) for frame in talk.heard)


async def test_a_conversation_crosses_the_workers_both_ways(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        said = []
        for number in range(20):
            who = scene.alys if number % 2 else scene.carys
            said.append(f"message {number}")
            assert (await scene.say(who, said[-1]))["t"] == "ok"
        for talk in (scene.alys, scene.carys):
            await talk.caught_up(scene.stream, 22)
            assert _bodies(talk, scene.stream) == said
            assert not any(view.asked for view in talk.views.values())
        assert not _seen(scene.dewi, "message")


async def test_both_may_write_at_once_and_see_the_same(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        said = [scene.say(who, f"at once {n}") for n in range(50) for who in (scene.alys, scene.carys)]
        assert {answer["t"] for answer in await asyncio.gather(*said)} == {"ok"}
        views = [await talk.caught_up(scene.stream, 102) for talk in (scene.alys, scene.carys)]
        assert [event["seq"] for event in views[0].events] == list(range(1, 103))
        assert views[0].events[2:] == views[1].events[2:]


async def test_what_is_fleeting_crosses_too(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:

        def told(kind: str, **data: object) -> object:
            return lambda f: f["t"] == "eph" and f["k"] == kind and f["d"] == data

        await scene.alys.until(told("presence", **{"from": "coach", "here": True}))
        await scene.carys.until(told("presence", **{"from": "parent", "here": True}))
        scene.alys.raw({"t": "typing", "s": scene.stream})
        await scene.carys.until(told("typing", **{"from": "parent"}))
        scene.carys.raw({"t": "read", "s": scene.stream, "d": {"up_to": 2}})
        await scene.alys.until(told("read", **{"from": "coach", "up_to": 2}))
        assert not [f for f in scene.alys.heard if f["t"] == "eph" and f["k"] == "typing"]
        async with talking(scene.workers.two, scene.token) as second:  # a second tab, at the coach's worker
            await second.until(told("presence", **{"from": "coach", "here": True}))
            await scene.alys.leave()
            scene.carys.raw({"t": "typing", "s": scene.stream})
            await second.until(told("typing", **{"from": "coach"}))
            assert not [f for f in scene.carys.heard if f["t"] == "eph" and f["d"].get("here") is False]
        await scene.carys.until(told("presence", **{"from": "parent", "here": False}))


async def test_each_message_crosses_the_broker_once_and_in_one_publish(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    pushed: Counter[tuple[str, int]] = Counter()

    def count(payload: bytes) -> None:
        for item in envelopes.unpack(payload).items:
            if isinstance(item, Pushed):
                pushed[item.stream, item.seq] += 1

    async with scene_on(settings, database, shared_redis) as scene:
        brokers = [app.state.broker for app in (scene.workers.one, scene.workers.two)]
        ear = await connect(parse_address(shared_redis.url), count)
        ear.subscribe(*(broker._channel(who.worker) for broker in brokers for who in brokers))
        await ear.ask(b"PING")
        number, before, began = 200, await _publishes(ear), monotonic()
        for n in range(number):
            assert (await scene.say(scene.alys, f"crossing {n}"))["t"] == "ok"
        await scene.carys.caught_up(scene.stream, number + 2)
        published, took = await _publishes(ear) - before, monotonic() - began
        ear.abort()
    assert pushed == {(scene.stream, seq): 1 for seq in range(3, number + 3)}
    beats = 2 * (took / BEAT_S + 2)
    assert number <= published <= number + beats


async def _publishes(wire: Wire) -> int:
    """How many PUBLISH the server has carried out."""
    stats = (await wire.ask(b"INFO", b"commandstats")).decode()
    return int(stats.partition("cmdstat_publish:calls=")[2].partition(",")[0])


async def test_nothing_is_published_for_people_at_one_worker(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    heard: list[bytes] = []
    async with scene_on(settings, database, shared_redis) as scene:
        await scene.carys.leave()
        await until(lambda: not scene.workers.one.state.broker.holders(scene.stream))
        broker = scene.workers.one.state.broker
        ear = await connect(parse_address(shared_redis.url), heard.append)
        ear.subscribe(broker._channel(scene.workers.two.state.broker.worker), broker._channel("all"))
        await ear.ask(b"PING")
        await scene.say(scene.alys, CANARY)
        await until(lambda: len(heard) > 4)  # beats
        ear.abort()
    assert not [payload for payload in heard if CANARY.encode() in payload]


async def test_a_former_owner_is_shown_nothing_more(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        await scene.hand_over(scene.workers.one.state.database)
        await scene.dewi.caught_up(scene.stream, 3)
        await scene.say(scene.alys, CANARY)
        await scene.dewi.caught_up(scene.stream, 4)
        await until(lambda: not scene.workers.one.state.broker.holders(scene.stream))
        assert not _seen(scene.carys, CANARY)
        assert (await scene.say(scene.carys, "still there?"))["d"]["code"] == "not_assignee"


async def test_who_left_while_the_broker_was_away_is_told_when_it_is_back(
    settings: Settings, database: Database, redis: RedisServer
) -> None:
    async with scene_on(settings, database, redis) as scene:
        two = scene.workers.two.state

        def gone(frame: dict[str, Any]) -> bool:
            told = {"from": "parent", "here": False}
            return bool(frame["t"] == "eph" and frame["k"] == "presence" and frame["d"] == told)

        await scene.alys.leave()
        await scene.carys.until(gone)
        async with talking(scene.workers.two, scene.token) as tab:
            await tab.caught_up(scene.stream, 2)
            before = len(scene.carys.heard)
            redis.pause()
            await until(lambda: not two.broker.trusted)
        assert not any(gone(frame) for frame in scene.carys.heard[before:]), "nothing is shown meanwhile"
        redis.resume()
        await scene.carys.until(gone, after=before)


@pytest.mark.parametrize("fenced", [True, False], ids=["fenced", "control: the check is off"])
@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_without_the_broker_a_former_owner_is_shown_nothing_either(
    settings: Settings,
    database: Database,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    fenced: bool,
) -> None:
    """Nobody tells Carys's worker that Dewi took over. The control: without the check, she sees it."""
    async with scene_on(settings, database, redis) as scene:
        two = scene.workers.two.state
        async with talking(scene.workers.two, scene.token) as tab:  # so that her own worker commits, too
            redis.kill() if how == "killed" else redis.pause()
            await until(lambda: not two.broker.trusted)
            await scene.hand_over(scene.workers.one.state.database, told=False)
            if not fenced:
                monkeypatch.setattr(two.look, "_settle_ownership", lambda *_: None)
                for connection in two.hub.all_staff():
                    for subscription in connection.subscriptions.values():
                        subscription.generation = 10**6
            await scene.say(scene.alys, f"{CANARY} from one")
            await scene.say(tab, f"{CANARY} from two")
            await scene.dewi.caught_up(scene.stream, 5)
            await tab.caught_up(scene.stream, 5)
            if fenced:
                await until(lambda: not any(c.subscriptions for c in two.hub.all_staff()))
                assert not _seen(scene.carys, CANARY)
            else:
                await scene.carys.until(lambda f: f"{CANARY} from two" in json.dumps(f))
                assert _seen(scene.carys, f"{CANARY} from one")


async def test_a_lost_push_is_made_good_from_the_log(
    settings: Settings, database: Database, shared_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        broker = scene.workers.one.state.broker
        with monkeypatch.context() as patch:
            patch.setattr(broker, "push", lambda *_: None)
            await scene.say(scene.alys, "lost, and nothing follows")
            await scene.carys.caught_up(scene.stream, 3)
            await scene.say(scene.alys, "lost, and overtaken")
        await scene.say(scene.alys, "the next one")
        await scene.carys.caught_up(scene.stream, 5)
        await until(
            lambda: scene.workers.two.state.broker.trusted
        )  # a machine that stood still doubts itself
        assert [event["seq"] for event in scene.carys.views[scene.stream].events] == [1, 2, 3, 4, 5]


async def test_a_lost_assignment_is_made_good_on_both_sides(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        await scene.hand_over(database, told=False)  # as by a process that died before it could tell
        await scene.dewi.caught_up(scene.stream, 3)
        await until(lambda: not any(c.subscriptions for c in scene.workers.two.state.hub.all_staff()))
        await scene.say(scene.alys, CANARY)
        await scene.dewi.caught_up(scene.stream, 4)
        assert not _seen(scene.carys, CANARY)


@pytest.mark.parametrize("how", ["killed", "paused", "flushed"])
async def test_nothing_is_lost_while_redis_is_away_and_it_heals(
    settings: Settings, database: Database, redis: RedisServer, how: str
) -> None:
    async with scene_on(settings, database, redis) as scene:
        brokers = [app.state.broker for app in (scene.workers.one, scene.workers.two)]
        if how == "flushed":
            redis.say("FLUSHALL")
        else:
            redis.kill() if how == "killed" else redis.pause()
        for number in range(3):  # the first one before anybody has noticed
            await scene.say(scene.alys, f"without {number}")
            await scene.carys.caught_up(scene.stream, 3 + 2 * number)
            await scene.say(scene.carys, f"answer {number}")
            await scene.alys.caught_up(scene.stream, 4 + 2 * number)
        assert how == "flushed" or not any(broker.trusted for broker in brokers)
        if how != "flushed":
            redis.start() if how == "killed" else redis.resume()
        await until(lambda: all(broker.trusted for broker in brokers))
        await scene.workers.acquainted()
        await scene.say(scene.alys, "again")
        view = await scene.carys.caught_up(scene.stream, 9)
        assert [event["seq"] for event in view.events] == list(range(1, 10))
        assert len(scene.alys.views[scene.stream].events) == 9


async def test_a_worker_that_loses_trust_reads_the_log_without_waiting_for_the_next_comparison(
    settings: Settings, database: Database, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "CALM", 100_000)
    async with scene_on(settings, database, redis) as scene:
        redis.pause()
        await scene.say(scene.alys, "while Redis stands still")
        await scene.carys.caught_up(scene.stream, 3)
        redis.resume()


async def test_a_worker_whose_peer_falls_silent_reads_the_log_without_waiting_for_the_next_comparison(
    settings: Settings, database: Database, shared_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "CALM", 100_000)
    monkeypatch.setattr(broker, "FORGOTTEN", 100_000)  # on a busy machine writing may take that long
    async with scene_on(settings, database, shared_redis) as scene:
        monkeypatch.setattr(scene.workers.one.state.broker, "_queue", lambda *_: None)
        await scene.say(scene.alys, "written by a worker that tells nobody")
        await scene.carys.caught_up(scene.stream, 3)


async def test_a_worker_that_goes_takes_its_peoples_presence_along(
    settings: Settings, database: Database, redis: RedisServer
) -> None:
    async with scene_on(settings, database, redis) as scene:
        broker = scene.workers.two.state.broker
        await broker.farewell()
        gone = lambda f: f["t"] == "eph" and f["d"] == {"from": "coach", "here": False}  # noqa: E731
        await scene.alys.until(gone)
        await scene.workers.acquainted()  # its connection is made anew
        await scene.alys.until(
            lambda f: f["t"] == "eph" and f["d"] == {"from": "coach", "here": True},
            after=scene.alys.heard.index(next(filter(gone, scene.alys.heard))),
        )


async def test_who_is_shut_out_is_shut_out_at_every_worker(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    async with scene_on(settings, database, shared_redis) as scene:
        one, two = scene.workers.one.state.database, scene.workers.two.state.database
        async with transaction(one) as session:
            await sign_out(session, viewer=scene.signed_in["carys"].viewer)
        assert await scene.carys.close_code() == 4501
        async with transaction(two) as session:
            await revoke_parent_tokens(session, conversation_id=scene.conversation, actor="manager:test")
        assert await scene.alys.close_code() == 4501


async def test_who_is_shut_out_by_another_process_is_so_before_long(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    """As from the command line, which tells no worker; `beat` asks this every four seconds."""
    async with scene_on(settings, database, shared_redis) as scene:
        await check_tokens(scene.workers.one.state.realtime)
        assert scene.alys.closed is None
        async with transaction(database) as session:
            await revoke_parent_tokens(session, conversation_id=scene.conversation, actor="manager:test")
            await sign_out(session, viewer=scene.signed_in["carys"].viewer)
        await check_tokens(scene.workers.one.state.realtime)
        assert await scene.alys.close_code() == 4501
        await check_sessions(scene.workers.two.state.realtime, since=0.0)
        assert await scene.carys.close_code() == 4004


async def test_sockets_and_texts_are_limited_over_all_workers(
    settings: Settings, database: Database, shared_redis: RedisServer
) -> None:
    few = settings.limits.model_copy(update={"parent_messages_per_minute": 6})
    settings = settings.model_copy(update={"limits": few})
    async with scene_on(settings, database, shared_redis) as scene, AsyncExitStack() as stack:
        one, two = scene.workers.one, scene.workers.two
        second = await stack.enter_async_context(talking(two, scene.token))
        await stack.enter_async_context(talking(two, scene.token))
        await scene.workers.acquainted()
        for app in (one, two):
            fourth = Talk(app).open()
            fourth.raw(
                {"t": "hello", "id": "1", "d": {"token": scene.token, "client": "t", "conn": str(uuid4())}}
            )
            assert await fourth.close_code() == 4504
        for n in range(6):
            assert (await scene.say(scene.alys, f"fast {n}"))["t"] == "ok"
        await until(lambda: two.state.realtime.paces.of(scene.conversation, "parent")._left < 2)
        answers = [(await scene.say(second, f"elsewhere {n}"))["t"] for n in range(3)]
        assert "err" in answers


async def test_tries_are_counted_over_all_workers_and_by_each_while_redis_is_away(
    settings: Settings, redis: RedisServer
) -> None:
    async with two_workers(joined(settings, redis)) as workers:
        assert await _refused(workers.one, 6) == 0
        assert await _refused(workers.two, 6) == 2
        assert await _refused(workers.two, 1, address="192.0.2.9") == 0
        assert b"192.0.2.1" not in b"".join(_everything(redis))
        redis.kill()
        assert await _refused(workers.one, 12) == 2


async def _refused(app: FastAPI, tries: int, *, address: str = "192.0.2.1") -> int:
    """How many of so many tries with a wrong link are refused because there were too many."""
    asked = {"token": "wrong", "password": "seven kettles on a lighthouse"}
    async with browser_of(app, address=address) as browser:
        answers = [await browser.post("/api/v1/staff/first-sign-in", json=asked) for _ in range(tries)]
    return [answer.status_code for answer in answers].count(429)


def _everything(server: RedisServer) -> list[bytes]:
    """All keys and values that it holds, and its dump."""
    keys = server.say("KEYS", "*")
    server.say("SAVE")
    return [keys, (server.folder / "dump.rdb").read_bytes()]


async def test_redis_holds_no_word_of_a_conversation(
    settings: Settings, database: Database, redis: RedisServer
) -> None:
    async with scene_on(settings, database, redis) as scene:
        for n in range(10):
            await scene.say(scene.alys, f"{CANARY} {n}")
        await scene.carys.caught_up(scene.stream, 12)
        assert CANARY.encode() not in b"".join(_everything(redis))
        redis.say("SET", "control", CANARY)
        assert CANARY.encode() in b"".join(_everything(redis))
        place = await coachs(database, scene.staff["carys"], scene.conversation)
        assert place.participant.left_at is None
