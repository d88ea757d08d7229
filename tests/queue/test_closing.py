"""Ending, leaving and wrapping up: every refusal, every race, and what stays behind."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import delete, select
from sqlmodel import col

from app.chat.access import Place, staff_place
from app.chat.models import Conversation, LogEntry
from app.db import Database, reading, transaction
from app.errors import AppError, NotFound
from app.events import CoachReleased, ConversationClosed
from app.queue.actions import Claimed
from app.queue.models import Assignment, QueueEntry
from app.queue.queries import load_of
from app.safeguarding.actions import raise_concern, step_concern
from app.sealing import KeyRing
from app.settings import Settings
from app.topics.models import Tagging
from tests.cast import CARYS, DEWI, ESTHER
from tests.scenes import claim, coachs, decided_with, end, enter, on_duty, parents, wrap_up


async def _status(database: Database, conversation: UUID) -> str:
    async with reading(database) as session:
        return (
            await session.execute(
                select(col(Conversation.status)).where(col(Conversation.id) == conversation)
            )
        ).scalar_one()


async def _kinds(database: Database, conversation: UUID, stream: str = "conv") -> list[str]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.kind))
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == stream)
            .order_by(col(LogEntry.seq))
        )
        return list(rows.scalars())


async def _open(database: Database, settings: Settings) -> tuple[Place, Place]:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    return await parents(database, started.conversation_id), await coachs(
        database, carys, started.conversation_id
    )


async def test_a_parent_who_still_waits_leaves_and_is_abandoned(
    database: Database, settings: Settings
) -> None:
    started = await enter(database, settings)
    place = await parents(database, started.conversation_id)
    await end(database, settings, place)
    await end(database, settings, place)  # a second tap changes nothing
    assert await _status(database, started.conversation_id) == "abandoned"
    assert await _kinds(database, started.conversation_id) == ["queue.entered", "conversation.abandoned"]
    carys = await on_duty(database, CARYS)
    with pytest.raises(AppError) as refused:
        await claim(database, carys, started.conversation_id)
    assert refused.value.code == "already_claimed"


@pytest.mark.parametrize("who", ["parent", "coach"])
async def test_either_side_ends_it_once(database: Database, settings: Settings, who: str) -> None:
    parent, coach = await _open(database, settings)
    place, other = (parent, coach) if who == "parent" else (coach, parent)
    await asyncio.gather(
        end(database, settings, place), end(database, settings, other), end(database, settings, place)
    )
    assert await _status(database, place.conversation.id) == "wrap_up"
    assert (await _kinds(database, place.conversation.id)).count("conversation.ended") == 1


async def test_leaving_and_being_claimed_at_once_end_in_one_consistent_state(
    database: Database, settings: Settings
) -> None:
    carys = await on_duty(database, CARYS)
    seen = set()
    for turn in range(12):
        started = await enter(database, settings)
        place = await parents(database, started.conversation_id)
        both = [end(database, settings, place), claim(database, carys, started.conversation_id)]
        outcomes = await asyncio.gather(*(both if turn % 2 else both[::-1]), return_exceptions=True)
        claimed = any(isinstance(outcome, Claimed) for outcome in outcomes)
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        status = await _status(database, started.conversation_id)
        seen.add(status)
        async with reading(database) as session:
            entry = (
                await session.execute(
                    select(col(QueueEntry.state)).where(
                        col(QueueEntry.conversation_id) == started.conversation_id
                    )
                )
            ).scalar_one()
        if claimed:
            assert refused == []
            assert (status, entry) == ("wrap_up", "assigned")
            await wrap_up(database, settings, await coachs(database, carys, started.conversation_id))
        else:
            assert [error.code for error in refused if isinstance(error, AppError)] == ["already_claimed"]
            assert (status, entry) == ("abandoned", "abandoned")
    assert seen <= {"wrap_up", "abandoned"}


async def test_a_wrap_up_tags_closes_and_frees_the_coach(database: Database, settings: Settings) -> None:
    parent, coach = await _open(database, settings)
    heard: list[object] = []
    database.bus.subscribe(ConversationClosed, heard.append)
    database.bus.subscribe(CoachReleased, heard.append)
    await end(database, settings, parent)
    await wrap_up(
        database,
        settings,
        coach,
        topics=("school-refusal", "sleep", "sleep"),
        barriers=("academic-pressure",),
    )
    conversation = parent.conversation.id
    assert await _status(database, conversation) == "closed"
    assert await _kinds(database, conversation, "staff") == ["conversation.tagged"]
    assert (await _kinds(database, conversation))[-2:] == ["conversation.ended", "conversation.closed"]
    assert {type(event) for event in heard} == {ConversationClosed, CoachReleased}
    async with reading(database) as session:
        tags = (
            await session.execute(
                select(
                    col(Tagging.kind), col(Tagging.code), col(Tagging.rank), col(Tagging.tagged_by)
                ).order_by(col(Tagging.kind), col(Tagging.rank))
            )
        ).all()
        assert [tuple(tag) for tag in tags] == [
            ("barrier", "academic-pressure", 1, "coach"),
            ("disposition", "advice-given", 1, "coach"),
            ("topic", "school-attendance/school-refusal", 1, "coach"),
            ("topic", "sleep", 2, "coach"),
        ]
        staff_id = coach.participant.staff_id
        assert staff_id is not None
        assert await load_of(session, staff_id=staff_id) == 0
        with pytest.raises(NotFound):
            await staff_place(session, staff_id=staff_id, conversation_id=conversation)
        ended = (await session.execute(select(col(Assignment.ended_at)))).scalar_one()
        assert ended is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": ("slep",)},
        {"topics": ("sleep", "nonsense")},
        {"barriers": ("nonsense",)},
        {"service_gaps": ("nonsense",)},
        {"disposition": "nonsense"},
        {"disposition": "sleep"},
    ],
)
async def test_an_unknown_code_is_named_and_nothing_changes(
    database: Database, settings: Settings, wrong: dict[str, object]
) -> None:
    parent, coach = await _open(database, settings)
    await end(database, settings, parent)
    with pytest.raises(AppError) as refused:
        await wrap_up(database, settings, coach, **wrong)
    assert refused.value.code == "bad_request"
    assert refused.value.next_step
    assert await _status(database, parent.conversation.id) == "wrap_up"
    async with reading(database) as session:
        assert (await session.execute(select(Tagging))).all() == []


async def test_near_matches_are_offered(database: Database, settings: Settings) -> None:
    parent, coach = await _open(database, settings)
    await end(database, settings, parent)
    with pytest.raises(AppError) as refused:
        await wrap_up(database, settings, coach, topics=("slep",))
    assert "slep" in refused.value.message
    assert "sleep" in refused.value.next_step


async def test_what_has_not_ended_cannot_be_wrapped_up(database: Database, settings: Settings) -> None:
    _, coach = await _open(database, settings)
    with pytest.raises(AppError, match="not ended"):
        await wrap_up(database, settings, coach)
    assert await _status(database, coach.conversation.id) == "open"


async def test_what_is_closed_cannot_be_wrapped_up_again(database: Database, settings: Settings) -> None:
    parent, coach = await _open(database, settings)
    await end(database, settings, parent)
    outcomes = await asyncio.gather(
        wrap_up(database, settings, coach),
        wrap_up(database, settings, coach, topics=("send",)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, AppError) for outcome in outcomes].count(True) == 1
    assert (await _kinds(database, parent.conversation.id)).count("conversation.closed") == 1


async def test_an_open_concern_keeps_it_from_closing(database: Database, settings: Settings) -> None:
    parent, coach = await _open(database, settings)
    esther, ring = await on_duty(database, ESTHER), KeyRing(settings.key_ring)
    await end(database, settings, parent)
    assert coach.participant.staff_id is not None
    async with transaction(database) as session:
        concern = await raise_concern(
            session,
            ring,
            conversation_id=parent.conversation.id,
            staff_id=coach.participant.staff_id,
            by="Carys",
            category="harm_to_baby",
            note="",
        )
    for state in ("acknowledged", "assessed", "decided", "closed"):
        with pytest.raises(AppError, match="concern"):
            await wrap_up(database, settings, coach)
        async with transaction(database) as session:
            await step_concern(
                session,
                ring,
                concern_id=concern.id,
                staff_id=esther.id,
                by="Esther",
                state=state,
                note="Spoken with the family.",
                decision=decided_with(coach.participant.staff_id, state),
            )
    await wrap_up(database, settings, coach)
    assert await _status(database, parent.conversation.id) == "closed"


async def test_a_concern_raised_while_wrapping_up_is_never_passed_over(
    database: Database, settings: Settings
) -> None:
    """Both want the conversation's lock: the concern is first and holds it open, or is told it is closed."""
    carys, ring = await on_duty(database, CARYS), KeyRing(settings.key_ring)
    for _ in range(6):
        started = await enter(database, settings)
        await claim(database, carys, started.conversation_id)
        parent = await parents(database, started.conversation_id)
        coach = await coachs(database, carys, started.conversation_id)
        await end(database, settings, parent)

        async def worry(conversation: UUID = started.conversation_id) -> None:
            async with transaction(database) as session:
                await staff_place(session, staff_id=carys.id, conversation_id=conversation)
                await raise_concern(
                    session,
                    ring,
                    conversation_id=conversation,
                    staff_id=carys.id,
                    by="Carys",
                    category="missing_child",
                    note="",
                )

        await asyncio.gather(worry(), wrap_up(database, settings, coach), return_exceptions=True)
        kinds = await _kinds(database, started.conversation_id, "staff")
        if await _status(database, started.conversation_id) == "closed":
            assert kinds == ["conversation.tagged"]
        else:
            assert kinds == ["concern.raised"]
            async with transaction(database) as session:
                await session.execute(delete(Assignment))  # room for the next turn


async def test_somebody_else_is_told_that_there_is_nothing(database: Database, settings: Settings) -> None:
    _, coach = await _open(database, settings)
    dewi = await on_duty(database, DEWI)
    with pytest.raises(NotFound):
        await coachs(database, dewi, coach.conversation.id)
