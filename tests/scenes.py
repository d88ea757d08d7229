"""Where most tests begin: a parent who waits, a coach who holds a conversation, a writer at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from app.accounts.models import Staff
from app.chat.access import Place, parent_place, staff_place
from app.chat.rules import ChildFacts
from app.chat.writer import Posted, Writer
from app.content.reading import read_content
from app.content.rules import Content
from app.db import Database, reading, transaction
from app.queue import actions as queue
from app.queue import closing
from app.queue.models import Availability
from app.queue.starts import Start, Started, start_conversation
from app.safeguarding.rules import ConcernState, Decision
from app.sealing import KeyRing
from app.settings import PROJECT, Settings
from tests.cast import Person, hire

PATIENCE_S = 20  # long enough for a busy machine; nothing waits this long when all is well


@cache
def content() -> Content:
    """The charity's content, read once a run."""
    return read_content(PROJECT / "content")


async def enter(
    database: Database,
    settings: Settings,
    *,
    start_id: UUID | None = None,
    language: str = "en",
    topic: str | None = None,
    child: ChildFacts | None = None,
) -> Started:
    """A parent starts a conversation and waits in the queue."""
    start = Start(
        start_id=start_id or uuid4(),
        language=language,
        topic=topic,
        child=child or ChildFacts(age_band="8-10"),
    )
    async with transaction(database) as session:
        return await start_conversation(
            session,
            KeyRing(settings.key_ring),
            content().codebook,
            secret=settings.server_secret,
            start=start,
        )


async def on_duty(
    database: Database, person: Person, *, availability: Availability = Availability.AVAILABLE
) -> Staff:
    """Hire somebody and start their shift."""
    staff = await hire(database, person)
    async with transaction(database) as session:
        await queue.set_availability(session, staff_id=staff.id, availability=availability)
    return staff


async def claim(database: Database, staff: Staff, conversation: UUID) -> queue.Claimed:
    """A coach takes this conversation."""
    async with transaction(database) as session:
        return await queue.claim(session, staff_id=staff.id, conversation_id=conversation)


async def parents(database: Database, conversation: UUID) -> Place:
    """The parent's place."""
    async with reading(database) as session:
        return await parent_place(session, conversation)


async def coachs(database: Database, staff: Staff, conversation: UUID) -> Place:
    """The owner's place."""
    async with reading(database) as session:
        return await staff_place(session, staff_id=staff.id, conversation_id=conversation)


async def end(database: Database, settings: Settings, place: Place) -> None:
    """Somebody ends the conversation."""
    async with transaction(database) as session:
        await closing.end(session, KeyRing(settings.key_ring), place=place)


async def wrap_up(database: Database, settings: Settings, place: Place, **said: object) -> bool:
    """The owner wraps the ended conversation up; whether it closed."""
    wrapped = closing.WrapUp(**{"topics": ("sleep",), "disposition": "advice-given", **said})  # type: ignore[arg-type]
    async with transaction(database) as session:
        return await closing.wrap_up(
            session, KeyRing(settings.key_ring), content().codebook, place=place, wrap_up=wrapped
        )


def decided_with(second: UUID, state: str) -> Decision | None:
    """A complete decision with this colleague, for the step that needs one; None for the others."""
    if state != ConcernState.DECIDED:
        return None
    return Decision(second, "The local team: the address.", "That we rang, and why.", "LT-2041")


@asynccontextmanager
async def writing(
    database: Database,
    settings: Settings,
    *,
    backlog: int = 10_000,
    text_limit: int = 4000,
    kind: type[Writer] = Writer,
) -> AsyncIterator[Writer]:
    """A writer whose task runs until the block ends."""
    writer = kind(database, KeyRing(settings.key_ring), backlog=backlog, text_limit=text_limit)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        writer.stop()
        await asyncio.wait_for(task, PATIENCE_S)


async def say(writer: Writer, place: Place, body: str, *, client_id: UUID | None = None) -> Posted:
    """Somebody posts a message."""
    return await asyncio.wait_for(
        writer.posted(
            conversation=place.conversation.id,
            participant=place.participant.id,
            client_message_id=client_id or uuid4(),
            body=body,
        ),
        PATIENCE_S,
    )


async def until_it_waits(database: Database, task: asyncio.Task[Any]) -> None:
    """Wait until a task has come to a lock that somebody holds; on SQLite, to its turn to write."""
    await asyncio.sleep(0)
    if database.sqlite:
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE_S):
        while not task.done():
            async with reading(database) as session:
                if await session.scalar(waiting):
                    return
    raise AssertionError("it waited for nobody")
