"""A parent is offered to a coach, in a real browser: told once, counted down, and answered by a key."""

from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, expect

from app.db import Database
from tests.cast import CARYS, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer

pytestmark = pytest.mark.browser


async def test_a_coach_lets_one_parent_go_on_and_accepts_the_next_by_key(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    coach = await hire(database, CARYS)
    desk = await (await browser.new_context()).new_page()
    await desk.goto(f"{live_server.url}/console")
    await desk.get_by_label("Email").fill(coach.email)
    await desk.get_by_label("Password").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
    await desk.get_by_label("Your availability").select_option("available")

    await _arrive(live_server, "sleep")
    offer = desk.get_by_role("heading", name="A parent for you")
    await expect(offer).to_be_visible()
    told = desk.locator("#told")
    await expect(told).to_contain_text("A parent is waiting for your answer: Sleep")
    await expect(desk.get_by_text("s left")).to_be_visible()
    assert await violations(desk) == []
    await desk.keyboard.press("Alt+x")
    await expect(offer).to_be_hidden()
    await expect(told).to_have_text("The next coach is asked.")

    await _arrive(live_server, "behaviour")
    await expect(told).to_contain_text("Behaviour")
    await desk.keyboard.press("Alt+a")
    await expect(desk.get_by_role("log")).to_be_visible()
    await expect(desk.get_by_label("Your message")).to_be_focused()
    await expect(offer).to_be_hidden()
    await expect(desk.get_by_text("Waiting: 1")).to_be_visible()


async def _arrive(server: LiveServer, topic: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{server.url}/api/v1/conversations", json={"start_id": str(uuid4()), "topic": topic}
        )
        assert answer.status_code == httpx.codes.CREATED
