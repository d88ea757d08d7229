"""What the tests of the writer begin with and look at: places to write from, and what was said."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.chat.access import Place
from app.chat.models import LogEntry, StreamHead
from app.chat.transcript import read_messages
from app.chat.writer import Posted
from app.db import Database, reading
from app.errors import AppError
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import claim, coachs, enter, on_duty, parents


async def seqs_of(database: Database, conversation: UUID, stream: str = "conv") -> list[int]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.seq))
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == stream)
            .order_by(col(LogEntry.seq))
        )
        return list(rows.scalars())


async def head_of(database: Database, conversation: UUID) -> int:
    async with reading(database) as session:
        return (
            await session.execute(
                select(col(StreamHead.head)).where(
                    col(StreamHead.conversation_id) == conversation, col(StreamHead.stream) == "conv"
                )
            )
        ).scalar_one()


async def said(database: Database, settings: Settings, conversation: UUID) -> list[str]:
    async with reading(database) as session:
        messages = await read_messages(session, KeyRing(settings.key_ring), conversation_id=conversation)
    return [message.body for message in messages]


async def waiting(database: Database, settings: Settings) -> Place:
    started = await enter(database, settings)
    return await parents(database, started.conversation_id)


async def refusal(work: "asyncio.Future[Posted] | object") -> str:
    with pytest.raises(AppError) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def claimed(database: Database, settings: Settings) -> tuple[Place, Place]:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    return await parents(database, started.conversation_id), await coachs(
        database, carys, started.conversation_id
    )
