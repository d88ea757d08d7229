"""The queue's commands: how many coaches are enough, and why this coach and not another."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

from app import clock
from app.db import open_database, transaction
from app.queue.offers import assign
from app.settings import Settings
from tests.cast import CARYS
from tests.cli.conftest import Run
from tests.scenes import enter, on_duty


def test_simulate_queue_says_how_many_coaches_are_enough_and_draws_it(earshot: Run, tmp_path: Path) -> None:
    chart = tmp_path / "staffing.svg"
    shown = earshot("simulate-queue", "--arrivals", "400", "--coaches", "6", "--chart", str(chart))
    assert shown.status == 0, shown.err
    assert "first in, first out" in shown.out
    assert "Broken promises: 0" in shown.out
    assert "coaches for four in five under 5 minutes" in shown.out
    assert chart.read_text().startswith("<svg")


def test_explain_says_why_in_both_languages(earshot: Run, ready: Settings) -> None:
    async def offer() -> UUID:
        database = open_database(ready)
        await on_duty(database, CARYS)
        conversation = (await enter(database, ready)).conversation_id
        async with transaction(database) as session:
            assert await assign(session, clock.now()) is not None
        await database.engine.dispose()
        return conversation

    conversation = str(asyncio.run(offer()))
    english, welsh = earshot("explain", conversation), earshot("explain", conversation, "--language", "cy")
    assert "offered to Carys Vane, who is being asked" in english.out
    assert "Carys Vane was the only coach who was free." in english.out
    assert "Decided again from what is stored: the same." in english.out
    assert "cynigiwyd i Carys Vane" in welsh.out
    assert earshot("explain", str(uuid4())).status == 1
