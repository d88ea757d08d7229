"""Coming back: by cursor, by snapshot, in parts, under fire; the view always ends as the log."""

import asyncio
import json
import random
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text
from sqlmodel import col

from app.audit import AuditEntry
from app.chat.models import Conversation
from app.chat.transcript import read_entries
from app.db import reading, transaction
from app.events import LogAppended
from app.queue.actions import set_availability
from app.queue.models import Availability
from app.queue.starts import Started
from app.settings import Settings
from tests.cast import CARYS, SignedIn, hire, open_session
from tests.chat.posts import head_of
from tests.scenes import enter, say
from tests.scenes import parents as parents_place
from tests.talk import Talk, View, pass_for, running, talking
from tests.talk_http import PollTalk, StreamTalk

WAYS = [Talk, StreamTalk, PollTalk]


@pytest.fixture(params=WAYS, ids=["socket", "stream", "polls"])
def way(request: pytest.FixtureRequest) -> type[Talk]:
    """Each way to hear: whatever holds for one holds for all."""
    chosen: type[Talk] = request.param
    return chosen


async def _log(app: FastAPI, conversation: UUID, stream: str = "conv") -> list[tuple[int, str, str]]:
    async with reading(app.state.database) as session:
        entries = await read_entries(session, app.state.key_ring, conversation_id=conversation, stream=stream)
    return [(entry.seq, entry.kind, json.dumps(entry.wire)) for entry in entries]


def _seen(view: View) -> list[tuple[int, str, str]]:
    return [(event["seq"], event["k"], json.dumps(event["d"])) for event in view.events]


async def _fill(app: FastAPI, started: Started, number: int) -> None:
    place = await parents_place(app.state.database, started.conversation_id)
    await asyncio.gather(*(say(app.state.writer, place, f"Message {turn}") for turn in range(number)))


async def _coach(app: FastAPI) -> SignedIn:
    staff = await hire(app.state.database, CARYS)
    async with transaction(app.state.database) as session:
        await set_availability(session, staff_id=staff.id, availability=Availability.AVAILABLE)
    return await open_session(app.state.database, staff)


def _kinds(talk: Talk, stream: str) -> list[str]:
    return [f["t"] for f in talk.heard if f["t"] in ("batch", "snapshot") and f["s"] == stream]


async def test_a_first_visit_gets_the_stream_whole(settings: Settings, way: type[Talk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        await _fill(app, started, 5)
        name = f"conv:{started.conversation_id}"
        async with talking(app, started.token, by=way) as talk:
            view = await talk.caught_up(name, 6)
            assert _seen(view) == await _log(app, started.conversation_id)
            welcome = talk.heard[0]
            assert welcome["t"] == "welcome"
            assert welcome["d"]["streams"][name] | {"epoch": ""} == {
                "epoch": "",
                "head": 6,
                "recovered": False,
            }
            snapshot = await talk.until(lambda f: f["t"] == "snapshot")
            assert snapshot["d"]["state"]["status"] == "waiting"
            assert set(welcome["d"]["streams"]) == {name}, "a parent has no other stream"


@pytest.mark.parametrize(
    ("held", "recovered"), [(0, True), (3, True), (6, True), (7, False), (10**30, False)]
)
async def test_a_cursor_decides_between_what_was_missed_and_all(
    settings: Settings, way: type[Talk], held: int, *, recovered: bool
) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        await _fill(app, started, 5)
        name = f"conv:{started.conversation_id}"
        async with reading(app.state.database) as session:
            epoch = (await session.execute(select(col(Conversation.epoch)))).scalar_one()
        cursors = {name: {"epoch": epoch, "seq": held}}
        views = {
            name: View(epoch=epoch, events=[{"seq": n, "k": "", "d": {}} for n in range(1, min(held, 9) + 1)])
        }
        async with talking(app, started.token, by=way, cursors=cursors, views=views) as talk:
            await talk.ask("sync", s=name, epoch=epoch, seq=0)
            assert talk.heard[0]["d"]["streams"][name]["recovered"] is recovered
            sent = [
                event["seq"]
                for frame in talk.heard
                if frame["t"] in ("batch", "snapshot")
                for event in frame["d"]["events"]
            ][: -6 or None]
            assert sent == list(range(held + 1 if recovered else 1, 7))


async def test_another_epoch_gets_the_stream_whole(settings: Settings, way: type[Talk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        name = f"conv:{started.conversation_id}"
        async with talking(app, started.token, by=way, cursors={name: {"epoch": "stale", "seq": 1}}) as talk:
            await talk.until(lambda f: f["t"] == "snapshot")
            assert talk.heard[0]["d"]["streams"][name]["recovered"] is False
            refused = await talk.ask("sync", s=name, epoch="stale", seq=0)
            assert refused["d"]["code"] == "stale_epoch"


async def test_more_than_the_limit_is_a_snapshot_and_in_parts(settings: Settings, way: type[Talk]) -> None:
    small = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"recovery_events": 30, "batch_events": 10})}
    )
    async with running(small) as app:
        started = await enter(app.state.database, settings)
        await _fill(app, started, 40)
        name = f"conv:{started.conversation_id}"
        async with talking(app, started.token, by=way) as talk:
            view = await talk.caught_up(name, 41)
            assert _seen(view) == await _log(app, started.conversation_id)
            parts = [f["d"] for f in talk.heard if f["t"] == "snapshot"]
            assert [len(part["events"]) for part in parts] == [10, 10, 10, 10, 1]
            assert [part["more"] for part in parts] == [True, True, True, True, False]
            assert {part["seq"] for part in parts} == {41}
            epoch = view.epoch
        for seq, kind, number in ((11, "batch", 3), (10, "snapshot", 5)):
            async with talking(
                app, started.token, by=way, cursors={name: {"epoch": epoch, "seq": seq}}
            ) as talk:
                await talk.until(lambda f: f["t"] in ("batch", "snapshot") and not f["d"]["more"])
                assert _kinds(talk, name) == [kind] * number


async def test_nothing_is_lost_or_doubled_while_a_slow_client_recovers(
    settings: Settings, way: type[Talk]
) -> None:
    """It stops reading in the middle of its snapshot; people go on talking; then it reads on."""
    small = settings.model_copy(update={"limits": settings.limits.model_copy(update={"batch_events": 5})})
    async with running(small) as app:
        started = await enter(app.state.database, settings)
        await _fill(app, started, 30)
        name = f"conv:{started.conversation_id}"
        talk = way(app).open()
        hello = asyncio.create_task(talk.hello(started.token))
        await talk.until(lambda f: f["t"] == "snapshot")
        talk.reading.clear()
        await _fill(app, started, 20)
        assert not any(f["t"] == "ev" for f in talk.heard)
        talk.reading.set()
        view = await talk.caught_up(name, 51)
        await hello
        assert _seen(view) == await _log(app, started.conversation_id)
        delivered = [f["seq"] for f in talk.heard if f["t"] == "ev"]
        assert delivered == list(range(delivered[0], 52)), "live events come once and in order"
        await talk.leave()


@pytest.mark.parametrize("way", [Talk, StreamTalk], ids=["socket", "stream"])
async def test_a_reader_that_stands_still_is_let_go_as_slow(settings: Settings, way: type[Talk]) -> None:
    small = settings.model_copy(update={"limits": settings.limits.model_copy(update={"outbound_frames": 20})})
    async with running(small) as app:
        started = await enter(app.state.database, settings)
        other = await enter(app.state.database, settings)
        slow, views = way(app).open(), {}
        await slow.hello(started.token)
        await slow.until(lambda f: f["t"] == "snapshot")
        slow.reading.clear()
        await _fill(app, started, 60)
        async with talking(app, other.token, by=way) as well:
            assert (await well.ask("sync", s=f"conv:{other.conversation_id}", epoch=_epoch(well), seq=1))[
                "t"
            ] == "ok"
        here = [
            each.outbound.closing
            for each in app.state.hub.of_parents()
            if each.conversation == started.conversation_id
        ]
        assert here == ([4002] if way is Talk else [])
        slow.reading.set()
        assert await slow.close_code() == 4002
        views = slow.views
        async with talking(app, started.token, by=way, views=views) as back:
            view = await back.caught_up(f"conv:{started.conversation_id}", 61)
            assert _seen(view) == await _log(app, started.conversation_id)


def _epoch(talk: Talk) -> str:
    return str(next(iter(talk.heard[0]["d"]["streams"].values()))["epoch"])


async def test_a_position_that_does_not_exist_closes_the_socket(settings: Settings, way: type[Talk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        for beyond in (2, 2**40, 10**30):
            talk = way(app).open()
            await talk.hello(started.token)
            data = {"epoch": _epoch(talk), "seq": beyond}
            talk.raw({"t": "sync", "id": "1", "s": f"conv:{started.conversation_id}", "d": data})
            assert await talk.close_code() == 4003
            await talk.leave()


async def test_reading_is_noted_before_a_word_is_sent(settings: Settings, way: type[Talk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        async with talking(app, started.token, by=way), reading(app.state.database) as session:
            noted = await session.execute(
                select(func.count())
                .select_from(AuditEntry)
                .where(col(AuditEntry.action) == "transcript.read")
            )
            assert noted.scalar_one() == 1


async def test_where_no_reading_can_be_noted_a_parent_reads_and_staff_do_not(
    settings: Settings, way: type[Talk]
) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        await _fill(app, started, 3)
        carys = await _coach(app)
        async with talking(app, await pass_for(app, carys), by=way) as talk:
            await talk.ask("queue.next")
            await talk.caught_up(f"conv:{started.conversation_id}", 5)
        async with transaction(app.state.database) as session:
            await session.execute(text("ALTER TABLE audit_entry RENAME TO audit_entry_away"))
        async with talking(app, started.token, by=way) as parent:
            assert (await parent.caught_up(f"conv:{started.conversation_id}", 5)).seq == 5
        refused = Talk(app).open()
        hello = {"token": await pass_for(app, carys), "client": "tests/1", "conn": str(uuid4())}
        refused.raw({"t": "hello", "id": "hello", "d": hello})
        assert await refused.close_code() == 4006
        assert refused.heard == []
        await refused.leave()


async def test_a_coach_has_both_streams_and_what_the_parent_said_first(
    settings: Settings, way: type[Talk]
) -> None:
    async with running(settings) as app:
        carys = await _coach(app)
        started = await enter(app.state.database, settings, topic="sleep")
        await _fill(app, started, 2)
        async with talking(app, await pass_for(app, carys), by=way) as talk:
            taken = await talk.ask("queue.next")
            assert taken["d"] == {"conversation": str(started.conversation_id), "generation": 1}
            for stream in ("conv", "staff"):
                name = f"{stream}:{started.conversation_id}"
                snapshot = await talk.until(lambda f, name=name: f["t"] == "snapshot" and f["s"] == name)
                if stream == "conv":
                    assert snapshot["d"]["state"]["topic"] == "sleep"
                    assert snapshot["d"]["state"]["coach"] == "Carys"
                    await talk.caught_up(name, 4)
            board = await talk.until(
                lambda f: f["t"] == "state" and f["s"] == "me" and f["d"]["conversations"]
            )
            assert board["d"]["conversations"][0]["conversation"] == str(started.conversation_id)
        async with talking(app, await pass_for(app, carys), by=way) as again:
            assert set(again.heard[0]["d"]["streams"]) == {
                f"{stream}:{started.conversation_id}" for stream in ("conv", "staff")
            }


@pytest.mark.parametrize(
    ("way", "seed"),
    [
        *((Talk, seed) for seed in range(8)),
        *((way, seed) for way in (StreamTalk, PollTalk) for seed in range(3)),
    ],
    ids=lambda value: value if isinstance(value, int) else value.__name__,
)
async def test_whatever_happens_both_views_end_as_the_log(  # noqa: C901 (one walk)
    settings: Settings, way: type[Talk], seed: int
) -> None:
    """Sends, repeats, hard drops, come-backs with right, stale, future and old cursors, in a seeded order."""
    chance = random.Random(seed)
    roomy = settings.limits.model_copy(
        update={
            "parent_messages_per_minute": 10_000,
            "staff_messages_per_minute": 10_000,
            "recovery_events": 12,
            "batch_events": 5,
            "parent_sockets": 60,  # polls that were dropped keep their places for a while
            "staff_sockets": 60,
        }
    )
    async with running(settings.model_copy(update={"limits": roomy})) as app:
        carys, started = await _coach(app), await enter(app.state.database, settings)
        name = f"conv:{started.conversation_id}"
        sides: dict[str, Talk] = {}
        unanswered: dict[str, list[tuple[str, str]]] = {"parent": [], "coach": []}
        acknowledged: set[str] = set()

        async def come(side: str, cursors: dict[str, dict[str, object]] | None = None) -> Talk:
            views = sides[side].views if side in sides else None
            token = started.token if side == "parent" else await pass_for(app, carys)
            talk = way(app, views=views).open()
            await talk.hello(token, cursors=cursors)
            sides[side] = talk
            for client_id, body in unanswered[side]:
                send(side, client_id, body)
            return talk

        def send(side: str, client_id: str, body: str) -> None:
            data = {"client_message_id": client_id, "body": body}
            sides[side].raw({"t": "message.post", "id": client_id, "s": name, "d": data})

        def note_answers(side: str) -> None:
            for frame in sides[side].heard:
                if frame["t"] == "ok" and len(frame["re"]) == 36:
                    acknowledged.add(frame["re"])
            unanswered[side] = [each for each in unanswered[side] if each[0] not in acknowledged]

        await come("parent")
        coach = await come("coach")
        await coach.ask("queue.next")
        for turn in range(60):
            side = chance.choice(["parent", "coach"])
            what = chance.choices(["send", "repeat", "drop", "come back oddly", "breathe"], [8, 2, 2, 1, 3])[
                0
            ]
            if what == "send":
                client_id = str(uuid4())
                unanswered[side].append((client_id, f"{side} {turn}"))
                send(side, client_id, f"{side} {turn}")
            elif what == "repeat" and unanswered[side]:
                send(side, *chance.choice(unanswered[side]))
            elif what == "drop":
                note_answers(side)
                await sides[side].leave()
                await come(side)
            elif what == "come back oddly":
                note_answers(side)
                await sides[side].leave()
                view = sides[side].views.setdefault(name, View())
                odd = chance.choice(
                    [{"epoch": "stale", "seq": view.seq}, {"epoch": view.epoch, "seq": view.seq + 99}]
                )
                await come(side, cursors={name: odd})
            else:
                for _ in range(chance.randrange(20)):
                    await asyncio.sleep(0)
        for side, talk in sides.items():
            for client_id, _ in unanswered[side]:
                await talk.until(lambda f, c=client_id: f["t"] == "ok" and f["re"] == c)
            note_answers(side)
        head, log = (
            await head_of(app.state.database, started.conversation_id),
            await _log(app, started.conversation_id),
        )
        assert [seq for seq, _, _ in log] == list(range(1, head + 1))
        posted = [json.loads(wire)["client_message_id"] for _, kind, wire in log if kind == "message.posted"]
        assert len(posted) == len(set(posted)), f"seed {seed}: a message stands twice"
        assert acknowledged <= set(posted), f"seed {seed}: an acknowledged message is gone"
        for side, talk in sides.items():
            assert _seen(await talk.caught_up(name, head)) == log, f"seed {seed}: the {side}'s view differs"
            await talk.leave()


@pytest.mark.parametrize("asks", [True, False], ids=["asks for the gap", "control: does not ask"])
async def test_a_lost_hint_costs_a_delay_to_who_asks_and_is_seen_in_who_does_not(
    settings: Settings, *, asks: bool
) -> None:
    """The control proves that the checker above would notice a hub that loses an event."""
    quick = settings.timers.model_copy(update={"ping": 0.2, "pong": 30})
    async with running(settings.model_copy(update={"timers": quick})) as app:
        started = await enter(app.state.database, settings)
        name = f"conv:{started.conversation_id}"
        handlers = app.state.database.bus._handlers[LogAppended]
        honest = handlers[0]

        def loses_the_third(event: LogAppended) -> None:
            if event.seq != 3:
                honest(event)

        handlers[0] = loses_the_third
        talk = Talk(app).open()
        await talk.hello(started.token)
        await talk.caught_up(name, 1)
        await _fill(app, started, 5)
        talk.raw({"t": "pong"})  # a busy machine may have asked before that: the next ping tells the heads
        ping = await talk.until(lambda f: f["t"] == "ping" and f["d"]["heads"][name] == 6)
        log = await _log(app, started.conversation_id)
        if asks:
            view = talk.views[name]
            assert view.seq < ping["d"]["heads"][name]
            await talk.ask("sync", s=name, epoch=view.epoch, seq=view.seq)
            assert _seen(await talk.caught_up(name, 6)) == log
        else:
            assert _seen(talk.views[name]) == log[:2] != log
        await talk.leave()


async def test_coming_back_does_not_buy_another_minutes_messages(settings: Settings, way: type[Talk]) -> None:
    few = settings.limits.model_copy(update={"parent_messages_per_minute": 4})
    async with running(settings.model_copy(update={"limits": few})) as app:
        started = await enter(app.state.database, settings)
        other = await enter(app.state.database, settings)
        for talker, rounds, wanted in ((started, 3, 4), (other, 1, 2)):
            answers = []
            for _ in range(rounds):
                async with talking(app, talker.token, by=way) as talk:
                    for _ in range(2):
                        data = {"client_message_id": str(uuid4()), "body": "Hello"}
                        stream = f"conv:{talker.conversation_id}"
                        answers.append((await talk.ask("message.post", s=stream, **data))["t"])
            assert answers == ["ok"] * wanted + ["err"] * (2 * rounds - wanted)
