"""The daily job as a whole: whoever left without a word is let go, and later nothing is left of them."""

from datetime import timedelta

import time_machine
from sqlalchemy import select
from sqlmodel import col

from app import clock
from app.chat.models import Conversation
from app.db import Database, reading
from app.export.daily import run_daily
from app.queue.models import QueueEntry
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS
from tests.export.conversations import CODEBOOK
from tests.scenes import claim, enter, on_duty


async def _standing(database: Database) -> dict[object, tuple[str, str]]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(Conversation.id), col(Conversation.status), col(QueueEntry.state)).join(
                QueueEntry, col(QueueEntry.conversation_id) == col(Conversation.id)
            )
        )
        return {conversation: (status, state) for conversation, status, state in rows}


async def test_who_left_without_a_word_is_abandoned_and_then_erased(
    database: Database, settings: Settings
) -> None:
    keys = KeyRing(settings.key_ring)
    gone = (await enter(database, settings)).conversation_id
    held = (await enter(database, settings)).conversation_id
    await claim(database, await on_duty(database, CARYS), held)
    with time_machine.travel(clock.now() + timedelta(hours=23)):
        waiting = (await enter(database, settings)).conversation_id
        await run_daily(database, keys, settings, CODEBOOK, now=clock.now())
        assert (await _standing(database))[gone] == ("waiting", "waiting"), "not before its time"
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        day = await run_daily(database, keys, settings, CODEBOOK, now=clock.now())
        assert day.erased == 0
        assert await _standing(database) == {
            gone: ("abandoned", "expired"),
            held: ("open", "assigned"),
            waiting: ("waiting", "waiting"),
        }
    with time_machine.travel(clock.now() + timedelta(hours=50)):
        assert (await run_daily(database, keys, settings, CODEBOOK, now=clock.now())).erased == 1
        assert set(await _standing(database)) == {held, waiting}
