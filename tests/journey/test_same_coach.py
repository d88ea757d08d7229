"""A parent comes back with their code and wishes for the same coach, in a real browser."""

import httpx
import pytest
from playwright.async_api import Browser, ViewportSize, expect
from sqlalchemy import select
from sqlmodel import col

from app.db import Database, reading
from app.queue.models import QueueEntry
from tests.cast import CARYS, DEWI
from tests.journey.axe import violations
from tests.provision.server import LiveServer
from tests.scenes import claim, coachs, end, enter, on_duty, parents, wrap_up

PHONE: ViewportSize = {"width": 360, "height": 740}
BOX = "I would like to talk to the same coach, if they are here"

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("wished", [True, False])
async def test_a_parent_who_comes_back_may_wish_for_the_same_coach(
    live_server: LiveServer, database: Database, browser: Browser, *, wished: bool
) -> None:
    carys, _ = await on_duty(database, CARYS), await on_duty(database, DEWI)
    earlier = await enter(database, live_server.settings)
    async with httpx.AsyncClient(trust_env=False) as http:
        told = await http.post(
            f"{live_server.url}/api/v1/conversations/{earlier.conversation_id}/return-code",
            headers={"Authorization": f"Bearer {earlier.token}"},
        )
    code: str = told.json()["code"]
    await claim(database, carys, earlier.conversation_id)
    await end(database, live_server.settings, await parents(database, earlier.conversation_id))
    place = await coachs(database, carys, earlier.conversation_id)
    assert await wrap_up(database, live_server.settings, place)

    page = await (await browser.new_context(viewport=PHONE)).new_page()
    await page.goto(f"{live_server.url}/embed")
    await expect(page.get_by_role("button", name="Talk to a coach")).to_be_visible()
    await expect(page.get_by_label(BOX)).to_have_count(0)
    await page.get_by_role("button", name="I have a return code").click()
    await page.get_by_label("Type your four words").fill(code)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Start another chat").click()
    box = page.get_by_label(BOX)
    await expect(box).not_to_be_checked()
    assert await violations(page) == []
    if wished:
        await box.check()
    await page.get_by_label("What would you like to talk about?").fill("It is me again.")
    await page.get_by_role("button", name="Talk to a coach").click()
    await expect(page.get_by_role("log").get_by_text("It is me again.")).to_be_visible()
    async with reading(database) as session:
        [wish] = await session.scalars(
            select(col(QueueEntry.earlier_coach)).where(
                col(QueueEntry.conversation_id) != earlier.conversation_id
            )
        )
    assert wish == (carys.id if wished else None)
