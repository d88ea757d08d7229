"""Nobody is left talking to nobody: lost coaches, parents who left, wrap-ups that never come."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app import clock, db
from app.accounts.models import Staff
from app.chat.models import Conversation, LogEntry
from app.db import Database, reading, transaction
from app.errors import NotFound
from app.queue import candidates, presence, queries
from app.queue.models import Assignment, Lease, ParentLease
from app.queue.offers import decide
from app.queue.rules import Turn
from app.queue.stranded import bounds_of, find, lose, note_away, sweep
from app.safeguarding.actions import raise_concern
from app.sealing import KeyRing
from app.settings import Settings, Timers
from tests.cast import CARYS, DEWI
from tests.scenes import claim, coachs, end, enter, on_duty, parents, say, writing

BOUNDS = bounds_of(Timers())
SECOND = timedelta(seconds=1)


async def _silent(database: Database, staff: Staff, seconds: float, *, lost: float | None = None) -> None:
    async with transaction(database) as session:
        now = await db.time_of(session)
        await session.execute(
            update(Lease)
            .where(col(Lease.staff_id) == staff.id)
            .values(seen_at=now - seconds * SECOND, lost_at=None if lost is None else now - lost * SECOND)
        )


async def _parent_silent(database: Database, conversation: UUID, seconds: float) -> None:
    async with transaction(database) as session:
        await presence.renew_parents(session, heard={conversation: seconds})


async def _told(database: Database, conversation: UUID, stream: str = "conv") -> list[tuple[str, object]]:
    async with reading(database) as session:
        rows = await session.scalars(
            select(LogEntry)
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == stream)
            .order_by(col(LogEntry.seq))
        )
        return [(row.kind, row.data.get("by")) for row in rows]


async def _status(database: Database, conversation: UUID) -> tuple[str, int]:
    async with reading(database) as session:
        row = await session.execute(
            select(col(Conversation.status), col(Conversation.generation)).where(
                col(Conversation.id) == conversation
            )
        )
        status, generation = row.one()
        return status, generation


async def test_a_coach_who_is_heard_keeps_what_is_theirs(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    await _silent(database, carys, BOUNDS.lost.total_seconds() - 2)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _told(database, started.conversation_id))[-1] == ("conversation.assigned", None)


async def test_a_lost_coach_is_told_of_and_welcomed_back(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    await _silent(database, carys, 36)
    for _ in range(2):  # a second look finds nothing new
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    async with reading(database) as session:
        assert not (await candidates.coaches(session))[0].alive
    async with transaction(database) as session:
        await presence.renew(session, heard={carys.id: 0})
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _told(database, started.conversation_id))[2:] == [
        ("conversation.paused", "coach"),
        ("conversation.resumed", "coach"),
    ]
    async with reading(database) as session:
        assert (await candidates.coaches(session))[0].alive


async def test_a_lost_coachs_parents_lead_the_queue_with_a_card(
    database: Database, settings: Settings
) -> None:
    carys, theirs = await on_duty(database, CARYS), await enter(database, settings, topic="sleep")
    await claim(database, carys, theirs.conversation_id)
    before = await enter(database, settings)
    async with writing(database, settings) as writer:
        place = await coachs(database, carys, theirs.conversation_id)
        await say(writer, await parents(database, theirs.conversation_id), "One two three.")
        await _silent(database, carys, 61, lost=26)
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
        with pytest.raises(Exception, match="not"):  # fenced out
            await say(writer, place, "I am still here.")
    assert await _status(database, theirs.conversation_id) == ("waiting", 2)
    assert (await _told(database, theirs.conversation_id))[-1][0] == "queue.entered"
    with pytest.raises(NotFound):
        await coachs(database, carys, theirs.conversation_id)
    async with reading(database) as session:
        head = await candidates.head_of_queue(session, now=clock.now())
        assert [(each.conversation, each.turn, each.topic) for each in head] == [
            (theirs.conversation_id, Turn.RETURNED, "sleep"),
            (before.conversation_id, Turn.ORDINARY, None),
        ]
        assert await decide(session, clock.now()) is None, "nobody new comes to who is lost"
        card = await session.scalar(
            select(LogEntry).where(
                col(LogEntry.conversation_id) == theirs.conversation_id,
                col(LogEntry.kind) == "conversation.handed_over",
            )
        )
    assert card is not None
    assert (card.stream, card.data["from"], card.data["why"]) == ("staff", CARYS.name, "lost")
    assert (card.data["parent_messages"], card.data["staff_messages"]) == (1, 0)
    dewi = await on_duty(database, DEWI)
    assert (await claim(database, dewi, theirs.conversation_id)).generation == 3


async def test_after_a_time_without_any_worker_coaches_get_their_time_to_come_back(
    database: Database, settings: Settings
) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    await _silent(database, carys, 600)
    for _ in range(2):
        await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert await _status(database, started.conversation_id) == ("open", 1)


async def test_of_two_sweepers_one_acts(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    await _silent(database, carys, 36)
    async with reading(database) as session:
        assert (await find(session, BOUNDS)).lost == [carys.id]
    for first in (True, False):
        async with transaction(database) as session:
            assert await lose(session, staff_id=carys.id, bounds=BOUNDS) is first


async def test_a_parent_who_left_is_waited_for_and_welcomed_back(
    database: Database, settings: Settings
) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    conversation = started.conversation_id
    await _assigned_ago(database, conversation, 200)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)  # they were never seen at all
    async with transaction(database) as session:
        assert not await note_away(session, conversation_id=conversation, bounds=BOUNDS)
    await _parent_silent(database, conversation, -1)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _told(database, conversation))[2:] == [
        ("conversation.paused", "parent"),
        ("conversation.resumed", "parent"),
    ]


async def test_a_parent_who_stays_away_is_let_go_kindly(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    conversation = started.conversation_id
    await _assigned_ago(database, conversation, 1000)
    await _parent_silent(database, conversation, 901)
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _status(database, conversation))[0] == "open"
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _status(database, conversation))[0] == "wrap_up"
    assert (await _told(database, conversation))[-1] == ("conversation.ended", "absence")


async def test_what_was_known_of_a_parent_under_an_earlier_coach_says_nothing(
    database: Database, settings: Settings
) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    async with transaction(database) as session:
        old = await db.time_of(session) - timedelta(hours=1)
        session.add(ParentLease(conversation_id=started.conversation_id, seen_at=old, away_at=old))
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _status(database, started.conversation_id))[0] == "open"
    assert len(await _told(database, started.conversation_id)) == 2


@pytest.mark.parametrize("worried", [False, True], ids=["closes", "waits for its concern"])
async def test_a_wrap_up_that_never_comes(database: Database, settings: Settings, *, worried: bool) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings, topic="sleep")
    conversation = started.conversation_id
    await claim(database, carys, conversation)
    if worried:
        async with transaction(database) as session:
            await raise_concern(
                session,
                KeyRing(settings.key_ring),
                conversation_id=conversation,
                staff_id=carys.id,
                by=carys.name,
                category="missing_child",
                note="",
            )
    await end(database, settings, await parents(database, conversation))
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _status(database, conversation))[0] == "wrap_up"
    async with transaction(database) as session:
        await session.execute(update(Conversation).values(ended_at=clock.now() - BOUNDS.wrap_up))
    await sweep(database, KeyRing(settings.key_ring), BOUNDS)
    assert (await _status(database, conversation))[0] == ("wrap_up" if worried else "closed")
    async with reading(database) as session:
        assert await queries.load_of(session, staff_id=carys.id) == int(worried)


async def _assigned_ago(database: Database, conversation: UUID, seconds: float) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(Assignment)
            .where(col(Assignment.conversation_id) == conversation)
            .values(assigned_at=clock.now() - seconds * SECOND)
        )
