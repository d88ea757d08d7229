"""Sealing: a text opens in its own place only, under its own key only; and nothing lies about unsealed."""

import asyncio
import logging
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, cast, select, text

from app.chat.rules import Stream
from app.chat.transcript import read_messages
from app.db import Database, metadata, open_database, reading, transaction
from app.safeguarding.actions import raise_concern
from app.sealing import CACHED_KEYS, DataKey, KeyRing, SealBroken, place
from app.settings import Settings
from tests.cast import CARYS
from tests.scenes import claim, coachs, enter, on_duty, parents, say, writing

OLD, NEW = b"o" * 32, b"n" * 32
CANARY = "zebraQuartz"


@given(st.text())
def test_what_is_sealed_opens_in_its_place(body: str) -> None:
    key, where = DataKey(OLD), place(uuid4(), uuid4(), uuid4())
    sealed = key.seal(body, bound_to=where)
    assert key.open(sealed, bound_to=where) == body
    assert len(body) < 4 or body.encode() not in sealed


@given(st.sampled_from(["conversation", "item", "sender"]), st.text())
def test_a_ciphertext_that_was_moved_does_not_open(moved: str, body: str) -> None:
    key = DataKey(OLD)
    here: dict[str, UUID] = {"conversation": uuid4(), "item": uuid4(), "sender": uuid4()}
    sealed = key.seal(body, bound_to=place(**here))
    with pytest.raises(SealBroken):
        key.open(sealed, bound_to=place(**{**here, moved: uuid4()}))


@given(st.text(), st.data())
def test_a_changed_ciphertext_does_not_open(body: str, data: st.DataObject) -> None:
    key, where = DataKey(OLD), place(uuid4(), uuid4(), uuid4())
    sealed = bytearray(key.seal(body, bound_to=where))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        key.open(bytes(sealed), bound_to=where)
    with pytest.raises(SealBroken):
        DataKey(NEW).open(bytes(sealed), bound_to=where)


def test_the_same_text_is_never_sealed_twice_alike() -> None:
    key, where = DataKey(OLD), place(uuid4(), uuid4(), uuid4())
    assert len({key.seal("Hello", bound_to=where) for _ in range(100)}) == 100


@given(st.text(), st.text())
def test_the_mac_tells_a_repeat_from_a_conflict(one: str, other: str) -> None:
    key = DataKey(OLD)
    assert (key.mac(one) == key.mac(other)) == (one == other)
    assert key.mac(one) != DataKey(NEW).mac(one), "equal texts of two conversations do not look alike"


def test_after_a_rotation_old_keys_open_and_the_new_one_wraps() -> None:
    conversation = uuid4()
    before = KeyRing({"old": OLD}).new_key(conversation)
    rotated = KeyRing({"old": OLD, "new": NEW})
    where = place(conversation, uuid4(), uuid4())
    sealed = KeyRing({"old": OLD}).unwrap(conversation, before).seal("Hello", bound_to=where)
    assert rotated.unwrap(conversation, before).open(sealed, bound_to=where) == "Hello"
    assert rotated.new_key(conversation).startswith(b"new:")
    with pytest.raises(SealBroken, match="'new'"):
        KeyRing({"old": OLD}).unwrap(conversation, rotated.new_key(conversation))


def test_a_wrapped_key_of_another_conversation_does_not_open() -> None:
    ring = KeyRing({"old": OLD})
    with pytest.raises(SealBroken):
        ring.unwrap(uuid4(), ring.new_key(uuid4()))


def test_the_keys_at_hand_are_bounded_and_the_latest_used_stay() -> None:
    ring = KeyRing({"old": OLD})
    kept = uuid4()
    wrapped = ring.new_key(kept)
    first = ring.unwrap(kept, wrapped)
    for _ in range(CACHED_KEYS + 50):
        conversation = uuid4()
        ring.unwrap(conversation, ring.new_key(conversation))
        assert ring.unwrap(kept, wrapped) is first
    assert len(ring._recent) <= CACHED_KEYS
    ring.forget(kept)
    assert ring.unwrap(kept, wrapped) is not first


def test_a_new_wrapped_key_is_not_answered_from_memory() -> None:
    ring, conversation = KeyRing({"old": OLD}), uuid4()
    first = ring.unwrap(conversation, ring.new_key(conversation))
    assert ring.unwrap(conversation, ring.new_key(conversation)) is not first


async def _conversation_with_canaries(database: Database, settings: Settings) -> UUID:
    carys = await on_duty(database, CARYS)
    started = await enter(database, settings)
    await claim(database, carys, started.conversation_id)
    async with writing(database, settings) as writer:
        await say(writer, await parents(database, started.conversation_id), f"A {CANARY} from a parent")
        coach = await coachs(database, carys, started.conversation_id)
        await say(writer, coach, f"A {CANARY} from a coach")
        await writer.posted(
            conversation=started.conversation_id,
            participant=coach.participant.id,
            stream=Stream.STAFF,
            client_message_id=uuid4(),
            body=f"A {CANARY} in a note",
            by="Carys",
        )
    async with transaction(database) as session:
        await raise_concern(
            session,
            KeyRing(settings.key_ring),
            conversation_id=started.conversation_id,
            staff_id=carys.id,
            by="Carys",
            category="missing_child",
            note=f"A {CANARY} in a concern",
        )
    return started.conversation_id


async def _everything_stored(database: Database) -> bytes:
    found = []
    async with reading(database) as session:
        for table in metadata.sorted_tables:
            for row in (await session.execute(select(table))).all():
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(found)


def _files(database_url: str) -> bytes:
    path = Path(database_url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


async def test_no_word_stands_unsealed_in_the_database(
    database: Database, settings: Settings, database_url: str
) -> None:
    conversation = await _conversation_with_canaries(database, settings)
    async with reading(database) as session:
        said = await read_messages(session, KeyRing(settings.key_ring), conversation_id=conversation)
    assert [CANARY in message.body for message in said] == [True, True], "the checker's own bait is there"
    assert CANARY.encode() not in await _everything_stored(database)
    if database.sqlite:
        assert os.stat(f"{database_url.removeprefix('sqlite:///')}-wal").st_size > 0  # noqa: PTH116
        assert CANARY.encode() not in _files(database_url)


async def test_a_word_that_stood_unsealed_would_be_found(database: Database, database_url: str) -> None:
    async with transaction(database) as session:
        await session.execute(text(f"CREATE TABLE planted AS SELECT 'A {CANARY} in the clear' AS words"))
        await session.execute(
            metadata.tables["audit_entry"]
            .insert()
            .values(
                number=1, id=uuid4(), at=_now(), actor="", action="", subject=CANARY, details={}, hash=b""
            )
        )
    assert CANARY.encode() in await _everything_stored(database)
    if database.sqlite:
        assert CANARY.encode() in _files(database_url)


def _now() -> object:
    from app import clock

    return clock.now()


async def test_a_text_moved_to_another_conversation_does_not_open(
    database: Database, settings: Settings
) -> None:
    one = await _conversation_with_canaries(database, settings)
    other = (await enter(database, settings)).conversation_id
    log = metadata.tables["log_entry"]
    async with writing(database, settings) as writer:
        await say(writer, await parents(database, other), "Something else")
    async with transaction(database) as session:
        stolen = (
            await session.execute(
                select(log.c.body)
                .where(log.c.conversation_id == one, log.c.kind == "message.posted")
                .limit(1)
            )
        ).scalar_one()
        await session.execute(
            log.update()
            .where(log.c.conversation_id == other, log.c.kind == "message.posted")
            .values(body=cast(sqlalchemy.literal(stolen), LargeBinary))
        )
    async with reading(database) as session:
        with pytest.raises(SealBroken) as broken:
            await read_messages(session, KeyRing(settings.key_ring), conversation_id=other)
    assert CANARY not in str(broken.value)


async def test_nothing_that_fails_says_a_word_of_what_was_written(
    settings: Settings, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The database goes away in the middle of a post; neither logs nor errors hold the text."""
    caplog.set_level(logging.DEBUG)
    database = open_database(settings)
    started = await enter(database, settings)
    place_ = await parents(database, started.conversation_id)
    async with transaction(database) as session:
        await session.execute(text("ALTER TABLE log_entry RENAME TO gone"))
    async with writing(database, settings) as writer:
        with pytest.raises(Exception, match="could not be stored") as refused:
            await say(writer, place_, f"A {CANARY} on its way")
    await database.engine.dispose()
    printed = capfd.readouterr()
    whole = "".join((printed.out, printed.err, caplog.text, repr(refused.value), str(refused.getrepr())))
    assert "batch_failed" in printed.out + printed.err + caplog.text
    assert CANARY not in whole.replace('f"A {CANARY} on its way"', "")


async def test_a_queued_post_shows_no_text(database: Database, settings: Settings) -> None:
    started = await enter(database, settings)
    place_ = await parents(database, started.conversation_id)
    async with writing(database, settings) as writer:
        task = asyncio.create_task(say(writer, place_, CANARY))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert CANARY not in repr(list(writer._queued)), "a queued post has no telling repr"
        await task
