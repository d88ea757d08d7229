"""The watch: both sides' texts are read after the commit, told to staff, and nothing stored stays unread."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.chat.access import Place
from app.chat.log import lock
from app.chat.models import Conversation, LogEntry
from app.chat.transcript import read_entries
from app.db import Database, reading, transaction
from app.events import LogAppended
from app.queue import watch as watching
from app.queue.models import Assignment, QueueEntry
from app.queue.rules import Turn
from app.queue.watch import LATELY, Watch
from app.safeguarding import queries
from app.safeguarding.actions import raise_flags
from app.safeguarding.models import Concern
from app.safeguarding.risk import detect, detect_from_staff
from app.safeguarding.unread import EACH, conversations_with_unread, unread_of
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, ESTHER, hire_and_sign_in, open_session
from tests.scenes import PATIENCE_S, claim, content, end, enter, on_duty, parents, say, writing
from tests.talk import Frame, Talk, pass_for, running

RISKY = "my son says he wants to kill himself"
QUIET = "thank you, we will try the reading chart tonight"


def _watch(database: Database, settings: Settings) -> Watch:
    return Watch(database, KeyRing(settings.key_ring))


async def _read_all(watch: Watch) -> None:
    """What `run` does, without its waits."""
    while watch.waiting:
        await watch.read()


async def _parent_says(database: Database, settings: Settings, *texts: str) -> Place:
    """A parent who waits, and whose texts nobody has read: a killed worker leaves the same behind."""
    place = await parents(database, (await enter(database, settings)).conversation_id)
    async with writing(database, settings) as writer:
        for text in texts:
            await say(writer, place, text)
    return place


async def _staff_events(
    database: Database, settings: Settings, conversation: UUID
) -> list[tuple[str, dict[str, Any]]]:
    async with reading(database) as session:
        entries = await read_entries(
            session, KeyRing(settings.key_ring), conversation_id=conversation, stream="staff"
        )
    return [(entry.kind, entry.wire) for entry in entries]


async def _read_up_to(database: Database, conversation: UUID) -> int:
    async with reading(database) as session:
        return (
            await session.execute(
                select(col(Conversation.risk_read_up_to)).where(col(Conversation.id) == conversation)
            )
        ).scalar_one()


@asynccontextmanager
async def _people(settings: Settings) -> AsyncIterator[tuple[UUID, Talk, Talk, Talk]]:
    """Alys talks to Carys, Esther supervises; the whole application runs."""
    async with running(settings) as app:
        database = app.state.database
        alys = await enter(database, settings)
        carys = await on_duty(database, CARYS)
        await claim(database, carys, alys.conversation_id)
        tokens = [
            alys.token,
            await pass_for(app, await open_session(database, carys)),
            await pass_for(app, await hire_and_sign_in(database, ESTHER)),
        ]
        talks = [Talk(app).open() for _ in tokens]
        for talk, token in zip(talks, tokens, strict=True):
            await talk.hello(token)
        await talks[1].caught_up(f"conv:{alys.conversation_id}", 2)
        yield alys.conversation_id, talks[0], talks[1], talks[2]
        for talk in talks:
            await talk.leave()


@pytest.mark.parametrize("speaker", ["parent", "coach"])
async def test_everybody_who_must_know_is_told_at_once(
    settings: Settings, speaker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what was just stored, not by the next sweep, which would be too late."""
    monkeypatch.setattr(watching, "SWEPT_EVERY_S", 3600.0)
    async with _people(settings) as (conversation, alys, carys, esther):
        text = RISKY if speaker == "parent" else "You told me that your son wants to kill himself."
        teller = alys if speaker == "parent" else carys
        await teller.ask(
            "message.post",
            s=f"conv:{conversation}",
            client_message_id=str(UUID(int=7)),
            body=text,
        )
        flagged = await carys.until(lambda f: f.get("k") == "risk.flagged")
        shown = await alys.until(lambda f: f.get("k") == "help.shown")
        assert flagged["s"] == f"staff:{conversation}"
        assert flagged["d"]["from"] == speaker
        (flag,) = flagged["d"]["flags"]
        assert flag["category"] == "suicide_self_harm"
        assert "kill himself" in " ".join(flag["words"])
        assert (shown["s"], shown["d"]) == (f"conv:{conversation}", {}), "the screen may be looked at"
        board = await esther.until(lambda f: f.get("s") == "me" and f["d"].get("concerns"))
        assert board["d"]["concerns"][0]["category"] == "suicide_self_harm"
        mine = await carys.until(lambda f: f.get("s") == "me" and _priority(f))
        assert mine["d"]["conversations"][0]["conversation"] == str(conversation)
        assert not [f for f in alys.heard if str(f.get("s")).startswith("staff") or "risk" in str(f.get("k"))]


def _priority(frame: Frame) -> bool:
    return any(each["priority"] for each in frame["d"]["conversations"])


async def test_a_quiet_text_is_read_and_says_nothing(database: Database, settings: Settings) -> None:
    place = await _parent_says(database, settings, QUIET)
    watch = _watch(database, settings)
    await watch.find(before=clock.now())
    await _read_all(watch)
    assert await _read_up_to(database, place.conversation.id) == 2
    assert await _staff_events(database, settings, place.conversation.id) == []


async def test_what_was_heard_is_read_without_the_log_and_a_risk_in_it_is_raised(
    database: Database, settings: Settings
) -> None:
    watch = _watch(database, settings)
    database.bus.subscribe(LogAppended, watch.heard)
    place = await _parent_says(database, settings, QUIET)
    conversation = place.conversation.id
    await _read_all(watch)
    async with writing(database, settings) as writer:
        await say(writer, place, QUIET)
    async with transaction(database) as session:  # so that nobody can read it back
        await session.execute(update(LogEntry).where(col(LogEntry.seq) == 3).values(body=b"broken"))
    await _read_all(watch)
    assert await _read_up_to(database, conversation) == 2, "quiet texts are told of together"
    await watch.move_on()
    assert await _read_up_to(database, conversation) == 3
    async with writing(database, settings) as writer:
        await say(writer, place, QUIET)
        await say(writer, place, RISKY)
    await _read_all(watch)
    kinds = [kind for kind, _ in await _staff_events(database, settings, conversation)]
    assert kinds == ["risk.flagged", "concern.raised"]
    assert await _read_up_to(database, conversation) == 5
    async with writing(database, settings) as writer:
        await say(writer, place, QUIET)
    await _read_all(watch)
    await watch.move_on()
    assert await _read_up_to(database, conversation) == 7, "the help that was shown stands between"


async def test_a_flag_raises_the_priority_and_lowers_closes_or_answers_nothing(
    database: Database, settings: Settings
) -> None:
    place = await _parent_says(database, settings, QUIET, RISKY, QUIET)
    conversation = place.conversation.id
    watch = _watch(database, settings)
    await watch.find(before=clock.now())
    await _read_all(watch)
    async with reading(database) as session:
        turn, status, held = (
            await session.execute(
                select(col(QueueEntry.turn), col(Conversation.status), col(Conversation.on_hold))
                .join(Conversation, col(Conversation.id) == col(QueueEntry.conversation_id))
                .where(col(QueueEntry.conversation_id) == conversation)
            )
        ).one()
        assert (turn, status, held) == (Turn.HIGH_RISK, "waiting", True)
        said = await session.scalars(
            select(col(LogEntry.kind))
            .where(col(LogEntry.conversation_id) == conversation, col(LogEntry.stream) == "conv")
            .order_by(col(LogEntry.seq))
        )
        assert list(said) == ["queue.entered", *["message.posted"] * 3, "help.shown"]
    kinds = [kind for kind, _ in await _staff_events(database, settings, conversation)]
    assert kinds == ["risk.flagged", "concern.raised"]
    # A later quiet text takes nothing back, and a text after the help shows it no second time.
    async with writing(database, settings) as writer:
        await say(writer, place, QUIET)
        await say(writer, place, RISKY)
    await watch.find(before=clock.now())
    await _read_all(watch)
    async with reading(database) as session:
        assert await session.scalar(select(col(QueueEntry.turn))) == Turn.HIGH_RISK
        concerns = await queries.of_conversation(session, conversation_id=conversation)
        assert len(concerns) == 1, "the concern that stands open has this category"
        (step,) = await queries.steps(session, KeyRing(settings.key_ring), concern_id=concerns[0].id)
        assert (step.by, step.state) == ("", "raised")
        assert "kill himself" in step.record.note
        shown = await session.scalars(select(col(LogEntry.seq)).where(col(LogEntry.kind) == "help.shown"))
        assert len(list(shown)) == 1
    carys = await on_duty(database, CARYS)
    await claim(database, carys, conversation)
    async with reading(database) as session:
        assert await session.scalar(select(col(Assignment.high_risk)))


async def test_the_words_are_sealed(database: Database, settings: Settings) -> None:
    place = await _parent_says(database, settings, RISKY)
    watch = _watch(database, settings)
    await watch.find(before=clock.now())
    await _read_all(watch)
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.data), col(LogEntry.body)).where(col(LogEntry.kind) == "risk.flagged")
        )
        ((data, body),) = rows
    assert body is not None
    assert b"kill" not in body
    (flag,) = json.loads(json.dumps(data["flags"]))
    assert flag.keys() == {"category", "score"}
    assert flag["category"] == "suicide_self_harm"
    (_, wire), _ = await _staff_events(database, settings, place.conversation.id)
    assert wire["flags"][0]["words"]


async def test_the_place_and_the_flags_are_written_together_or_not_at_all(
    database: Database, settings: Settings
) -> None:
    place = await _parent_says(database, settings, RISKY)
    conversation, key_ring = place.conversation.id, KeyRing(settings.key_ring)
    async with reading(database) as session:
        (unread,) = await unread_of(session, key_ring, [conversation])
    flagged = [(unread.texts[0], detect(unread.texts[0].body))]
    with pytest.raises(RuntimeError, match="killed"):  # noqa: PT012
        async with transaction(database) as session:
            assert await raise_flags(session, key_ring, unread=unread, flagged=flagged)
            raise RuntimeError("killed before the commit")
    assert await _read_up_to(database, conversation) == 0
    assert await _staff_events(database, settings, conversation) == []
    outcomes = []
    for _ in range(2):  # two workers that read the same text write it once
        async with transaction(database) as session:
            outcomes.append(await raise_flags(session, key_ring, unread=unread, flagged=flagged))
    assert outcomes == [True, False]
    assert len(await _staff_events(database, settings, conversation)) == 2


async def test_a_long_conversation_does_not_keep_the_others_waiting(
    database: Database, settings: Settings
) -> None:
    long = await _parent_says(database, settings, *[QUIET] * (2 * EACH), RISKY)
    short = await _parent_says(database, settings, RISKY)
    watch = _watch(database, settings)
    await watch.find(before=clock.now())
    await watch.read()
    assert await _staff_events(database, settings, short.conversation.id)
    assert await _read_up_to(database, long.conversation.id) == EACH
    await _read_all(watch)
    assert await _staff_events(database, settings, long.conversation.id)


async def test_what_ended_before_it_was_read_is_read_and_its_concern_kept(
    database: Database, settings: Settings
) -> None:
    place = await _parent_says(database, settings, RISKY)
    await end(database, settings, place)  # they left the queue in the same moment
    watch = _watch(database, settings)
    await watch.find(before=clock.now(), ended_within=LATELY)
    await _read_all(watch)
    async with reading(database) as session:
        status, held = (
            await session.execute(select(col(Conversation.status), col(Conversation.on_hold)))
        ).one()
        assert (status, held) == ("abandoned", True)
        assert len(await queries.unclosed(session)) == 1


async def test_the_start_finds_what_a_killed_worker_left_and_a_skipping_one_is_caught(
    database: Database, settings: Settings
) -> None:
    place = await _parent_says(database, settings, RISKY)
    skipped = await _parent_says(database, settings, RISKY)
    async with transaction(
        database
    ) as session:  # the seeded bug: the place is raised before the texts are read
        await lock(session, [skipped.conversation.id])
        await session.execute(
            update(Conversation)
            .where(col(Conversation.id) == skipped.conversation.id)
            .values(risk_read_up_to=2)
        )
    async with running(settings) as app:
        told = asyncio.Event()
        app.state.database.bus.subscribe(LogAppended, lambda event: _noted(event, "risk.flagged", told))
        if not await _staff_events(database, settings, place.conversation.id):
            await asyncio.wait_for(told.wait(), PATIENCE_S)
    assert await unflagged(database, settings) == [skipped.conversation.id]


def _noted(event: LogAppended, kind: str, told: asyncio.Event) -> None:
    if event.kind == kind:
        told.set()


async def unflagged(database: Database, settings: Settings) -> list[UUID]:
    """Conversations that tell of a risk and have no flag: the check of this row."""
    async with reading(database) as session:
        conversations = list(await session.scalars(select(col(Conversation.id))))
    return [each for each in conversations if not await _staff_events(database, settings, each)]


async def test_only_settled_messages_are_swept(database: Database, settings: Settings) -> None:
    place = await _parent_says(database, settings, RISKY)
    async with reading(database) as session:
        long_ago = place.conversation.created_at
        assert await conversations_with_unread(session, before=long_ago, ended_since=long_ago) == []
        found = await conversations_with_unread(session, before=clock.now(), ended_since=long_ago)
    assert found == [place.conversation.id]
    async with transaction(database) as session:
        assert (await session.scalars(select(Concern))).all() == []


def test_asking_and_signposting_is_the_coachs_work() -> None:
    for reply in content().ready_replies:
        for text in (reply.body.en, reply.body.cy):
            assert detect_from_staff(text) == [], text
    for text in (
        "Is he thinking about suicide, or has he hurt himself?",
        "If you are thinking of killing yourself, Samaritans will listen day and night on 116 123.",
        "Does your partner ever hit you? If he hurts you, please call 999.",
    ):
        assert detect_from_staff(text) == [], text
    assert detect_from_staff("You told me that he wants to kill himself. Is that right?")
