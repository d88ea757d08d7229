"""Nuisance: a warning, an end, a block that a second person reviews; nobody at risk is kept out."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.chat import log
from app.chat.models import Conversation, LogEntry
from app.db import Database, reading, transaction
from app.errors import AppError, Conflict
from app.queue import actions as queue
from app.queue.models import Block
from app.queue.nuisance import blocked_until, end_and_block, review, session_mac, unreviewed, warn
from app.safeguarding.actions import raise_concern
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, ESTHER
from tests.provision.server import LiveServer
from tests.scenes import claim, coachs, enter, on_duty, until_it_waits

PATH = "/api/v1/conversations"
WEEK = timedelta(days=7)
TAB = UUID(int=7)


async def _blocked(database: Database, settings: Settings) -> tuple[UUID, UUID, UUID]:
    """Carys warned and blocked a session: the conversation, the block, Carys."""
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    conversation = started.conversation_id
    async with transaction(database) as session:
        await session.execute(
            update(Conversation)
            .where(col(Conversation.id) == conversation)
            .values(session_mac=session_mac(TAB, secret=settings.server_secret))
        )
    await claim(database, carys, conversation)
    place = await coachs(database, carys, conversation)
    async with transaction(database) as session:
        await warn(session, place=place)
    async with transaction(database) as session:
        await end_and_block(session, place=place, reason="abusive")
    async with reading(database) as session:
        block = await session.scalar(select(Block))
    assert block is not None
    return conversation, block.id, carys.id


async def _until(
    database: Database, settings: Settings, *, tab: UUID = TAB, follows: UUID | None = None
) -> datetime | None:
    async with reading(database) as session:
        mac = session_mac(tab, secret=settings.server_secret)
        return await blocked_until(session, session_mac=mac, follows=follows)


async def test_after_a_warning_the_session_is_blocked_for_a_day(
    database: Database, settings: Settings
) -> None:
    conversation, _, _ = await _blocked(database, settings)
    async with reading(database) as session:
        status = await session.scalar(select(col(Conversation.status)))
        told = await session.scalars(
            select(LogEntry).where(col(LogEntry.stream) == "conv").order_by(col(LogEntry.seq))
        )
        kinds = [(entry.kind, entry.data.get("by")) for entry in told]
    assert status == "wrap_up"
    assert kinds[-2:] == [("conversation.warned", None), ("conversation.ended", "block")]
    until = await _until(database, settings)
    assert until is not None
    assert timedelta(hours=23) < until - clock.now() <= timedelta(days=1)
    assert await _until(database, settings, tab=uuid4()) is None
    assert await _until(database, settings, tab=uuid4(), follows=conversation) == until


async def test_nobody_is_blocked_unwarned_or_at_risk(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    unwarned, worried, risky = [(await enter(database, settings)).conversation_id for _ in range(3)]
    for each in (unwarned, worried, risky):
        await claim(database, carys, each)
    async with transaction(database) as session:
        await raise_concern(
            session,
            KeyRing(settings.key_ring),
            conversation_id=worried,
            staff_id=carys.id,
            by="Carys",
            category="missing_child",
            note="",
        )
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=risky)
    for each in (worried, risky):
        async with transaction(database) as session:
            await warn(session, place=await coachs(database, carys, each))
    for each in (unwarned, worried, risky):
        with pytest.raises(AppError) as refused:
            async with transaction(database) as session:
                await end_and_block(session, place=await coachs(database, carys, each), reason="prank")
        assert refused.value.code == "bad_request"
    async with reading(database) as session:
        assert await session.scalar(select(Block)) is None


async def test_a_risk_that_is_told_of_while_a_coach_blocks_comes_first(
    database: Database, settings: Settings
) -> None:
    """Both take the conversation's lock before its assignment: neither waits for the other for ever."""
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    place = await coachs(database, carys, conversation)
    async with transaction(database) as session:
        await warn(session, place=place)

    async def block() -> None:
        async with transaction(database) as session:
            await end_and_block(session, place=place, reason="prank")

    async with transaction(database) as session:
        await log.lock(session, [conversation])
        blocking = asyncio.create_task(block())
        await until_it_waits(database, blocking)
        await queue.raise_risk(session, conversation_id=conversation)
    with pytest.raises(Conflict):
        await blocking
    async with reading(database) as session:
        assert await session.scalar(select(Block)) is None


@pytest.mark.parametrize("uphold", [True, False], ids=["upheld", "lifted"])
async def test_a_second_person_reviews_it_once(
    database: Database, settings: Settings, *, uphold: bool
) -> None:
    _, block, carys = await _blocked(database, settings)
    esther = await on_duty(database, ESTHER)
    async with reading(database) as session:
        [waits] = await unreviewed(session)
    assert (waits.block.id, waits.by) == (block, "Carys Vane")
    with pytest.raises(AppError) as refused:
        async with transaction(database) as session:
            await review(session, staff_id=carys, block_id=block, uphold=uphold, lasts=WEEK)
    assert refused.value.code == "forbidden"
    async with transaction(database) as session:
        await review(session, staff_id=esther.id, block_id=block, uphold=uphold, lasts=WEEK)
    with pytest.raises(AppError):
        async with transaction(database) as session:
            await review(session, staff_id=esther.id, block_id=block, uphold=not uphold, lasts=WEEK)
    until = await _until(database, settings)
    if uphold:
        assert until is not None
        assert until - clock.now() > timedelta(days=6)
    else:
        assert until is None
    async with reading(database) as session:
        assert await unreviewed(session) == []


async def test_a_risk_that_is_noticed_later_ends_the_block(database: Database, settings: Settings) -> None:
    conversation, _, _ = await _blocked(database, settings)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=uuid4())
    assert await _until(database, settings) is not None
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=conversation)
    assert await _until(database, settings) is None


async def test_a_block_that_nobody_reviewed_lapses(database: Database, settings: Settings) -> None:
    _, block, _ = await _blocked(database, settings)
    esther = await on_duty(database, ESTHER)
    async with transaction(database) as session:
        await session.execute(update(Block).values(until=clock.now()))
    assert await _until(database, settings) is None
    with pytest.raises(AppError):
        async with transaction(database) as session:
            await review(session, staff_id=esther.id, block_id=block, uphold=True, lasts=WEEK)


async def test_over_http_a_blocked_session_starts_nothing_unless_somebody_is_at_risk(
    live_server: LiveServer, database: Database
) -> None:
    await _blocked(database, live_server.settings)
    async with httpx.AsyncClient(base_url=live_server.url, trust_env=False) as client:

        async def start(tab: UUID | None, words: str) -> httpx.Response:
            asked: dict[str, object] = {"start_id": str(uuid4()), "first_message": words}
            return await client.post(PATH, json=asked | ({"session": str(tab)} if tab else {}))

        refused = await start(TAB, "Ha ha, I am back.")
        assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
        assert "999" in refused.json()["next_step"]
        assert (await start(uuid4(), "He will not sleep.")).status_code == 201
        assert (await start(None, "He will not sleep.")).status_code == 201
        assert (await start(TAB, "I want to kill myself tonight.")).status_code == 201
    async with reading(database) as session:
        macs = set(await session.scalars(select(col(Conversation.session_mac))))
    assert TAB.bytes not in macs
