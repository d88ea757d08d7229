"""What the desk says and where it leads the eye, in a real browser."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from app.db import Database
from tests.cast import CARYS, ESTHER, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer

pytestmark = pytest.mark.browser


async def test_nothing_is_said_of_the_queue_before_the_server_has_told_it(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    lead = await hire(database, ESTHER)
    desk = await (await browser.new_context()).new_page()
    await desk.route_web_socket(re.compile("/rt/"), _say_nothing)
    await _sign_in(desk, live_server, lead.email)
    await expect(desk.get_by_text("Connecting")).to_be_visible()
    for claim in ("No one is waiting", "There is no open concern", "You have no open chat", "Chats: 0"):
        await expect(desk.get_by_text(claim)).to_have_count(0)
    assert await violations(desk) == []


async def test_what_a_coach_opens_or_must_fill_in_comes_into_sight(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    coach = await hire(database, CARYS)
    desk = await (await browser.new_context(viewport={"width": 1280, "height": 720})).new_page()
    await _sign_in(desk, live_server, coach.email)
    await desk.get_by_role("button", name="Take next").click()
    refused = desk.get_by_text("You are not set as available")
    await expect(refused).to_be_visible()
    await desk.get_by_label("Your availability").select_option("available")
    await expect(refused).to_have_count(0)
    async with httpx.AsyncClient(trust_env=False) as http:
        (
            await http.post(f"{live_server.url}/api/v1/conversations", json={"start_id": str(uuid4())})
        ).raise_for_status()
    await expect(desk.get_by_role("heading", name="A parent for you")).to_be_visible()
    await desk.keyboard.press("Alt+a")

    message = desk.get_by_label("Your message")
    await expect(message).to_be_focused()
    await desk.keyboard.type("/")
    search = desk.get_by_label("Search the ready replies")
    await expect(search).to_be_focused()
    await expect(desk.get_by_text("Hello, I am Carys, a parenting coach.")).to_be_visible()
    await desk.keyboard.type("zzz")
    await expect(desk.get_by_text("Nothing found.")).to_be_visible()
    await search.fill("about safety")
    await expect(desk.get_by_text("Asking about safety")).to_be_visible()
    await desk.keyboard.press("Enter")
    await expect(message).to_be_focused()
    await expect(message).to_have_value(re.compile("safe right now"))

    await message.fill("x" * 4001)
    await expect(desk.get_by_text("Too long by one character")).to_be_visible()
    await desk.get_by_role("button", name="End chat").click()
    await expect(desk.get_by_role("button", name="Yes, end it")).to_be_in_viewport()
    await desk.get_by_role("button", name="Yes, end it").click()
    await desk.get_by_role("button", name="Close chat").click()
    await expect(desk.get_by_text("Choose a main topic")).to_be_in_viewport()
    topic = desk.get_by_label("Search for a topic")
    await expect(topic).to_be_focused()
    await topic.fill("sleep")
    await desk.keyboard.press("Enter")
    await desk.get_by_role("button", name="Close chat").click()
    await expect(desk.get_by_label("How it ended")).to_be_focused()


def _say_nothing(_: WebSocketRoute) -> None:
    """The connection stands, and no frame comes."""


async def _sign_in(desk: Page, server: LiveServer, email: str) -> None:
    await desk.goto(f"{server.url}/console")
    await desk.get_by_label("Email").fill(email)
    await desk.get_by_label("Password").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
