"""In a network that lets no WebSocket through, in a real browser: parent and coach talk all the same."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from app.db import open_database
from app.settings import Settings
from tests.cast import CARYS, PASSWORD, hire
from tests.provision.proxy import without_sockets
from tests.provision.server import running_server

PATIENCE_MS = 20_000  # two sockets fail first, with a wait after each
FIRST_WORDS = "She will not leave her room."

pytestmark = pytest.mark.browser


async def _say(page: Page, words: str) -> None:
    await page.get_by_label("Your message").fill(words)
    await page.get_by_label("Your message").press("Control+Enter")


async def test_parent_and_coach_talk_without_a_socket(
    sqlite_template: Path, tmp_path: Path, browser: Browser
) -> None:
    shutil.copy(sqlite_template, tmp_path / "earshot.db")
    settings = Settings(
        env="development", database_url=f"sqlite:///{tmp_path / 'earshot.db'}", data_dir=tmp_path
    )
    database = open_database(settings)
    await hire(database, CARYS)
    await database.engine.dispose()
    async with running_server(settings) as server, without_sockets(server.url) as proxy:
        parents, coaches = await browser.new_context(), await browser.new_context()
        chat, desk = await parents.new_page(), await coaches.new_page()
        await chat.goto(f"{proxy.url}/embed")
        await chat.get_by_label("What would you like to talk about?").fill(FIRST_WORDS)
        await chat.get_by_role("button", name="Talk to a coach").click()
        await expect(chat.get_by_text("You are next")).to_be_visible(timeout=PATIENCE_MS)

        await desk.goto(f"{proxy.url}/console")
        await desk.get_by_label("Email").fill(CARYS.email)
        await desk.get_by_label("Password").fill(PASSWORD)
        await desk.get_by_role("button", name="Sign in").click()
        await expect(desk.get_by_text("Waiting: 1")).to_be_visible(timeout=PATIENCE_MS)
        await desk.get_by_label("Your availability").select_option("available")
        await desk.get_by_role("button", name="Take next").click()
        await expect(desk.get_by_role("log").get_by_text(FIRST_WORDS)).to_be_visible()

        await _say(desk, "I am glad that you wrote.")
        await expect(chat.get_by_role("log").get_by_text("I am glad that you wrote.")).to_have_count(1)
        await _say(chat, "So am I.")
        await expect(desk.get_by_role("log").get_by_text("So am I.")).to_have_count(1)

        await chat.reload()
        await expect(chat.get_by_role("log").get_by_text("So am I.")).to_have_count(1, timeout=PATIENCE_MS)
        await _say(chat, "Here again.")
        await expect(desk.get_by_role("log").get_by_text("Here again.")).to_have_count(1)

        assert proxy.refused >= 4, "each page tried sockets first"
        paths = {urlsplit(path).path for path in proxy.paths}
        assert {"/rt/v1/stream", "/rt/v1/frames"} <= paths
        await parents.close()
        await coaches.close()
