"""A rehearsal that is broken off leaves nobody waiting, and touches nobody else."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlmodel import col

from app.accounts.actions import add_staff
from app.accounts.models import Role
from app.chat.models import Conversation
from app.chat.rules import Origin
from app.content.reading import read_content
from app.content.rules import Codebook
from app.db import Database, reading, transaction
from app.queue.actions import claim, set_availability
from app.queue.models import Availability
from app.queue.starts import Start, start_conversation
from app.rehearsal.leaving import leave_nobody
from app.safeguarding.actions import raise_concern
from app.sealing import KeyRing
from app.settings import Settings


async def begin(
    database: Database, key_ring: KeyRing, codebook: Codebook, *, origin: Origin, coach: UUID | None = None
) -> UUID:
    start = Start(start_id=uuid4(), language="en", origin=origin)
    async with transaction(database) as session:
        started = await start_conversation(session, key_ring, codebook, secret=b"s", start=start)
        if coach is not None:
            await claim(session, staff_id=coach, conversation_id=started.conversation_id)
    return started.conversation_id


async def test_what_was_rehearsed_ends_and_the_rest_stays(settings: Settings, database: Database) -> None:
    codebook, key_ring = read_content(settings.content_dir).codebook, KeyRing(settings.key_ring)
    async with transaction(database) as session:
        coach, _ = await add_staff(session, email="coach@example.org", name="Eira", role=Role.COACH)
        await set_availability(session, staff_id=coach.id, availability=Availability.AVAILABLE)
        lead, _ = await add_staff(session, email="lead@example.org", name="Sam", role=Role.SUPERVISOR)
    simulated = Origin.SIMULATED
    waiting = await begin(database, key_ring, codebook, origin=simulated)
    talking = await begin(database, key_ring, codebook, origin=simulated, coach=coach.id)
    worrying = await begin(database, key_ring, codebook, origin=simulated, coach=coach.id)
    another = await begin(database, key_ring, codebook, origin=simulated)
    real = await begin(database, key_ring, codebook, origin=Origin.PARENT)
    async with transaction(database) as session:
        await raise_concern(
            session,
            key_ring,
            conversation_id=worrying,
            staff_id=coach.id,
            by="Eira",
            category="missing_child",
            note="",
        )

    rehearsed = {waiting, talking, worrying, real}
    assert await leave_nobody(database, key_ring, codebook, rehearsed=rehearsed, supervisor=lead.id) == 3

    async with reading(database) as session:
        rows = await session.execute(select(col(Conversation.id), col(Conversation.status)))
        assert dict(rows.all()) == {
            waiting: "abandoned",
            talking: "closed",
            worrying: "closed",
            another: "waiting",
            real: "waiting",
        }
