"""Whatever happens on the way, a client's view ends as the log; and a view that does not is noticed."""

import asyncio
import json
import random
from uuid import uuid4

import pytest

from app.events import LogAppended
from app.settings import Settings
from tests.chat.posts import head_of
from tests.realtime.logs import a_coach, fill, log_of, seen
from tests.scenes import enter
from tests.talk import Talk, View, pass_for, running
from tests.talk_http import PollTalk, StreamTalk


@pytest.mark.parametrize(
    ("way", "seed"),
    [
        *((Talk, seed) for seed in range(8)),
        *((way, seed) for way in (StreamTalk, PollTalk) for seed in range(3)),
    ],
    ids=lambda value: value if isinstance(value, int) else value.__name__,
)
async def test_whatever_happens_both_views_end_as_thelog_of(  # noqa: C901 (one walk)
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
        carys, started = await a_coach(app), await enter(app.state.database, settings)
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
            await log_of(app, started.conversation_id),
        )
        assert [seq for seq, _, _ in log] == list(range(1, head + 1))
        posted = [json.loads(wire)["client_message_id"] for _, kind, wire in log if kind == "message.posted"]
        assert len(posted) == len(set(posted)), f"seed {seed}: a message stands twice"
        assert acknowledged <= set(posted), f"seed {seed}: an acknowledged message is gone"
        for side, talk in sides.items():
            assert seen(await talk.caught_up(name, head)) == log, f"seed {seed}: the {side}'s view differs"
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
        await fill(app, started, 5)
        talk.raw({"t": "pong"})  # a busy machine may have asked before that: the next ping tells the heads
        ping = await talk.until(lambda f: f["t"] == "ping" and f["d"]["heads"][name] == 6)
        log = await log_of(app, started.conversation_id)
        if asks:
            view = talk.views[name]
            assert view.seq < ping["d"]["heads"][name]
            await talk.ask("sync", s=name, epoch=view.epoch, seq=view.seq)
            assert seen(await talk.caught_up(name, 6)) == log
        else:
            assert seen(talk.views[name]) == log[:2] != log
        await talk.leave()
