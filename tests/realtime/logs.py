"""What a test of recovery compares: the log as it is stored, and what a client holds of it."""

import asyncio
import json
from uuid import UUID

from fastapi import FastAPI

from app.chat.transcript import read_entries
from app.db import reading, transaction
from app.queue.actions import set_availability
from app.queue.models import Availability
from app.queue.starts import Started
from tests.cast import CARYS, SignedIn, hire, open_session
from tests.scenes import parents, say
from tests.talk import View


async def log_of(app: FastAPI, conversation: UUID, stream: str = "conv") -> list[tuple[int, str, str]]:
    async with reading(app.state.database) as session:
        entries = await read_entries(session, app.state.key_ring, conversation_id=conversation, stream=stream)
    return [(entry.seq, entry.kind, json.dumps(entry.wire)) for entry in entries]


def seen(view: View) -> list[tuple[int, str, str]]:
    return [(event["seq"], event["k"], json.dumps(event["d"])) for event in view.events]


async def fill(app: FastAPI, started: Started, number: int) -> None:
    place = await parents(app.state.database, started.conversation_id)
    await asyncio.gather(*(say(app.state.writer, place, f"Message {turn}") for turn in range(number)))


async def a_coach(app: FastAPI) -> SignedIn:
    staff = await hire(app.state.database, CARYS)
    async with transaction(app.state.database) as session:
        await set_availability(session, staff_id=staff.id, availability=Availability.AVAILABLE)
    return await open_session(app.state.database, staff)
