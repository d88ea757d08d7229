"""Retention: each class at its time, never on hold, and nothing of the conversation left anywhere."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.actions import give_consent, make_return_code
from app.chat.access import parent_place
from app.chat.erasure import due, erase
from app.chat.models import Conversation
from app.db import Database, metadata, reading, transaction
from app.errors import NotFound
from app.events import ParentRevoked
from app.safeguarding.actions import raise_concern, step_concern
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, ESTHER, hire
from tests.scenes import claim, coachs, decided_with, end, enter, on_duty, parents, say, wrap_up, writing

KEPT = {"audit_entry", "audit_head", "staff", "shift", "concern"}  # the last, for as long as policy says


async def _due(database: Database, settings: Settings) -> list[UUID]:
    async with reading(database) as session:
        return await due(
            session,
            now=clock.now(),
            retention_days=settings.retention_days,
            abandoned_hours=settings.abandoned_hours,
        )


async def _abandoned(database: Database, settings: Settings) -> UUID:
    started = await enter(database, settings)
    await end(database, settings, await parents(database, started.conversation_id))
    return started.conversation_id


async def _closed(database: Database, settings: Settings) -> UUID:
    carys, started = await on_duty(database, CARYS), await enter(database, settings, topic="sleep")
    await claim(database, carys, started.conversation_id)
    parent = await parents(database, started.conversation_id)
    async with writing(database, settings) as writer:
        await say(writer, parent, "Thank you")
    async with transaction(database) as session:
        await give_consent(session, conversation_id=started.conversation_id, wording_version="1")
        await make_return_code(
            session, conversation_id=started.conversation_id, secret=settings.server_secret
        )
    ring, esther = KeyRing(settings.key_ring), await hire(database, ESTHER)
    async with transaction(database) as session:
        concern = await raise_concern(
            session,
            ring,
            conversation_id=started.conversation_id,
            staff_id=carys.id,
            by="Carys",
            category="missing_child",
            note="A late worry",
        )
        for state in ("acknowledged", "assessed", "decided", "closed"):
            await step_concern(
                session,
                ring,
                concern_id=concern.id,
                staff_id=carys.id,
                by="Carys",
                state=state,
                note="Found at a friend's.",
                decision=decided_with(esther.id, state),
            )
    await end(database, settings, parent)
    coach = await coachs(database, carys, started.conversation_id)
    await wrap_up(database, settings, coach)
    return started.conversation_id


async def test_abandoned_is_due_after_24_hours(database: Database, settings: Settings) -> None:
    conversation = await _abandoned(database, settings)
    waiting = await enter(database, settings)
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=-30)):
        assert await _due(database, settings) == []
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=30)):
        assert await _due(database, settings) == [conversation]
    with time_machine.travel(clock.now() + timedelta(days=3650)):
        assert waiting.conversation_id not in await _due(database, settings), "who waits is never erased"


async def test_closed_is_due_after_90_days(database: Database, settings: Settings) -> None:
    conversation = await _closed(database, settings)
    with time_machine.travel(clock.now() + timedelta(days=90, seconds=-30)):
        assert await _due(database, settings) == []
    with time_machine.travel(clock.now() + timedelta(days=90, seconds=30)):
        assert await _due(database, settings) == [conversation]


@pytest.mark.parametrize("days", [30, 365])
async def test_the_setting_decides(database: Database, settings: Settings, days: int) -> None:
    conversation = await _closed(database, settings)
    chosen = settings.model_copy(update={"retention_days": days})
    with time_machine.travel(clock.now() + timedelta(days=days, seconds=-30)):
        assert await _due(database, chosen) == []
    with time_machine.travel(clock.now() + timedelta(days=days, seconds=30)):
        assert await _due(database, chosen) == [conversation]


async def _hold(database: Database, conversation: UUID) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(Conversation).where(col(Conversation.id) == conversation).values(on_hold=True)
        )


async def test_a_hold_beats_erasure(database: Database, settings: Settings) -> None:
    conversation = await _abandoned(database, settings)
    await _hold(database, conversation)
    with time_machine.travel(clock.now() + timedelta(days=3650)):
        assert await _due(database, settings) == []


async def test_a_hold_that_comes_between_finding_and_erasing_still_wins(
    database: Database, settings: Settings
) -> None:
    held, free = await _abandoned(database, settings), await _abandoned(database, settings)
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        found = await _due(database, settings)
        assert set(found) == {held, free}
        await _hold(database, held)
        async with transaction(database) as session:
            await erase(session, conversations=found)
    async with reading(database) as session:
        assert list((await session.execute(select(col(Conversation.id)))).scalars()) == [held]


async def _mentions(database: Database, conversation: UUID) -> dict[str, int]:
    """In which tables the conversation's id stands, however it is stored."""
    found = {}
    async with reading(database) as session:
        for table in metadata.sorted_tables:
            rows = (await session.execute(select(table))).all()
            number = sum(str(conversation) in repr(tuple(row)) for row in rows)
            if number:
                found[table.name] = number
    return found


async def test_nothing_is_left_but_the_note_that_it_was_erased(
    database: Database, settings: Settings
) -> None:
    heard: list[ParentRevoked] = []
    database.bus.subscribe(ParentRevoked, heard.append)
    conversation, other = await _closed(database, settings), (await enter(database, settings)).conversation_id
    before = await _mentions(database, conversation)
    assert {"conversation", "conversation_key", "log_entry", "parent_token", "consent", "concern"} <= set(
        before
    )
    async with transaction(database) as session:
        await erase(session, conversations=[conversation])
    assert set(await _mentions(database, conversation)) <= KEPT
    assert await _mentions(database, other)
    assert [event.conversation for event in heard] == [conversation], "an open socket of it closes"
    async with reading(database) as session:
        with pytest.raises(NotFound):
            await parent_place(session, conversation)
        for table in metadata.sorted_tables:
            assert table.name in KEPT or "Thank you" not in repr((await session.execute(select(table))).all())


async def test_a_late_erasure_is_done_in_batches(database: Database, settings: Settings) -> None:
    for _ in range(3):
        await _abandoned(database, settings)
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        found = await _due(database, settings)
        assert len(found) == 3
        async with transaction(database) as session:
            await erase(session, conversations=found[:2])
        assert await _due(database, settings) == found[2:]
