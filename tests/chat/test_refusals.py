"""Whom and what the writer refuses, and what it outlives."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from app.chat.access import Place
from app.chat.models import ConversationKey, Participant
from app.chat.rules import Stream
from app.chat.writer import Posted
from app.db import Database, open_database, transaction
from app.errors import AppError
from app.events import LogAppended
from app.settings import Settings
from tests.chat.posts import claimed, head_of, refusal, said, waiting
from tests.scenes import end, say, writing


async def test_a_former_coach_writes_nothing(database: Database, settings: Settings) -> None:
    _, coach = await claimed(database, settings)
    async with writing(database, settings) as writer:
        await say(writer, coach, "Mine to write")
        async with transaction(database) as session:
            await session.execute(text("UPDATE conversation SET generation = generation + 1"))
        assert await refusal(say(writer, coach, "A moment too late")) == "not_assignee"
        note = writer.posted(
            conversation=coach.conversation.id,
            participant=coach.participant.id,
            stream=Stream.STAFF,
            client_message_id=uuid4(),
            body="A note too late",
        )
        assert await refusal(note) == "not_assignee"
        async with transaction(database) as session:  # the control: the fence is the generation alone
            await session.execute(text("UPDATE conversation SET generation = generation - 1"))
        await say(writer, coach, "Mine again")
    assert await said(database, settings, coach.conversation.id) == ["Mine to write", "Mine again"]


async def test_a_coach_who_left_writes_nothing(database: Database, settings: Settings) -> None:
    _, coach = await claimed(database, settings)
    async with transaction(database) as session:
        await session.execute(
            update(Participant)
            .where(col(Participant.id) == coach.participant.id)
            .values(left_at=coach.participant.joined_at + timedelta(seconds=1))
        )
    async with writing(database, settings) as writer:
        assert await refusal(say(writer, coach, "After leaving")) == "not_assignee"


async def test_a_repeat_is_still_answered_after_the_end(database: Database, settings: Settings) -> None:
    """The ok was lost on the way; the message was not."""
    place, client_id = await waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        await say(writer, place, "Bye", client_id=client_id)
        await end(database, settings, place)
        assert (await say(writer, place, "Bye", client_id=client_id)).duplicate
        assert await refusal(say(writer, place, "One more thing")) == "conversation_closed"
    assert await said(database, settings, place.conversation.id) == ["Bye"]


async def test_another_conversations_participant_is_nobody_here(
    database: Database, settings: Settings
) -> None:
    alys, bron = await waiting(database, settings), await waiting(database, settings)
    stranger = Place(conversation=alys.conversation, participant=bron.participant)
    async with writing(database, settings) as writer:
        assert await refusal(say(writer, stranger, "Let me in")) == "not_found"
    assert await said(database, settings, alys.conversation.id) == []


async def test_a_full_backlog_asks_to_come_back(database: Database, settings: Settings) -> None:
    place = await waiting(database, settings)
    async with writing(database, settings, backlog=5) as writer:
        outcomes = await asyncio.gather(
            *(say(writer, place, f"Message {turn}") for turn in range(9)), return_exceptions=True
        )
    refused = [outcome for outcome in outcomes if isinstance(outcome, AppError)]
    assert len(refused) == 4
    assert {(error.code, error.retryable) for error in refused} == {("rate_limited", True)}
    assert all(error.retry_ms and error.retry_ms > 0 for error in refused)
    assert len(await said(database, settings, place.conversation.id)) == 5


async def test_a_batch_that_fails_stores_nothing_and_the_next_one_works(
    database: Database, settings: Settings
) -> None:
    heard: list[LogAppended] = []
    place, other = await waiting(database, settings), await waiting(database, settings)
    database.bus.subscribe(LogAppended, heard.append)
    client_id = uuid4()
    async with writing(database, settings) as writer:
        async with transaction(database) as session:
            await session.execute(text("ALTER TABLE log_entry RENAME TO gone"))
        outcomes = await asyncio.gather(
            say(writer, place, "One", client_id=client_id), say(writer, other, "Two"), return_exceptions=True
        )
        for outcome in outcomes:
            assert isinstance(outcome, AppError)
            assert (outcome.code, outcome.retryable) == ("internal", True)
        async with transaction(database) as session:
            await session.execute(text("ALTER TABLE gone RENAME TO log_entry"))
        assert heard == []
        assert await head_of(database, place.conversation.id) == 1
        assert not (await say(writer, place, "One", client_id=client_id)).duplicate
    assert await said(database, settings, place.conversation.id) == ["One"]
    assert await said(database, settings, other.conversation.id) == []


async def test_one_conversations_lost_key_does_not_stop_the_others(
    database: Database, settings: Settings
) -> None:
    lost, well = await waiting(database, settings), await waiting(database, settings)
    async with transaction(database) as session:
        await session.execute(
            update(ConversationKey)
            .where(col(ConversationKey.conversation_id) == lost.conversation.id)
            .values(wrapped=b"forgotten:" + b"x" * 60)
        )
    async with writing(database, settings) as writer:
        outcomes = await asyncio.gather(
            say(writer, lost, "Sealed how?"), say(writer, well, "Hello"), return_exceptions=True
        )
        assert isinstance(outcomes[0], AppError)
        assert isinstance(outcomes[1], Posted)
        assert await say(writer, well, "Still here")


@pytest.mark.parametrize("body", ["", " \n\t", "x" * 4001, "a\0b", "\ud800"])
async def test_no_unfit_text_reaches_the_database(database: Database, settings: Settings, body: str) -> None:
    place = await waiting(database, settings)
    async with writing(database, settings) as writer:
        code = await refusal(say(writer, place, body))
        assert code == ("too_large" if len(body) > 4000 else "bad_request")
        await say(writer, place, "The writer lives")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # a file cuts nobody off
async def test_the_writer_outlives_a_database_that_cuts_everybody_off(
    database: Database, settings: Settings
) -> None:
    place, client_id = await waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        await say(writer, place, "Before")
        admin = open_database(settings)
        async with transaction(admin) as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        await admin.engine.dispose()
        with pytest.raises(AppError) as refused:
            await say(writer, place, "After", client_id=client_id)
        assert (refused.value.code, refused.value.retryable) == ("internal", True)
        assert not (await say(writer, place, "After", client_id=client_id)).duplicate
    assert await said(database, settings, place.conversation.id) == ["Before", "After"]
