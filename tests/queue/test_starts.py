"""Starting: all of it or nothing, once for a double tap, and only when the service is open."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine
from sqlalchemy import func, select
from sqlmodel import col

from app.accounts.models import Consent
from app.accounts.queries import conversation_for_token
from app.chat.models import Conversation, ConversationKey, LogEntry, Participant, StreamHead
from app.chat.transcript import read_messages
from app.content.rules import is_open
from app.db import Database, reading
from app.main import create_app
from app.queue.models import QueueEntry
from app.sealing import KeyRing
from app.settings import Settings
from app.topics.models import Tagging
from tests.cast import browser_of
from tests.provision.server import LiveServer
from tests.scenes import content, enter

PATH = "/api/v1/conversations"


async def _count(database: Database, table: type) -> int:
    async with reading(database) as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_one_transaction_makes_all_of_it(database: Database, settings: Settings) -> None:
    started = await enter(database, settings, topic="sleep", language="cy")
    counts = {Conversation: 1, ConversationKey: 1, Participant: 1, StreamHead: 2, QueueEntry: 1, Tagging: 1}
    for table, wanted in counts.items():
        assert await _count(database, table) == wanted, table
    async with reading(database) as session:
        assert await conversation_for_token(session, started.token) == started.conversation_id
        entry = (await session.execute(select(QueueEntry))).scalar_one()
        assert (entry.language, entry.state) == ("cy", "waiting")
        kinds = (await session.execute(select(col(LogEntry.kind)))).scalars()
        assert list(kinds) == ["queue.entered"]


async def test_a_double_tap_makes_one_conversation(database: Database, settings: Settings) -> None:
    for _ in range(5):
        before = await _count(database, Conversation)
        start_id = uuid4()
        started = await asyncio.gather(*(enter(database, settings, start_id=start_id) for _ in range(6)))
        assert len({each.conversation_id for each in started}) == 1
        assert [each.repeated for each in started].count(False) == 1
        assert await _count(database, Conversation) == before + 1
        async with reading(database) as session:
            opened = [await conversation_for_token(session, each.token) for each in started]
        assert set(opened) == {started[0].conversation_id}, "each tab's token opens it"


async def test_the_start_id_is_stored_as_a_mac_alone(database: Database, settings: Settings) -> None:
    start_id = uuid4()
    await enter(database, settings, start_id=start_id)
    async with reading(database) as session:
        mac = (await session.execute(select(col(Conversation.start_mac)))).scalar_one()
    assert mac is not None
    assert start_id.bytes not in mac


async def test_over_http_a_start_with_its_first_message_is_stored_once(
    live_server: LiveServer, database: Database
) -> None:
    asked = {
        "start_id": str(uuid4()),
        "first_message": "Hello, he will not sleep",
        "topic": "sleep",
        "age_band": "8-10",
    }
    async with httpx.AsyncClient(base_url=live_server.url) as client:
        answers = await asyncio.gather(*(client.post(PATH, json=asked) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        assert len({answer.json()["conversation"] for answer in answers}) == 1
        assert len({answer.json()["token"] for answer in answers}) == 4
    conversation = UUID(answers[0].json()["conversation"])
    async with reading(database) as session:
        said = await read_messages(
            session, KeyRing(live_server.settings.key_ring), conversation_id=conversation
        )
    assert [message.body for message in said] == ["Hello, he will not sleep"]
    assert str(said[0].client_message_id) != asked["start_id"], (
        "a coach sees this; the start's opens the chat"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_id": "1"},
        {"language": "fr"},
        {"topic": "nonsense"},
        {"age_band": "nonsense"},
        {"first_message": ""},
        {"first_message": "x" * 4001},
        {"first_message": "\0"},
        {"first_message": "\ud800"},
        {"topic": "\ud800"},
        {"return_code": "\ud800"},
        {"research_consent": True},
        {"research_consent": True, "consent_version": "never"},
        {"follows": str(uuid4())},
        {"conversation": str(uuid4())},
    ],
)
async def test_what_cannot_be_started_makes_nothing(
    live_server: LiveServer, database: Database, wrong: dict[str, object]
) -> None:
    async with httpx.AsyncClient(base_url=live_server.url) as client:
        # httpx would refuse to encode half a surrogate pair; an attacker's program does not.
        import json

        body = json.dumps({"start_id": str(uuid4()), **wrong}).encode()
        answer = await client.post(PATH, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (413, 422), answer.text
        assert set(answer.json()) == {"code", "message", "next_step"}
        assert "x" * 100 not in answer.text
        assert (await client.post(PATH, json={"start_id": str(uuid4())})).status_code == 201
    assert await _count(database, Conversation) == 1


async def test_consent_is_off_unless_given_to_the_present_wording(
    live_server: LiveServer, database: Database
) -> None:
    version = content().notices.consent.version
    async with httpx.AsyncClient(base_url=live_server.url) as client:
        asked: dict[str, object] = {"start_id": str(uuid4()), "consent_version": version}
        assert (await client.post(PATH, json=asked)).status_code == 201
        assert await _count(database, Consent) == 0
        asked = {"start_id": str(uuid4()), "consent_version": version, "research_consent": True}
        assert (await client.post(PATH, json=asked)).status_code == 201
    async with reading(database) as session:
        given = (await session.execute(select(Consent))).scalar_one()
    assert (given.wording_version, given.withdrawn_at) == (version, None)


async def test_starts_from_one_address_are_limited(settings: Settings) -> None:
    limited = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"starts_per_minute": 3})}
    )
    app = create_app(limited)
    async with browser_of(app) as browser:
        codes = [(await browser.post(PATH, json={"start_id": str(uuid4())})).status_code for _ in range(5)]
        refused = await browser.post(PATH, json={"start_id": str(uuid4())})
    assert codes == [201, 201, 201, 429, 429]
    assert refused.json()["retry_ms"] > 0
    assert int(refused.headers["retry-after"]) >= 1
    await app.state.database.engine.dispose()


async def test_rehearsals_are_marked_and_refused_outside_development(settings: Settings) -> None:
    import base64

    production = Settings(
        env="production",
        secret="s" * 40,
        keys="a:" + base64.b64encode(b"k" * 32).decode(),
        public_url="https://chat.example.org",
        hours="always",
        data_dir=settings.data_dir,
        database_url=settings.database_url,
    )
    app = create_app(production)
    async with browser_of(app) as browser:
        refused = await browser.post(PATH, json={"start_id": str(uuid4()), "origin": "simulated"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await app.state.database.engine.dispose()


async def test_a_closed_service_says_when_it_opens(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"hours": "content"}))
    night = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    assert not is_open(content().hours, night)
    async with browser_of(app) as browser:
        with time_machine.travel(night, tick=True):
            refused = await browser.post(PATH, json={"start_id": str(uuid4())})
            service = (await browser.get("/api/v1/service")).json()
        assert (refused.status_code, refused.json()["code"]) == (409, "blocked")
        assert "999" in refused.json()["next_step"]
        assert service["open"] is False
        assert refused.json()["message"].endswith("It opens again on Tuesday 3 March at 9:30.")
        with time_machine.travel(datetime.fromisoformat(service["next_opening"]), tick=True):
            assert (await browser.get("/api/v1/service")).json() == {"open": True, "next_opening": None}
    await app.state.database.engine.dispose()
