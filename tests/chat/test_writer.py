"""The writer: stored once, numbered without gaps, acknowledged only after the commit, fenced and bounded."""

import asyncio
import unicodedata
from uuid import UUID, uuid4

from hypothesis import HealthCheck
from hypothesis import given as over
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import func, select

from app import clock
from app.chat import log
from app.chat.access import Place
from app.chat.models import LogEntry
from app.chat.rules import Stream
from app.chat.writer import Post, Posted, Writer
from app.db import Database, open_database, reading, transaction
from app.errors import AppError
from app.events import LogAppended
from app.settings import Settings
from tests.cast import CARYS
from tests.chat.posts import claimed, head_of, refusal, said, seqs_of, waiting
from tests.scenes import PATIENCE_S, claim, coachs, end, on_duty, say, wrap_up, writing


async def test_fifty_posts_of_one_id_at_once_make_one_row(database: Database, settings: Settings) -> None:
    place, client_id = await waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        posted = await asyncio.gather(
            *(say(writer, place, "Are you there?", client_id=client_id) for _ in range(50))
        )
        late = await say(writer, place, "Are you there?", client_id=client_id)
    assert len({(post.message_id, post.seq) for post in [*posted, late]}) == 1
    assert [post.duplicate for post in posted].count(False) == 1
    assert late.duplicate
    assert {post.at for post in [*posted, late]} == {late.at}
    assert await said(database, settings, place.conversation.id) == ["Are you there?"]


async def test_two_writers_of_two_workers_store_one_id_once(database: Database, settings: Settings) -> None:
    """As when a client comes back on another worker while the first one still commits."""
    place, elsewhere = await waiting(database, settings), open_database(settings)
    async with writing(database, settings) as one, writing(elsewhere, settings) as other:
        for turn in range(10):
            client_id = uuid4()
            posted = await asyncio.gather(
                *(say(writer, place, f"Turn {turn}", client_id=client_id) for writer in (one, other) * 3)
            )
            assert len({post.message_id for post in posted}) == 1
            assert [post.duplicate for post in posted].count(False) == 1
    assert await seqs_of(database, place.conversation.id) == list(range(1, 12))
    await elsewhere.engine.dispose()


async def test_the_same_id_with_other_words_is_a_conflict(database: Database, settings: Settings) -> None:
    place, client_id = await waiting(database, settings), uuid4()
    async with writing(database, settings) as writer:
        await say(writer, place, "One", client_id=client_id)
        assert await refusal(say(writer, place, "Two", client_id=client_id)) == "idempotency_conflict"
        both = [say(writer, place, words, client_id=uuid4()) for words in ("Three", "Four")]
        await asyncio.gather(*both)
    assert await said(database, settings, place.conversation.id) == ["One", "Three", "Four"]


async def test_within_one_batch_the_first_of_two_wins(database: Database, settings: Settings) -> None:
    place, client_id = await waiting(database, settings), uuid4()
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
            posted = await say(writer, await waiting(database, settings), "Hello", client_id=client_id)
            assert not posted.duplicate


async def test_a_batch_over_many_conversations_keeps_them_apart(
    database: Database, settings: Settings
) -> None:
    places = [await waiting(database, settings) for _ in range(8)]
    async with writing(database, settings) as writer:
        await asyncio.gather(
            *(
                say(writer, place, f"{number}:{turn}")
                for turn in range(6)
                for number, place in enumerate(places)
            )
        )
    for number, place in enumerate(places):
        assert await said(database, settings, place.conversation.id) == [f"{number}:{n}" for n in range(6)]
        assert await seqs_of(database, place.conversation.id) == list(range(1, 8))
        assert await head_of(database, place.conversation.id) == 7


async def test_posts_claim_and_end_at_once_leave_no_gap(database: Database, settings: Settings) -> None:
    """Whatever the order in which they get the lock: the log ends 1..n, and each ok is in it."""
    carys = await on_duty(database, CARYS)
    for _ in range(6):
        place = await waiting(database, settings)
        conversation = place.conversation.id

        async def claim_and_end(place: Place = place, conversation: UUID = conversation) -> None:
            await claim(database, carys, conversation)
            await end(database, settings, place)

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
        seqs = await seqs_of(database, conversation)
        assert seqs == list(range(1, len(posted) + 4))
        assert await head_of(database, conversation) == seqs[-1]
        assert len({post.seq for post in posted}) == len(posted)
        await wrap_up(database, settings, await coachs(database, carys, conversation))


async def test_it_acknowledges_and_publishes_only_what_others_can_read(
    database: Database, settings: Settings
) -> None:
    """A second connection looks in the moment of publishing, and in the moment of the answer."""
    elsewhere, place = open_database(settings), await waiting(database, settings)
    order: list[tuple[str, int]] = []
    looks: list[asyncio.Task[None]] = []

    async def look(what: str) -> None:
        order.append((what, len(await seqs_of(elsewhere, place.conversation.id))))

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
    elsewhere, place = open_database(settings), await waiting(database, settings)
    async with writing(database, settings, kind=HastyWriter) as writer, transaction(elsewhere) as session:
        await log.lock(session, {place.conversation.id})
        await say(writer, place, "Hello")
        assert await seqs_of(database, place.conversation.id) == [1], "an answer now is a lie"
    assert await seqs_of(database, place.conversation.id) == [1, 2]
    await elsewhere.engine.dispose()


async def test_events_are_published_in_their_order(database: Database, settings: Settings) -> None:
    heard: list[int] = []
    place = await waiting(database, settings)
    database.bus.subscribe(LogAppended, lambda event: heard.append(event.seq))
    async with writing(database, settings) as writer:
        await asyncio.gather(*(say(writer, place, f"{turn}") for turn in range(40)))
    assert heard == list(range(2, 42))


async def test_a_client_that_leaves_does_not_take_its_message_along(
    database: Database, settings: Settings
) -> None:
    place = await waiting(database, settings)
    async with writing(database, settings) as writer:
        leaving = asyncio.create_task(say(writer, place, "Sent, then gone"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait({leaving})
        await say(writer, place, "From the next socket")
    assert await said(database, settings, place.conversation.id) == [
        "Sent, then gone",
        "From the next socket",
    ]


async def test_what_is_queued_when_it_stops_is_still_written(database: Database, settings: Settings) -> None:
    place = await waiting(database, settings)
    async with writing(database, settings) as writer:
        posts = [asyncio.create_task(say(writer, place, f"{turn}")) for turn in range(10)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writer.stop()
    assert all(not post.duplicate for post in await asyncio.wait_for(asyncio.gather(*posts), PATIENCE_S))


@trying(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@over(body=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200))
async def test_what_is_acknowledged_is_stored_as_it_was_written(
    database: Database, settings: Settings, body: str
) -> None:
    place = await waiting(database, settings)
    async with writing(database, settings) as writer:
        await say(writer, place, f"x{body}")
    assert await said(database, settings, place.conversation.id) == [unicodedata.normalize("NFC", f"x{body}")]


async def test_notes_stand_in_a_stream_of_their_own(database: Database, settings: Settings) -> None:
    _, coach = await claimed(database, settings)
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
    assert await seqs_of(database, coach.conversation.id, "staff") == [1]
    assert await said(database, settings, coach.conversation.id) == []
    async with reading(database) as session:
        assert (await session.execute(select(func.count()).select_from(LogEntry))).scalar_one() == 3
