"""The composition root: strict headers everywhere, errors in three parts, and no start on a wrong footing."""

import asyncio
import json
import signal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import event, text

from app.db import open_database, transaction
from app.errors import ConfigurationError
from app.main import create_app
from app.realtime.heartbeat import store_reads
from app.settings import Settings
from tests.cast import browser_of
from tests.scenes import content
from tests.talk import running

PATHS = ["/", "/embed", "/console", "/advice", "/healthz", "/api/v1/service", "/nowhere", "/api/v1/staff/me"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_strict_headers(settings: Settings, path: str) -> None:
    sited = settings.model_copy(update={"sites": ("https://charity.example",)})
    async with running(sited) as app, browser_of(app) as browser:
        headers = (await browser.get(path)).headers
    policy = {
        name: sources
        for name, _, sources in (
            part.strip().partition(" ") for part in headers["content-security-policy"].split(";")
        )
    }
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["content-security-policy"]
    wanted = "'self' https://charity.example" if path == "/embed" else "'none'"
    assert policy["frame-ancestors"] == wanted
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "cache-control" in headers


async def test_a_wrong_request_is_named_without_what_was_written_in_it(settings: Settings) -> None:
    async with running(settings) as app, browser_of(app) as browser:
        asked = {"start_id": str(uuid4()), "language": "zebraQuartz", "age_band": 7}
        answer = await browser.post("/api/v1/conversations", json=asked)
    assert answer.status_code == 422
    assert set(answer.json()) == {"code", "message", "next_step"}
    assert answer.json()["code"] == "bad_request"
    assert "language" in answer.json()["message"]
    assert "age_band" in answer.json()["message"]
    assert "zebraQuartz" not in answer.text


async def test_a_browser_is_told_on_a_page(settings: Settings) -> None:
    async with running(settings) as app, browser_of(app) as browser:
        answer = await browser.get("/nowhere?<b>", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>There is nothing at this address" in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("DELETE", "/api/v1/service", 405, "bad_request"),
    ],
)
async def test_where_nothing_stands_is_said_in_three_parts_too(
    settings: Settings, method: str, path: str, status: int, code: str
) -> None:
    async with running(settings) as app, browser_of(app) as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "next_step"}
    assert answer.json()["code"] == code
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_line_of_the_log_names_its_request(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(settings) as app, browser_of(app) as browser:
        database = app.state.database
        async with transaction(database) as session:
            await session.execute(text("DROP TABLE return_code"))
        answer = await browser.post("/api/v1/return", json={"code": "one two three four"})
    assert answer.status_code == 503
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    failed = [line for line in logged if line["event"] == "request.failed"]
    assert [line["request"] for line in failed] == [answer.headers["x-request-id"]]


async def test_it_does_not_start_on_a_database_that_is_behind(settings: Settings) -> None:
    database = open_database(settings)
    async with transaction(database) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    await database.engine.dispose()
    app = create_app(settings)
    with pytest.raises(ConfigurationError, match="migration 0000"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")
    await app.state.database.engine.dispose()


async def test_a_worker_whose_writer_failed_asks_to_be_stopped(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """Otherwise people would wait for answers that never come."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(asked.set))
    try:
        async with running(settings) as app:
            broken: Any = type("QuotedQuartz", (), {})()
            app.state.writer._queued.append(broken)
            app.state.writer._wake.set()
            await asyncio.wait_for(asked.wait(), 20)
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capfd.readouterr().err
    logged = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (failed,) = [line for line in logged if line["event"] == "task.failed"]
    assert (failed["level"], failed["kind"]) == ("critical", "AttributeError")
    assert "writer.py" in failed["trail"]
    assert "QuotedQuartz" not in said, "an error's words may quote what somebody wrote"


async def test_what_the_driver_itself_raises_means_that_the_database_is_away(settings: Settings) -> None:
    """SQLAlchemy lets some errors of a cut connection through as they are: no task may end by them."""
    app = create_app(settings, content())
    engine = app.state.database.engine

    def cut(*_: object) -> None:
        raise asyncpg.InternalClientError("the connection was cut in the midst of an order")

    event.listen(engine.sync_engine, "do_connect", cut)
    reads = {uuid4(): 3}
    app.state.realtime.reads.update(reads)
    await store_reads(app.state.realtime)
    assert app.state.realtime.reads == reads, "they are stored later"
    async with browser_of(app) as browser:
        answer = await browser.post("/api/v1/return", json={"code": "one two three four"})
    assert (answer.status_code, answer.json()["retry_ms"]) == (503, 1000)
