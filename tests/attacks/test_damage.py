"""Somebody with write access to the database swaps and damages sealed texts."""

from uuid import UUID, uuid4

from fastapi import FastAPI
from sqlalchemy import select, update
from sqlmodel import col

from app.chat.models import ConversationKey, LogEntry
from app.chat.transcript import UNREADABLE
from app.db import Database, transaction
from tests.cast import CARYS, browser_of, open_session
from tests.scenes import claim, on_duty
from tests.talk import pass_for, talking

PATH = "/api/v1/conversations"


async def begin(service: FastAPI, words: str) -> dict[str, str]:
    async with browser_of(service) as browser:
        answer = await browser.post(PATH, json={"start_id": str(uuid4()), "first_message": words})
    started: dict[str, str] = answer.json()
    return started


async def swap_texts(database: Database, one: UUID, other: UUID) -> None:
    async with transaction(database) as session:
        sealed = {}
        for conversation in (one, other):
            query = select(col(LogEntry.body)).where(
                col(LogEntry.conversation_id) == conversation, col(LogEntry.seq) == 2
            )
            sealed[conversation] = (await session.execute(query)).scalar_one()
        for conversation, from_where in ((one, other), (other, one)):
            await session.execute(
                update(LogEntry)
                .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.seq) == 2)
                .values(body=sealed[from_where])
            )


async def test_swapped_texts_show_neither_and_shut_nobody_out(service: FastAPI) -> None:
    database = service.state.database
    alys, bron = await begin(service, "Alys says one"), await begin(service, "Bron says two")
    third = await begin(service, "Untouched")
    carys = await on_duty(database, CARYS)
    for started in (alys, bron, third):
        await claim(database, carys, UUID(started["conversation"]))
    await swap_texts(database, UUID(alys["conversation"]), UUID(bron["conversation"]))
    token = await pass_for(service, await open_session(database, carys))
    async with talking(service, token) as coach, talking(service, alys["token"]) as parent:
        shown = []
        for started in (alys, bron, third):
            view = await coach.caught_up(f"conv:{started['conversation']}", 3)
            shown.append(view.events[1]["d"]["body"])
        assert shown == [UNREADABLE, UNREADABLE, "Untouched"]
        view = await parent.caught_up(f"conv:{alys['conversation']}", 3)
        assert view.events[1]["d"]["body"] == UNREADABLE


async def test_a_lost_key_shuts_nobody_out_of_the_other_conversations(service: FastAPI) -> None:
    database = service.state.database
    lost, kept = await begin(service, "Lost"), await begin(service, "Kept")
    carys = await on_duty(database, CARYS)
    for started in (lost, kept):
        await claim(database, carys, UUID(started["conversation"]))
    service.state.key_ring.forget(UUID(lost["conversation"]))
    async with transaction(database) as session:
        await session.execute(
            update(ConversationKey)
            .where(col(ConversationKey.conversation_id) == UUID(lost["conversation"]))
            .values(wrapped=b"another:" + b"\0" * 60)
        )
    token = await pass_for(service, await open_session(database, carys))
    async with talking(service, token) as coach:
        view = await coach.caught_up(f"conv:{lost['conversation']}", 3)
        assert view.events[1]["d"]["body"] == UNREADABLE
        view = await coach.caught_up(f"conv:{kept['conversation']}", 3)
        assert view.events[1]["d"]["body"] == "Kept"
