"""Servers come and go: ready or not, what was accepted is answered, and nobody comes back to a loss."""

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlmodel import col
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.chat.models import LogEntry
from app.db import Database, open_database, reading, transaction
from app.lifecycle import Readiness
from app.queue.starts import Started
from app.rehearsal.server import own_server
from app.settings import Settings
from tests.cast import browser_of
from tests.scenes import enter
from tests.talk import Talk, running

PARENTS, UNANSWERED = 4, 8
PATIENCE_S = 60  # for another process
POSTGRES_ONLY = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Chatter:
    """A parent who says one thing after the other without waiting, and says again what has no answer."""

    started: Started
    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    enough: bool = False
    code: int | None = None
    reason: str = ""

    async def talk(self, url: str) -> None:
        """Greet and post until the socket is closed, or until there is enough and all is acknowledged."""
        self.flowing.clear()
        address = url.replace("http", "ws", 1) + "/rt/v1"
        async with connect(address, subprotocols=[Subprotocol("earshot.v1")], proxy=None) as socket:
            hello = {"token": self.started.token, "client": "tests/1", "conn": str(uuid4())}
            await socket.send(json.dumps({"t": "hello", "id": "hello", "d": hello}))
            self.sent |= {str(uuid4()) for _ in range(UNANSWERED)}
            try:
                for message in self.sent - self.acknowledged:
                    await self._post(socket, message)
                async for frame in socket:
                    told = json.loads(frame)
                    if told["t"] != "ok" or told["re"] not in self.sent:
                        continue
                    self.acknowledged.add(told["re"])
                    self.flowing.set()
                    if not self.enough:
                        self.sent.add(more := str(uuid4()))
                        await self._post(socket, more)
                    elif self.sent == self.acknowledged:
                        return
            except ConnectionClosed as closed:
                if closed.rcvd is not None:
                    self.code, self.reason = closed.rcvd.code, closed.rcvd.reason

    async def _post(self, socket: ClientConnection, message: str) -> None:
        said = {"client_message_id": message, "body": "He will not go in."}
        stream = f"conv:{self.started.conversation_id}"
        with contextlib.suppress(ConnectionClosed):  # what has come before is still there to be read
            await socket.send(json.dumps({"t": "message.post", "id": message, "s": stream, "d": said}))


async def stored(database: Database, chatter: Chatter) -> set[str]:
    """The client's ids of what the log holds of this parent."""
    async with reading(database) as session:
        found = await session.scalars(
            select(col(LogEntry.client_message_id)).where(
                col(LogEntry.conversation_id) == chatter.started.conversation_id,
                col(LogEntry.kind) == "message.posted",
            )
        )
        return {str(key) for key in found}


async def test_a_server_that_ends_answers_all_it_accepted_and_sends_everybody_away_spread(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    chatters = [Chatter(await enter(database, settings)) for _ in range(PARENTS)]
    async with own_server(settings, log=tmp_path / "server.log") as url:
        talking = [asyncio.create_task(chatter.talk(url)) for chatter in chatters]
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(chatter.flowing.wait() for chatter in chatters))
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*talking)
    assert [chatter.code for chatter in chatters] == [4000] * PARENTS
    assert len({chatter.reason for chatter in chatters}) == PARENTS
    assert all(re.fullmatch(r"retry_ms=\d+", chatter.reason) for chatter in chatters)
    for chatter in chatters:
        assert await stored(database, chatter) == chatter.acknowledged
    assert (tmp_path / "server.log").read_text() == ""


@POSTGRES_ONLY
async def test_a_server_is_replaced_by_another_without_a_loss(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    chatters = [Chatter(await enter(database, settings)) for _ in range(PARENTS)]

    async def all_talk(url: str) -> list[asyncio.Task[None]]:
        talking = [asyncio.create_task(chatter.talk(url)) for chatter in chatters]
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(chatter.flowing.wait() for chatter in chatters))
        return talking

    async with own_server(settings, log=tmp_path / "new.log") as new:
        async with own_server(settings, log=tmp_path / "old.log") as old:
            talking = await all_talk(old)
        await asyncio.gather(*talking)
        talking = await all_talk(new)
        for chatter in chatters:
            chatter.enough = True
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*talking)
    for chatter in chatters:
        assert await stored(database, chatter) == chatter.acknowledged == chatter.sent


async def test_a_worker_that_leaves_begins_nothing_new(settings: Settings, database: Database) -> None:
    waiting = await enter(database, settings)
    async with running(settings) as app, browser_of(app) as browser:
        assert (await browser.get("/readyz")).json() == {"status": "ready"}
        await app.state.hub.leave()
        late = Talk(app).open()
        late.raw(
            {"t": "hello", "id": "1", "d": {"token": waiting.token, "client": "t", "conn": str(uuid4())}}
        )
        assert await late.close_code() == 4000
        for method, path in (("GET", "/readyz"), ("POST", "/api/v1/conversations")):
            refused = await browser.request(method, path, json={"start_id": str(uuid4())})
            assert refused.status_code == 503, path
            assert refused.json()["retry_ms"] > 0
            assert refused.headers["retry-after"] == "1"
        assert (await browser.get("/healthz")).status_code == 200


async def test_a_database_that_is_behind_is_not_ready(settings: Settings, database: Database) -> None:
    async with running(settings) as app, browser_of(app) as browser:
        async with transaction(database) as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        answer = await browser.get("/readyz")
        assert answer.status_code == 503
        assert "earshot migrate" in answer.json()["next_step"]
        assert (await browser.get("/healthz")).status_code == 200


async def test_a_database_out_of_reach_is_not_ready_and_is_not_asked_by_everybody() -> None:
    away = open_database(Settings(database_url="postgresql://someone:lantern@127.0.0.1:1/earshot"))
    ready = Readiness(away)
    answers = await asyncio.gather(*(ready.require() for _ in range(5)), return_exceptions=True)
    assert len({id(answer) for answer in answers}) == 1, "one look serves all who ask within a second"
    assert getattr(answers[0], "status", None) == httpx.codes.SERVICE_UNAVAILABLE
    assert "lantern" not in str(answers[0])
    await away.engine.dispose()
