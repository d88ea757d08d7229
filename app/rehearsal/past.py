"""A year of past conversations for the demo, written by the rooms' own actions and then dated back."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.actions import add_staff, disable_staff
from app.accounts.models import Consent, ParentToken, Role
from app.chat.access import parent_place, staff_place
from app.chat.models import Conversation, LogEntry, Participant
from app.chat.rules import ChildFacts, Origin
from app.chat.writer import Writer
from app.content.rules import Content
from app.db import Database, reading, transaction
from app.queue.actions import claim, set_availability
from app.queue.closing import WrapUp, end, wrap_up
from app.queue.models import Assignment, Availability, QueueEntry
from app.queue.starts import Start, Started, start_conversation
from app.rehearsal.concerns import work_through
from app.rehearsal.scripts import Script
from app.rehearsal.stories import tell
from app.sealing import KeyRing
from app.settings import Settings
from app.topics.models import Tagging

COACHES = 12
FIRST_HOUR, LAST_HOUR = 9, 20
YEAR_DAYS = 365


async def has_past(database: Database) -> bool:
    """Whether rehearsed conversations are there already."""
    async with reading(database) as session:
        found = await session.scalar(
            select(col(Conversation.id)).where(col(Conversation.origin) == Origin.SIMULATED).limit(1)
        )
    return found is not None


async def write_past(
    database: Database,
    key_ring: KeyRing,
    settings: Settings,
    content: Content,
    *,
    count: int,
    seed: int,
    written: Callable[[], None],
) -> None:
    """Write so many closed conversations of the past year; `written` is called after each."""
    chance = random.Random(seed)  # noqa: S311 (the demo repeats itself on purpose)
    scripts = iter([(tell(content.codebook, chance), _past_moment(chance)) for _ in range(count)])
    coaches, supervisor = await _past_staff(database)
    limits = settings.limits
    writer = Writer(database, key_ring, backlog=limits.writer_backlog, text_limit=limits.text_characters)
    writing = asyncio.create_task(writer.run())

    async def one_coach(staff_id: UUID) -> None:
        for script, began in scripts:  # one iterator for all: each takes the next
            await _write_one(
                database, key_ring, settings, content, writer, script, began, staff_id, supervisor
            )
            written()

    await asyncio.gather(*(one_coach(staff_id) for staff_id in coaches))
    writer.stop()
    await writing
    async with transaction(database) as session:
        for staff_id in coaches:
            await set_availability(session, staff_id=staff_id, availability=Availability.OFFLINE)
            await disable_staff(session, staff_id=staff_id)
        await disable_staff(session, staff_id=supervisor)


async def _write_one(
    database: Database,
    key_ring: KeyRing,
    settings: Settings,
    content: Content,
    writer: Writer,
    script: Script,
    began: datetime,
    staff_id: UUID,
    supervisor: UUID,
) -> None:
    start = Start(
        start_id=uuid4(),
        language="en",
        topic=script.topics[0],
        child=ChildFacts(**script.child),
        consent_version=content.notices.consent.version if script.consent else None,
        origin=Origin.SIMULATED,
    )
    async with transaction(database) as session:
        started = await start_conversation(
            session, key_ring, content.codebook, secret=settings.server_secret, start=start
        )
        await claim(session, staff_id=staff_id, conversation_id=started.conversation_id)
        place = await staff_place(session, staff_id=staff_id, conversation_id=started.conversation_id)
    await _talk(writer, script, started, coach=place.participant.id)
    async with transaction(database) as session:
        ending = place
        if script.ended_by == "parent":
            ending = await parent_place(session, started.conversation_id)
        await end(session, key_ring, place=ending)
        done = WrapUp(script.topics, script.disposition, script.barriers, script.service_gaps)
        while not await wrap_up(session, key_ring, content.codebook, place=place, wrap_up=done):
            await work_through(
                session, key_ring, conversation_id=started.conversation_id, supervisor=supervisor
            )
        await _date_back(session, started.conversation_id, began=began)


async def _talk(writer: Writer, script: Script, started: Started, *, coach: UUID) -> None:
    lines = [(started.participant_id, body) for body in script.opening]
    for number, body in enumerate(script.replies):
        lines.append((coach, body))
        lines += [(started.participant_id, nod) for nod in script.nods[number : number + 1]]
    lines.append((started.participant_id, script.thanks))
    for participant, body in lines:
        await writer.posted(
            conversation=started.conversation_id,
            participant=participant,
            client_message_id=uuid4(),
            body=body,
        )


async def _past_staff(database: Database) -> tuple[list[UUID], UUID]:
    """The coaches, and the supervisor who works their concerns through."""
    run = uuid4().hex[:6]
    coaches = []
    async with transaction(database) as session:
        for number in range(1, COACHES + 1):
            staff, _ = await add_staff(
                session,
                email=f"past-coach-{number}-{run}@example.org",
                name=f"Coach {number} (rehearsed)",
                role=Role.COACH,
            )
            await set_availability(session, staff_id=staff.id, availability=Availability.AVAILABLE)
            coaches.append(staff.id)
        lead, _ = await add_staff(
            session,
            email=f"past-supervisor-{run}@example.org",
            name="Supervisor (rehearsed)",
            role=Role.SUPERVISOR,
        )
    return coaches, lead.id


def _past_moment(chance: random.Random) -> datetime:
    """A moment of the past year on a working day, in the hours when parents write."""
    day = clock.now() - timedelta(days=chance.randint(2, YEAR_DAYS))
    day -= timedelta(days=max(0, day.weekday() - 4))
    return day.replace(
        hour=chance.randint(FIRST_HOUR, LAST_HOUR), minute=chance.randint(0, 59), second=chance.randint(0, 59)
    )


async def _date_back(session: AsyncSession, conversation_id: UUID, *, began: datetime) -> None:
    """Move all that was written of a rehearsed conversation to when it is said to have been."""
    seqs = sorted(
        await session.scalars(
            select(col(LogEntry.seq)).where(
                col(LogEntry.conversation_id) == conversation_id, col(LogEntry.stream) == "conv"
            )
        )
    )
    opened = began + timedelta(seconds=20 + conversation_id.int % 400)
    step = timedelta(seconds=100 + conversation_id.int % 90)
    ended, closed = opened + step * len(seqs), opened + step * (len(seqs) + 2)
    await session.execute(
        update(LogEntry),
        [
            {
                "conversation_id": conversation_id,
                "stream": "conv",
                "seq": seq,
                "at": began if seq == 1 else opened + step * (seq - 2),
            }
            for seq in seqs
        ],
    )
    this = conversation_id
    for change in (
        update(LogEntry)
        .where(col(LogEntry.conversation_id) == this, col(LogEntry.stream) == "staff")
        .values(at=closed),
        update(Conversation)
        .where(col(Conversation.id) == this)
        .values(created_at=began, opened_at=opened, ended_at=ended, closed_at=closed),
        update(Participant)
        .where(col(Participant.conversation_id) == this, col(Participant.role) == "parent")
        .values(joined_at=began),
        update(Participant)
        .where(col(Participant.conversation_id) == this, col(Participant.role) != "parent")
        .values(joined_at=opened, left_at=closed),
        update(QueueEntry)
        .where(col(QueueEntry.conversation_id) == this)
        .values(entered_at=began, ended_at=opened),
        update(Assignment)
        .where(col(Assignment.conversation_id) == this)
        .values(assigned_at=opened, ended_at=closed),
        update(Tagging).where(col(Tagging.conversation_id) == this).values(at=closed),
        update(Consent).where(col(Consent.conversation_id) == this).values(given_at=began),
        update(ParentToken).where(col(ParentToken.conversation_id) == this).values(created_at=began),
    ):
        await session.execute(change)
