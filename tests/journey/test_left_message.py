"""A message is left while the service is closed, answered by a coach, and read with the return code."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from app import clock
from app.content.rules import ExceptionalDay, Hours, Period, Text
from app.db import Database, transaction
from app.queue.messages import leave_message
from app.settings import Settings
from tests.cast import CARYS, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer, running_server
from tests.scenes import content, enter, parents, say, writing

PHONE: ViewportSize = {"width": 360, "height": 740}
ALL_DAY = (Period(opens=0, closes=24 * 60),)

pytestmark = pytest.mark.browser


def _shut_today() -> Hours:
    """Always open but today and tomorrow, so that it is shut and is known to open."""
    today = clock.now().astimezone(clock.LONDON).date()
    reason = Text(en="A day off", cy="Diwrnod i ffwrdd", review="draft")
    days = [ExceptionalDay(day=today + timedelta(days=n), periods=(), reason=reason) for n in (0, 1)]
    return Hours(time_zone="Europe/London", holidays=(), week=(ALL_DAY,) * 7, exceptions=tuple(days))


@pytest.fixture
async def shut(settings: Settings) -> AsyncIterator[LiveServer]:
    async with running_server(settings.model_copy(update={"hours": "content"})) as server:
        server.app.state.content = msgspec.structs.replace(content(), hours=_shut_today())
        yield server


async def _desk(browser: Browser, server: LiveServer, email: str) -> Page:
    desk = await (await browser.new_context()).new_page()
    await desk.goto(f"{server.url}/console")
    await desk.get_by_label("Email").fill(email)
    await desk.get_by_label("Password").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
    await desk.get_by_label("Your availability").select_option("available")
    return desk


async def test_a_message_is_left_answered_and_read_with_the_code(
    shut: LiveServer, database: Database, browser: Browser
) -> None:
    coach = await hire(database, CARYS)
    page = await (await browser.new_context(viewport=PHONE)).new_page()
    await page.goto(f"{shut.url}/embed")
    await expect(page.get_by_role("heading", name="The chat is closed now")).to_be_visible()
    await expect(page.get_by_role("link", name="999")).to_be_visible()
    assert await violations(page) == []
    leave = page.get_by_role("button", name="Leave my message")
    await leave.click()
    await expect(page.get_by_role("alert")).to_contain_text("Write your message first.")
    await expect(page.get_by_role("alert")).to_be_in_viewport()
    await page.get_by_label("Your message").fill("He will not sleep.")
    await leave.click()
    await expect(page.get_by_role("heading", name="Your message is kept")).to_be_visible()
    await expect(page.get_by_role("log").get_by_text("He will not sleep.")).to_be_visible()
    await expect(page.get_by_text("You are next")).to_have_count(0)
    await expect(page.get_by_role("heading", name="How to read the answer")).to_be_in_viewport()
    await page.get_by_role("button", name="Get a return code").first.click()
    code = await page.locator(".code").first.inner_text()
    assert await violations(page) == []
    await page.get_by_role("button", name="Cymraeg").click()
    await expect(page.get_by_role("heading", name="Mae eich neges wedi'i chadw")).to_be_visible()
    assert await violations(page) == []
    await page.context.close()  # nothing is left on this device

    desk = await _desk(browser, shut, coach.email)
    offer = desk.get_by_role("heading", name="A parent for you")
    await expect(offer).to_be_visible()
    await expect(desk.get_by_text("Left a message").first).to_be_visible()
    await desk.keyboard.press("Alt+a")
    await expect(desk.get_by_text("They left a message and may not be here.")).to_be_visible()
    assert await violations(desk) == []
    await desk.get_by_label("Your message").fill("Try a calm hour before bed.")
    await desk.get_by_label("Your message").press("Control+Enter")
    await expect(desk.get_by_role("log").get_by_text("Try a calm hour before bed.")).to_be_visible()
    await desk.get_by_role("button", name="End chat").click()
    await desk.get_by_role("button", name="Yes, end it").click()
    await expect(desk.get_by_label("How it ended")).to_be_visible()

    back = await (await browser.new_context(viewport=PHONE)).new_page()
    await back.goto(f"{shut.url}/embed")
    await back.get_by_role("button", name="I have a return code").click()
    await _refused_words(back, " ".join(reversed(code.split())))
    await back.get_by_label("Type your four words").fill(code)
    await back.keyboard.press("Enter")
    await expect(back.get_by_text("Try a calm hour before bed.")).to_be_visible()
    assert await violations(back) == []


async def _refused_words(page: Page, wrong: str) -> None:
    """Wrong words are refused in either language, with what to do, and the cursor where they are mended."""
    field = page.get_by_label("Type your four words")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Type your four words first.")
    await field.fill(wrong)
    await page.get_by_role("button", name="Come back to my chat").click()
    await expect(page.get_by_role("alert")).to_contain_text("We do not know these four words.")
    await expect(field).to_be_focused()
    await expect(field).to_have_value(wrong)
    assert await violations(page) == []
    await page.get_by_role("button", name="Cymraeg").click()
    await page.get_by_role("button", name="Dychwelyd at fy sgwrs").click()
    await expect(page.get_by_role("alert")).to_contain_text("Gwiriwch y geiriau")
    await page.get_by_role("button", name="English").click()


async def test_who_waits_at_closing_time_is_told_and_leaves_a_message(
    shut: LiveServer, database: Database, browser: Browser
) -> None:
    started = await enter(database, shut.settings)
    page = await (await browser.new_context(viewport=PHONE)).new_page()
    kept = json.dumps({"conversation": str(started.conversation_id), "token": started.token})
    await page.add_init_script(f"sessionStorage.setItem('earshot', {json.dumps(kept)})")
    await page.goto(f"{shut.url}/embed")
    await expect(page.get_by_role("heading", name="We are closed now")).to_be_visible()
    assert await violations(page) == []
    leave = page.get_by_role("button", name="Leave my message")
    await leave.click()
    await expect(page.get_by_role("alert").first).to_contain_text("There is no message yet.")
    await page.get_by_label("Your message").fill("I have waited for an hour.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("log").get_by_text("I have waited for an hour.")).to_be_visible()
    await leave.click()
    await expect(page.get_by_role("heading", name="Your message is kept")).to_be_visible()
    await expect(page.get_by_role("heading", name="We are closed now")).to_have_count(0)
    assert await violations(page) == []


async def test_who_left_a_message_waits_again_once_it_is_open(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    started = await enter(database, live_server.settings)
    async with writing(database, live_server.settings) as writer:
        await say(writer, await parents(database, started.conversation_id), "He will not sleep.")
    place = await parents(database, started.conversation_id)
    async with transaction(database) as session:
        await leave_message(session, place=place)
    page = await (await browser.new_context(viewport=PHONE)).new_page()
    kept = json.dumps({"conversation": str(started.conversation_id), "token": started.token})
    await page.add_init_script(f"sessionStorage.setItem('earshot', {json.dumps(kept)})")
    await page.goto(f"{live_server.url}/embed")
    await expect(page.get_by_role("heading", name="Your message is kept")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Wait for a coach").click()
    await expect(page.get_by_text("You are next")).to_be_visible()
    await expect(page.get_by_role("heading", name="Your message is kept")).to_have_count(0)
    assert await violations(page) == []
