"""What a worker knows of a conversation saves judging, and is never believed against the database."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.chat import judging, storing
from app.chat.access import Place
from app.chat.known import Knowledge, Known
from app.db import Database, open_database, transaction
from app.settings import Settings
from tests.cast import CARYS
from tests.chat.posts import claimed, head_of, refusal, said, seqs_of, waiting
from tests.scenes import claim, coachs, end, enter, on_duty, parents, say, wrap_up, writing


async def test_who_was_let_write_is_not_judged_again(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    on_postgres, on_sqlite = judging.judge_postgres, judging.judge_sqlite

    async def counted(direct: object, rows: list[object], at: object) -> object:
        judged.append(len(rows))
        return await on_postgres(direct, rows, at)  # type: ignore[arg-type]

    def counted_too(connection: object, rows: list[object], at: object) -> object:
        judged.append(len(rows))
        return on_sqlite(connection, rows, at)  # type: ignore[arg-type]

    monkeypatch.setattr(storing, "judge_postgres", counted)
    monkeypatch.setattr(storing, "judge_sqlite", counted_too)
    parent, coach = await claimed(database, settings)
    async with writing(database, settings) as writer:
        for turn in range(5):
            await say(writer, parent, f"Parent {turn}")
            await say(writer, coach, f"Coach {turn}")
    assert judged == [1, 1], "each of the two once"
    assert await seqs_of(database, parent.conversation.id) == list(range(1, 13))
    assert await head_of(database, parent.conversation.id) == 12


async def test_known_unknown_repeated_and_overtaken_messages_of_one_batch(
    database: Database, settings: Settings
) -> None:
    """Two conversations are known, one of them moved on elsewhere, and a third is new."""
    steady, moved, new = [await waiting(database, settings) for _ in range(3)]
    elsewhere, client_id = open_database(settings), uuid4()
    async with writing(database, settings) as writer, writing(elsewhere, settings) as other:
        await say(writer, steady, "First", client_id=client_id)
        await say(writer, moved, "First")
        await say(other, moved, "Second, elsewhere")
        posted = await asyncio.gather(
            say(writer, steady, "First", client_id=client_id),
            say(writer, steady, "Second"),
            say(writer, moved, "Third"),
            say(writer, new, "First"),
        )
        assert [(post.seq, post.duplicate) for post in posted] == [
            (2, True),
            (3, False),
            (4, False),
            (2, False),
        ]
    await elsewhere.engine.dispose()
    assert await said(database, settings, steady.conversation.id) == ["First", "Second"]
    assert await said(database, settings, moved.conversation.id) == ["First", "Second, elsewhere", "Third"]
    for place in (steady, moved, new):
        seqs = await seqs_of(database, place.conversation.id)
        assert seqs == list(range(1, len(seqs) + 1))
        assert await head_of(database, place.conversation.id) == len(seqs)


@pytest.mark.parametrize("change", ["status = 'wrap_up'", "generation = generation + 1"])
async def test_knowledge_is_compared_with_more_than_the_head(
    database: Database, settings: Settings, change: str
) -> None:
    """The head alone would do, as whatever changes these raises it; where that was forgotten, they do too."""
    _, coach = await claimed(database, settings)
    async with writing(database, settings) as writer:
        for turn in range(2):
            await say(writer, coach, f"Mine to write {turn}")
        async with transaction(database) as session:
            await session.execute(text(f"UPDATE conversation SET {change}"))
        assert await refusal(say(writer, coach, "Too late")) in ("not_assignee", "conversation_closed")
    assert await seqs_of(database, coach.conversation.id) == [1, 2, 3, 4]


async def test_whatever_changes_who_may_write_raises_the_head(database: Database, settings: Settings) -> None:
    carys, started = await on_duty(database, CARYS), await enter(database, settings)
    conversation = started.conversation_id
    leaver = await waiting(database, settings)

    async def ended() -> None:
        await end(database, settings, await parents(database, conversation))

    async def wrapped_up() -> None:
        await wrap_up(database, settings, await coachs(database, carys, conversation))

    steps: list[tuple[Place | None, Callable[[], Awaitable[object]]]] = [
        (None, lambda: claim(database, carys, conversation)),
        (None, ended),
        (None, wrapped_up),
        (leaver, lambda: end(database, settings, leaver)),
    ]
    for place, step in steps:
        whose = place.conversation.id if place else conversation
        before = await head_of(database, whose)
        await step()
        assert await head_of(database, whose) > before


def test_what_happened_in_between_is_forgotten_with_who_wrote_before() -> None:
    knowledge, conversation = Knowledge(), uuid4()
    knowledge.learn(conversation, found=Known(1, "open", 1, "e", {7: "parent"}), stored=1)
    knowledge.learn(conversation, found=Known(2, "open", 1, "e", {8: "coach"}), stored=1)
    known = knowledge.of(conversation)
    assert known is not None
    assert known.roles == {7: "parent", 8: "coach"}
    knowledge.learn(conversation, found=Known(4, "open", 1, "e", {8: "coach"}), stored=1)
    assert knowledge.of(conversation) is None, "somebody else writes to it too"
    knowledge.learn(conversation, found=Known(5, "open", 1, "e", {7: "parent"}), stored=1)
    known = knowledge.of(conversation)
    assert known is not None
    assert known.roles == {7: "parent", 8: "coach"}
    knowledge.doubt([conversation])
    assert knowledge.of(conversation) is None
