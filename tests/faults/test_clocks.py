"""F11: the machine's clock jumps, and summer time begins and ends; the order is that of the numbers."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app.db import Database
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import claim, coachs, enter, on_duty, say
from tests.talk import running, talking

HOUR = timedelta(hours=1)
JUMPS = [timedelta(seconds=-1), -HOUR, timedelta(days=-40), 2 * HOUR, timedelta(days=3)]
SPRING = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)  # a second before clocks in London go forward
AUTUMN = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)  # and back


@pytest.mark.parametrize("begins", [SPRING, AUTUMN], ids=["spring", "autumn"])
async def test_f11_the_order_is_that_of_the_numbers_whatever_the_clock_says(
    database: Database, settings: Settings, begins: datetime
) -> None:
    started = await enter(database, settings)
    carys = await on_duty(database, CARYS)
    await claim(database, carys, started.conversation_id)
    stream = f"conv:{started.conversation_id}"
    said: list[str] = []
    async with running(settings) as app, talking(app, started.token) as parent:
        place = await coachs(database, carys, started.conversation_id)
        with time_machine.travel(begins, tick=True) as clock:
            for jump in JUMPS:
                said += [f"before {jump}", f"after {jump}"]
                data = {"client_message_id": str(len(said)).zfill(32), "body": said[-2]}
                assert (await parent.ask("message.post", s=stream, **data))["t"] == "ok"
                clock.shift(jump)
                await say(app.state.writer, place, said[-1])
                clock.move_to(begins + timedelta(seconds=2))
            async with talking(app, started.token, cursors={}) as newcomer:
                head = 2 + len(said)
                whole = (await newcomer.caught_up(stream, head)).events
                held = (await parent.caught_up(stream, head)).events
        assert parent.closed is None
    assert [event["seq"] for event in held] == list(range(1, head + 1))
    assert [event["d"]["body"] for event in held[2:]] == said
    assert [(e["seq"], e["k"], e["d"]) for e in whole] == [(e["seq"], e["k"], e["d"]) for e in held]
    stamps = [event["at"] for event in held[2:]]
    assert stamps != sorted(stamps)  # the clock did go back, and nothing went by it
