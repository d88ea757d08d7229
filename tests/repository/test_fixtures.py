"""The fixtures themselves: each test gets a migrated database of its own, and a browser like a parent's."""

import httpx
import pytest
from playwright.async_api import Browser, Route
from sqlalchemy import text

from app.db import Database, require_current, transaction
from tests.provision.server import LiveServer

WRITE = "() => localStorage.setItem('seen', 'yes')"
READ = "() => localStorage.getItem('seen')"


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_has_a_migrated_database_of_its_own(database: Database, turn: str) -> None:
    await require_current(database)
    async with transaction(database) as session:
        await session.execute(text("CREATE TABLE of_this_test_only (turn TEXT)"))


async def test_browser_keeps_an_iframes_storage_apart_for_each_site(browser: Browser) -> None:
    async def answer(route: Route) -> None:
        embedded = "widget.example" in route.request.url
        body = "<p>chat</p>" if embedded else "<iframe src='https://widget.example/' name='chat'></iframe>"
        await route.fulfill(body=body, content_type="text/html")

    context = await browser.new_context()
    await context.route("**/*", answer)
    page = await context.new_page()

    await page.goto("https://first.example/")
    await page.frames[1].evaluate(WRITE)
    assert await page.frames[1].evaluate(READ) == "yes"

    await page.goto("https://second.example/")
    assert await page.frames[1].evaluate(READ) is None


async def test_live_server_answers_on_its_own_port(live_server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=live_server.url) as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert live_server.settings.public_url == live_server.url
