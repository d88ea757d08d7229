"""Coming back: by cursor, by snapshot, in parts, under fire; the view always ends as the log."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from app.audit import AuditEntry
from app.chat.models import Conversation
from app.db import reading, transaction
from app.settings import Settings
from tests.realtime.logs import a_coach, fill, log_of, seen
from tests.scenes import enter
from tests.talk import Talk, View, pass_for, running, talking
from tests.talk_http import PollTalk, StreamTalk

WAYS = [Talk, StreamTalk, PollTalk]


@pytest.fixture(params=WAYS, ids=["socket", "stream", "polls"])
def way(request: pytest.FixtureRequest) -> type[Talk]:
    """Each way to hear: whatever holds for one holds for all."""
    chosen: type[Talk] = request.param
    return chosen


def _kinds(talk: Talk, stream: str) -> list[str]:
    return [f["t"] for f in talk.heard if f["t"] in ("batch", "snapshot") and f["s"] == stream]


async def test_a_first_visit_gets_the_stream_whole(settings: Settings, way: type[Talk]) -> None:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        await fill(app, started, 5)
        name = f"conv:{started.conversation_id}"
        async with talking(app, started.token, by=way) as talk:
            view = await talk.caught_up(name, 6)
            assert seen(view) == await log_of(app, started.conversation_id)
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
        await fill(app, started, 5)
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
        await fill(app, started, 40)
        name = f"conv:{started.conversation_id}"
        async with talking(app, started.token, by=way) as talk:
            view = await talk.caught_up(name, 41)
            assert seen(view) == await log_of(app, started.conversation_id)
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
        await fill(app, started, 30)
        name = f"conv:{started.conversation_id}"
        talk = way(app).open()
        hello = asyncio.create_task(talk.hello(started.token))
        await talk.until(lambda f: f["t"] == "snapshot")
        talk.reading.clear()
        await fill(app, started, 20)
        assert not any(f["t"] == "ev" for f in talk.heard)
        talk.reading.set()
        view = await talk.caught_up(name, 51)
        await hello
        assert seen(view) == await log_of(app, started.conversation_id)
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
        await fill(app, started, 60)
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
            assert seen(view) == await log_of(app, started.conversation_id)


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
        await fill(app, started, 3)
        carys = await a_coach(app)
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
        carys = await a_coach(app)
        started = await enter(app.state.database, settings, topic="sleep")
        await fill(app, started, 2)
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
