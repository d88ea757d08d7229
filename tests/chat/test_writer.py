"""The writer: stored once, numbered without gaps, acknowledged only after the commit, fenced and bounded."""

import asyncio
import unicodedata
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck
from hypothesis import given as over
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlmodel import col

from app import clock
from app.chat import log
from app.chat.access import Place
from app.chat.models import ConversationKey, LogEntry, Participant, StreamHead
from app.chat.rules import Stream
from app.chat.transcript import read_messages
from app.chat.writer import Post, Posted, Writer
from app.db import Database, open_database, reading, transaction
from app.errors import AppError
from app.events import LogAppended
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import PATIENCE_S, claim, coachs, end, enter, on_duty, parents, say, wrap_up, writing


async def _seqs(database: Database, conversation: UUID, stream: str = "conv") -> list[int]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.seq))
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == stream)
            .order_by(col(LogEntry.seq))
        )
        return list(rows.scalars())


async def _head(database: Database, conversation: UUID) -> int:
    async with reading(database) as session:
        return (
            await session.execute(
                select(col(StreamHead.head)).where(
                    col(StreamHead.conversation_id) == conversation, col(StreamHead.stream) == "conv"
                )
            )
        ).scalar_one()


async def _said(database: Database, settings: Settings, conversation: UUID) -> list[str]:
    async with reading(database) as session:
        messages = await read_messages(session, KeyRing(settings.key_ring), conversation_id=conversation)
    return [message.body for message in messages]


async def _waiting(database: Database, settings: Settings) -> Place:
    started = await enter(database, settings)
    return await parents(database, started.conversation_id)


async def _code(work: "asyncio.Future[Posted] | object") -> str:
    with pytest.raises(AppError) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def test_fifty_posts_of_one_id_at_once_make_one_row(database: Database, settings: Settings) -> None:
    place, client_id = await _waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        posted = await asyncio.gather(
            *(say(writer, place, "Are you there?", client_id=client_id) for _ in range(50))
        )
        late = await say(writer, place, "Are you there?", client_id=client_id)
    assert len({(post.message_id, post.seq) for post in [*posted, late]}) == 1
    assert [post.duplicate for post in posted].count(False) == 1
    assert late.duplicate
    assert {post.at for post in [*posted, late]} == {late.at}
    assert await _said(database, settings, place.conversation.id) == ["Are you there?"]


async def test_two_writers_of_two_workers_store_one_id_once(database: Database, settings: Settings) -> None:
    """As when a client comes back on another worker while the first one still commits."""
    place, elsewhere = await _waiting(database, settings), open_database(settings)
    async with writing(database, settings) as one, writing(elsewhere, settings) as other:
        for turn in range(10):
            client_id = uuid4()
            posted = await asyncio.gather(
                *(say(writer, place, f"Turn {turn}", client_id=client_id) for writer in (one, other) * 3)
            )
            assert len({post.message_id for post in posted}) == 1
            assert [post.duplicate for post in posted].count(False) == 1
    assert await _seqs(database, place.conversation.id) == list(range(1, 12))
    await elsewhere.engine.dispose()


async def test_the_same_id_with_other_words_is_a_conflict(database: Database, settings: Settings) -> None:
    place, client_id = await _waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        await say(writer, place, "One", client_id=client_id)
        assert await _code(say(writer, place, "Two", client_id=client_id)) == "idempotency_conflict"
        both = [say(writer, place, words, client_id=uuid4()) for words in ("Three", "Four")]
        await asyncio.gather(*both)
    assert await _said(database, settings, place.conversation.id) == ["One", "Three", "Four"]


async def test_within_one_batch_the_first_of_two_wins(database: Database, settings: Settings) -> None:
    place, client_id = await _waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        first, second = await asyncio.gather(
            say(writer, place, "One", client_id=client_id),
            say(writer, place, "Two", client_id=client_id),
            return_exceptions=True,
        )
    assert isinstance(first, Posted)
    assert isinstance(second, AppError)
    assert second.code == "idempotency_conflict"


async def test_two_people_may_use_the_same_client_id(database: Database, settings: Settings) -> None:
    client_id = uuid4()
    async with writing(database, settings) as writer:
        for _ in range(2):
            posted = await say(writer, await _waiting(database, settings), "Hello", client_id=client_id)
            assert not posted.duplicate


async def test_a_batch_over_many_conversations_keeps_them_apart(
    database: Database, settings: Settings
) -> None:
    places = [await _waiting(database, settings) for _ in range(8)]
    async with writing(database, settings) as writer:
        await asyncio.gather(
            *(
                say(writer, place, f"{number}:{turn}")
                for turn in range(6)
                for number, place in enumerate(places)
            )
        )
    for number, place in enumerate(places):
        assert await _said(database, settings, place.conversation.id) == [f"{number}:{n}" for n in range(6)]
        assert await _seqs(database, place.conversation.id) == list(range(1, 8))
        assert await _head(database, place.conversation.id) == 7


async def test_posts_claim_and_end_at_once_leave_no_gap(database: Database, settings: Settings) -> None:
    """Whatever the order in which they get the lock: the log ends 1..n, and each ok is in it."""
    carys = await on_duty(database, CARYS)
    for _ in range(6):
        place = await _waiting(database, settings)
        conversation = place.conversation.id

        async def claim_and_end(place: Place = place, conversation: UUID = conversation) -> None:
            await claim(database, carys, conversation)
            await end(database, place)

        async with writing(database, settings) as writer:
            outcomes = await asyncio.gather(
                *(say(writer, place, f"Message {turn}") for turn in range(10)),
                claim_and_end(),
                *(say(writer, place, f"Message {turn}") for turn in range(10, 20)),
                return_exceptions=True,
            )
        posted = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert all(isinstance(r, AppError) and r.code == "conversation_closed" for r in refused), refused
        seqs = await _seqs(database, conversation)
        assert seqs == list(range(1, len(posted) + 4))
        assert await _head(database, conversation) == seqs[-1]
        assert len({post.seq for post in posted}) == len(posted)
        await wrap_up(database, await coachs(database, carys, conversation))


async def _claimed(database: Database, settings: Settings) -> tuple[Place, Place]:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    return await parents(database, started.conversation_id), await coachs(
        database, carys, started.conversation_id
    )


async def test_a_former_coach_writes_nothing(database: Database, settings: Settings) -> None:
    _, coach = await _claimed(database, settings)
    async with writing(database, settings) as writer:
        await say(writer, coach, "Mine to write")
        async with transaction(database) as session:
            await session.execute(text("UPDATE conversation SET generation = generation + 1"))
        assert await _code(say(writer, coach, "A moment too late")) == "not_assignee"
        note = writer.posted(
            conversation=coach.conversation.id,
            participant=coach.participant.id,
            stream=Stream.STAFF,
            client_message_id=uuid4(),
            body="A note too late",
        )
        assert await _code(note) == "not_assignee"
        async with transaction(database) as session:  # the control: the fence is the generation alone
            await session.execute(text("UPDATE conversation SET generation = generation - 1"))
        await say(writer, coach, "Mine again")
    assert await _said(database, settings, coach.conversation.id) == ["Mine to write", "Mine again"]


async def test_a_coach_who_left_writes_nothing(database: Database, settings: Settings) -> None:
    _, coach = await _claimed(database, settings)
    async with transaction(database) as session:
        await session.execute(
            update(Participant)
            .where(col(Participant.id) == coach.participant.id)
            .values(left_at=coach.participant.joined_at + timedelta(seconds=1))
        )
    async with writing(database, settings) as writer:
        assert await _code(say(writer, coach, "After leaving")) == "not_assignee"


async def test_a_repeat_is_still_answered_after_the_end(database: Database, settings: Settings) -> None:
    """The ok was lost on the way; the message was not."""
    place, client_id = await _waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        await say(writer, place, "Bye", client_id=client_id)
        await end(database, place)
        assert (await say(writer, place, "Bye", client_id=client_id)).duplicate
        assert await _code(say(writer, place, "One more thing")) == "conversation_closed"
    assert await _said(database, settings, place.conversation.id) == ["Bye"]


async def test_another_conversations_participant_is_nobody_here(
    database: Database, settings: Settings
) -> None:
    alys, bron = await _waiting(database, settings), await _waiting(database, settings)
    stranger = Place(conversation=alys.conversation, participant=bron.participant)
    async with writing(database, settings) as writer:
        assert await _code(say(writer, stranger, "Let me in")) == "not_found"
    assert await _said(database, settings, alys.conversation.id) == []


async def test_a_full_backlog_asks_to_come_back(database: Database, settings: Settings) -> None:
    place = await _waiting(database, settings)
    async with writing(database, settings, backlog=5) as writer:
        outcomes = await asyncio.gather(
            *(say(writer, place, f"Message {turn}") for turn in range(9)), return_exceptions=True
        )
    refused = [outcome for outcome in outcomes if isinstance(outcome, AppError)]
    assert len(refused) == 4
    assert {(error.code, error.retryable) for error in refused} == {("rate_limited", True)}
    assert all(error.retry_ms and error.retry_ms > 0 for error in refused)
    assert len(await _said(database, settings, place.conversation.id)) == 5


async def test_a_batch_that_fails_stores_nothing_and_the_next_one_works(
    database: Database, settings: Settings
) -> None:
    heard: list[LogAppended] = []
    place, other = await _waiting(database, settings), await _waiting(database, settings)
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
        assert await _head(database, place.conversation.id) == 1
        assert not (await say(writer, place, "One", client_id=client_id)).duplicate
    assert await _said(database, settings, place.conversation.id) == ["One"]
    assert await _said(database, settings, other.conversation.id) == []


async def test_one_conversations_lost_key_does_not_stop_the_others(
    database: Database, settings: Settings
) -> None:
    lost, well = await _waiting(database, settings), await _waiting(database, settings)
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


async def test_it_acknowledges_and_publishes_only_what_others_can_read(
    database: Database, settings: Settings
) -> None:
    """A second connection looks in the moment of publishing, and in the moment of the answer."""
    elsewhere, place = open_database(settings), await _waiting(database, settings)
    order: list[tuple[str, int]] = []
    looks: list[asyncio.Task[None]] = []

    async def look(what: str) -> None:
        order.append((what, len(await _seqs(elsewhere, place.conversation.id))))

    database.bus.subscribe(LogAppended, lambda _: looks.append(asyncio.create_task(look("published"))))
    async with writing(database, settings) as writer:
        await say(writer, place, "Hello")
        await look("answered")
    await asyncio.gather(*looks)
    assert sorted(order) == [("answered", 2), ("published", 2)]
    await elsewhere.engine.dispose()


class HastyWriter(Writer):
    """A writer with a seeded bug: it answers before it commits."""

    async def _write(self, batch: list[Post]) -> None:
        for post in batch:
            post.answer(Posted(uuid4(), 0, clock.now(), duplicate=False))
            post.answer = lambda _: None
        await super()._write(batch)


async def test_a_writer_that_answered_before_its_commit_would_be_caught(
    database: Database, settings: Settings
) -> None:
    """The control of the test above: while somebody else holds the lock, an answer can only be a lie."""
    elsewhere, place = open_database(settings), await _waiting(database, settings)
    async with writing(database, settings, kind=HastyWriter) as writer, transaction(elsewhere) as session:
        await log.lock(session, {place.conversation.id})
        await say(writer, place, "Hello")
        assert await _seqs(database, place.conversation.id) == [1], "an answer now is a lie"
    assert await _seqs(database, place.conversation.id) == [1, 2]
    await elsewhere.engine.dispose()


async def test_events_are_published_in_their_order(database: Database, settings: Settings) -> None:
    heard: list[int] = []
    place = await _waiting(database, settings)
    database.bus.subscribe(LogAppended, lambda event: heard.append(event.seq))
    async with writing(database, settings) as writer:
        await asyncio.gather(*(say(writer, place, f"{turn}") for turn in range(40)))
    assert heard == list(range(2, 42))


async def test_a_client_that_leaves_does_not_take_its_message_along(
    database: Database, settings: Settings
) -> None:
    place = await _waiting(database, settings)
    async with writing(database, settings) as writer:
        leaving = asyncio.create_task(say(writer, place, "Sent, then gone"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait({leaving})
        await say(writer, place, "From the next socket")
    assert await _said(database, settings, place.conversation.id) == [
        "Sent, then gone",
        "From the next socket",
    ]


async def test_what_is_queued_when_it_stops_is_still_written(database: Database, settings: Settings) -> None:
    place = await _waiting(database, settings)
    async with writing(database, settings) as writer:
        posts = [asyncio.create_task(say(writer, place, f"{turn}")) for turn in range(10)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writer.stop()
    assert all(not post.duplicate for post in await asyncio.wait_for(asyncio.gather(*posts), PATIENCE_S))


@pytest.mark.parametrize("body", ["", " \n\t", "x" * 4001, "a\0b", "\ud800"])
async def test_no_unfit_text_reaches_the_database(database: Database, settings: Settings, body: str) -> None:
    place = await _waiting(database, settings)
    async with writing(database, settings) as writer:
        code = await _code(say(writer, place, body))
        assert code == ("too_large" if len(body) > 4000 else "bad_request")
        await say(writer, place, "The writer lives")


@trying(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@over(body=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200))
async def test_what_is_acknowledged_is_stored_as_it_was_written(
    database: Database, settings: Settings, body: str
) -> None:
    place = await _waiting(database, settings)
    async with writing(database, settings) as writer:
        await say(writer, place, f"x{body}")
    assert await _said(database, settings, place.conversation.id) == [
        unicodedata.normalize("NFC", f"x{body}")
    ]


async def test_notes_stand_in_a_stream_of_their_own(database: Database, settings: Settings) -> None:
    _, coach = await _claimed(database, settings)
    async with writing(database, settings) as writer:
        posted = await writer.posted(
            conversation=coach.conversation.id,
            participant=coach.participant.id,
            stream=Stream.STAFF,
            client_message_id=uuid4(),
            body="For staff alone",
            by="Carys Vane",
        )
    assert posted.seq == 1
    assert await _seqs(database, coach.conversation.id, "staff") == [1]
    assert await _said(database, settings, coach.conversation.id) == []
    async with reading(database) as session:
        assert (await session.execute(select(func.count()).select_from(LogEntry))).scalar_one() == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # a file cuts nobody off
async def test_the_writer_outlives_a_database_that_cuts_everybody_off(
    database: Database, settings: Settings
) -> None:
    place, client_id = await _waiting(database, settings), uuid4()
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
    assert await _said(database, settings, place.conversation.id) == ["Before", "After"]
