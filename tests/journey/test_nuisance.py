"""A coach warns a parent, ends with a block, and a supervisor reviews it, in a real browser."""

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from app.db import Database
from tests.cast import CARYS, ESTHER, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer

PHONE: ViewportSize = {"width": 360, "height": 740}

pytestmark = pytest.mark.browser


async def _desk(browser: Browser, server: LiveServer, email: str) -> Page:
    desk = await (await browser.new_context()).new_page()
    await desk.goto(f"{server.url}/console")
    await desk.get_by_label("Email").fill(email)
    await desk.get_by_label("Password").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
    return desk


async def test_a_session_is_warned_blocked_and_reviewed(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    coach, lead = [await hire(database, person) for person in (CARYS, ESTHER)]
    page = await (await browser.new_context(viewport=PHONE)).new_page()
    await page.goto(f"{live_server.url}/embed")
    first = page.get_by_label("What would you like to talk about?")
    start = page.get_by_role("button", name="Talk to a coach")
    await first.fill("Ha ha, is this the pizza place?")
    await start.click()
    desk = await _desk(browser, live_server, coach.email)
    await desk.get_by_label("Your availability").select_option("available")
    await expect(desk.get_by_role("heading", name="A parent for you")).to_be_visible()
    await desk.keyboard.press("Alt+a")
    await desk.get_by_role("button", name="Nuisance").click()
    await expect(desk.get_by_role("button", name="End and block")).to_have_count(0)
    await desk.get_by_role("button", name="Warn", exact=True).click()
    await expect(page.get_by_text("The coach asks you to write with respect.")).to_be_visible()
    assert await violations(page) == []
    await desk.get_by_label("Why").select_option("prank")
    assert await violations(desk) == []
    await desk.get_by_role("button", name="End and block").click()

    await expect(page.get_by_text("The coach ended this chat because of what was written.")).to_be_visible()
    await expect(page.get_by_role("link", name="999")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Start another chat").click()
    await expect(page.get_by_role("link", name="999")).to_be_visible()
    await first.fill("Two with cheese.")
    await start.click()
    await expect(page.get_by_role("alert")).to_contain_text("You cannot start a chat until")
    await expect(page.get_by_role("link", name="999")).to_be_visible()
    assert await violations(page) == []

    leads = await _desk(browser, live_server, lead.email)
    await expect(leads.get_by_role("heading", name="Blocks to review")).to_be_visible()
    assert await violations(leads) == []
    await leads.get_by_role("button", name="Lift the block").click()
    await expect(leads.get_by_role("heading", name="Blocks to review")).to_be_hidden()
    await start.click()
    await expect(page.get_by_role("heading", name="You are in the queue")).to_be_visible()
