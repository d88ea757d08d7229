"""Consult and whisper: between coach and supervisor, and never, in any way, to the parent."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from app.audit import AuditEntry
from app.chat.models import LogEntry
from app.chat.rules import Stream
from app.chat.transcript import read_messages
from app.db import reading
from app.safeguarding import consulting
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER, Parent, SignedIn, browser_of, open_session
from tests.scenes import claim, coachs, end, enter, on_duty, wrap_up
from tests.talk import Talk, pass_for, running
from tests.talk_http import StreamTalk

CANARY = "zebraQuartz"


@dataclass
class World:
    app: FastAPI
    settings: Settings
    parent: Parent
    lead: SignedIn
    talks: dict[str, Talk]

    @property
    def conversation(self) -> UUID:
        return self.parent.conversation


@pytest.fixture(params=[Talk, StreamTalk], ids=["socket", "http"])
async def world(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[World]:
    async with running(settings) as app, AsyncExitStack() as leaving:
        database = app.state.database
        alys, carys = await enter(database, settings), await on_duty(database, CARYS)
        await claim(database, carys, alys.conversation_id)
        lead = await open_session(database, await on_duty(database, ESTHER))
        tokens = {
            "alys": alys.token,
            "carys": await pass_for(app, await open_session(database, carys)),
            "dewi": await pass_for(app, await open_session(database, await on_duty(database, DEWI))),
            "esther": await pass_for(app, lead),
        }
        talks = {}
        for name, token in tokens.items():
            talks[name] = request.param(app).open()
            leaving.push_async_callback(talks[name].leave)
            await talks[name].hello(token)
        yield World(app, settings, Parent(alys.conversation_id, alys.token), lead, talks)


async def _say(world: World, who: str, verb: str, body: str, *, item: UUID | None = None) -> str:
    answer = await world.talks[who].ask(
        verb, conversation=str(world.conversation), client_message_id=str(item or uuid4()), body=body
    )
    return "ok" if answer["t"] == "ok" else str(answer["d"]["code"])


async def _reached_the_parent(world: World) -> list[str]:
    """Every way on which the canary reaches the parent: live, by a snapshot, over HTTP, in the transcript."""
    found = []
    coach = world.talks["carys"]
    answer = await coach.ask(
        "message.post", s=f"conv:{world.conversation}", client_message_id=str(uuid4()), body="the end"
    )
    alys = world.talks["alys"]
    await alys.caught_up(f"conv:{world.conversation}", int(answer["d"]["seq"]))
    if CANARY in repr(alys.heard):
        found.append("live")
    again = type(alys)(world.app).open()
    await again.hello(world.parent.token, cursors={})
    await again.caught_up(f"conv:{world.conversation}", int(answer["d"]["seq"]))
    if CANARY in repr(again.heard):
        found.append("snapshot")
    await again.leave()
    async with browser_of(world.app, world.parent) as browser:
        for path in (f"/api/v1/conversations/{world.conversation}/consult",):
            answered = await browser.get(path)
            assert answered.status_code in (401, 403, 404)
            if CANARY in answered.text:
                found.append(path)
    async with reading(world.app.state.database) as session:
        said = await read_messages(session, world.app.state.key_ring, conversation_id=world.conversation)
        if any(CANARY in message.body for message in said):
            found.append("transcript")
        kinds = await session.scalars(select(col(LogEntry.kind)).where(col(LogEntry.stream) == Stream.CONV))
        if any(kind.startswith("consult") for kind in kinds):
            found.append("the parent's stream")
    return found


async def test_a_coach_asks_a_supervisor_answers_and_the_parent_hears_nothing(world: World) -> None:
    carys, dewi, esther = (world.talks[name] for name in ("carys", "dewi", "esther"))
    assert await _say(world, "carys", "consult.ask", f"May I say {CANARY}?") == "ok"
    board = await esther.until(lambda f: f.get("s") == "me" and f["d"].get("consults"))
    (question,) = board["d"]["consults"]
    assert (question["conversation"], question["by"]) == (str(world.conversation), CARYS.name)
    assert CANARY not in repr(esther.heard), "a board shows no text"
    async with browser_of(world.app, world.lead) as browser:
        (said,) = (await browser.get(f"/api/v1/conversations/{world.conversation}/consult")).json()
    assert (said["kind"], said["body"]) == ("consult.asked", f"May I say {CANARY}?")
    assert await _say(world, "esther", "consult.whisper", f"Say {CANARY} gently.") == "ok"
    told = await carys.until(lambda f: f.get("k") == "consult.whispered")
    assert told["s"] == f"staff:{world.conversation}"
    assert (told["d"]["by"], told["d"]["body"]) == (ESTHER.name, f"Say {CANARY} gently.")
    await esther.until(
        lambda f: f.get("s") == "me" and f["d"]["consults"] == [], after=esther.heard.index(board)
    )
    assert CANARY not in repr(dewi.heard)
    assert await _reached_the_parent(world) == []
    async with reading(world.app.state.database) as session:
        actions = list(await session.scalars(select(col(AuditEntry.action))))
    assert {"consult.asked", "consult.whispered", "consult.read"} <= set(actions)


async def test_the_check_catches_a_whisper_that_reaches_the_parent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug: what is whispered stands on the stream that both sides see."""

    class Wrong:
        STAFF = Stream.CONV

    monkeypatch.setattr(consulting, "Stream", Wrong)
    assert await _say(world, "esther", "consult.whisper", CANARY) == "ok"
    found = await _reached_the_parent(world)
    assert {"live", "snapshot", "the parent's stream"} <= set(found)


async def test_sent_again_it_stands_there_once(world: World) -> None:
    item = uuid4()
    for _ in range(3):
        assert await _say(world, "carys", "consult.ask", "Once", item=item) == "ok"
        assert await _say(world, "esther", "consult.whisper", "Once", item=item) == "ok"
    async with reading(world.app.state.database) as session:
        kinds = list(
            await session.scalars(
                select(col(LogEntry.kind)).where(col(LogEntry.kind).like("consult.%")).order_by(LogEntry.seq)
            )
        )
    assert kinds == ["consult.asked", "consult.whispered"]


async def test_only_who_holds_it_asks_and_only_leads_whisper(world: World) -> None:
    for who, verb, code in (
        ("alys", "consult.ask", "forbidden"),
        ("alys", "consult.whisper", "forbidden"),
        ("dewi", "consult.ask", "not_found"),
        ("dewi", "consult.whisper", "forbidden"),
        ("carys", "consult.whisper", "forbidden"),
        ("esther", "consult.ask", "not_found"),
    ):
        assert await _say(world, who, verb, CANARY) == code, (who, verb)
    for empty in ("", " \n"):
        assert await _say(world, "carys", "consult.ask", empty) == "bad_request"
    async with reading(world.app.state.database) as session:
        assert await consulting.open_questions(session) == []


async def test_nothing_is_whispered_into_a_conversation_that_nobody_holds(world: World) -> None:
    database, settings = world.app.state.database, world.settings
    waiting = await enter(database, settings)
    answer = await world.talks["esther"].ask(
        "consult.whisper",
        conversation=str(waiting.conversation_id),
        client_message_id=str(uuid4()),
        body=CANARY,
    )
    assert answer["d"]["code"] == "conflict"
    answer = await world.talks["esther"].ask(
        "consult.whisper", conversation=str(uuid4()), client_message_id=str(uuid4()), body=CANARY
    )
    assert answer["d"]["code"] == "not_found"
    async with reading(database) as session:
        from app.accounts.models import Staff

        carys = (await session.scalars(select(Staff).where(col(Staff.email) == CARYS.email))).one()
    place = await coachs(database, carys, world.conversation)
    await end(database, settings, place)
    assert await wrap_up(database, settings, place)
    assert await _say(world, "esther", "consult.whisper", CANARY) == "conversation_closed"


async def test_its_words_are_sealed(world: World) -> None:
    assert await _say(world, "carys", "consult.ask", f"May I say {CANARY}?") == "ok"
    async with reading(world.app.state.database) as session:
        entry = (await session.scalars(select(LogEntry).where(col(LogEntry.kind) == "consult.asked"))).one()
        said = await consulting.read_consult(
            session, KeyRing(world.settings.key_ring), conversation_id=world.conversation
        )
    assert entry.body is not None
    assert CANARY.encode() not in entry.body
    assert CANARY not in repr(entry.data)
    assert said[0].body == f"May I say {CANARY}?"
