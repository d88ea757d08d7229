"""A concern and a question in a real browser: raised, paged, answered, decided and closed, by two people."""

from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from app.db import Database
from tests.cast import CARYS, ESTHER, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer

pytestmark = pytest.mark.browser


async def test_a_coach_is_not_alone_with_a_concern(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    async with AsyncExitStack() as leaving:
        coach = await _sign_in(live_server, database, browser, CARYS, leaving)
        lead = await _sign_in(live_server, database, browser, ESTHER, leaving)
        await coach.get_by_label("Your availability").select_option("available")
        await _arrive(live_server)
        await expect(coach.get_by_role("heading", name="A parent for you")).to_be_visible()
        await coach.keyboard.press("Alt+a")
        await expect(coach.get_by_label("Your message")).to_be_focused()

        await coach.get_by_role("button", name="Ask a supervisor", exact=True).click()
        await coach.get_by_label("Your question").fill("May I ask about his sister?")
        await coach.get_by_role("button", name="Send to staff").click()
        await lead.get_by_role("button", name="Read the question").click()
        await expect(lead.get_by_text("May I ask about his sister?")).to_be_visible()
        await lead.get_by_label("Your answer, for the coach alone").fill("Yes, gently.")
        assert await violations(lead) == []
        await lead.get_by_role("button", name="Send to staff").click()
        await expect(coach.get_by_text("Yes, gently.").first).to_be_visible()
        await expect(lead.get_by_text("Nobody is asking")).to_be_visible()
        assert await violations(coach) == []

        await coach.get_by_role("button", name="Raise a concern", exact=True).click()
        await coach.get_by_label("What is it about?").select_option("domestic_abuse")
        await coach.get_by_role("button", name="Tell a supervisor").click()
        await expect(coach.get_by_text("A supervisor has been told: Domestic abuse")).to_be_visible()
        await expect(coach.locator("article.chat")).to_be_focused()
        await expect(lead.get_by_text("that nobody has seen: Domestic abuse.")).to_be_visible()
        assert await violations(lead) == []
        await lead.get_by_role("button", name="I have seen it").click()
        await expect(lead.get_by_text("You are called to a concern")).to_be_hidden()
        told = lead.get_by_role("status").get_by_text("Domestic abuse: Seen")
        await expect(told).to_have_count(1)
        assess = lead.get_by_role("button", name="I have assessed it")
        await _second_click(lead, assess)
        await assess.click()  # it is still to be assessed: a double click took one step
        decision = lead.get_by_label("Your decision and its reason")
        await decision.fill(" ")
        await lead.get_by_label("Talked through with").select_option(label=CARYS.name)
        await lead.get_by_label("What you shared, and with whom").fill("The local team.")
        await lead.get_by_label("What the parent was told").fill("That we rang.")
        assert await violations(lead) == []
        await lead.get_by_role("button", name="Write down the decision").click()
        await expect(lead.locator("[id^=concern-] .fault")).to_contain_text("This step needs its reason.")
        await expect(lead.get_by_label("What you shared, and with whom")).to_have_value("The local team.")
        await decision.fill("Safe tonight.")
        await lead.get_by_role("button", name="Write down the decision").click()
        await lead.get_by_role("button", name="What is known").click()
        await expect(lead.get_by_text("The local team.")).to_be_visible()
        await lead.get_by_role("button", name="Close the concern").click()
        await expect(lead.get_by_text("There is no open concern")).to_be_visible()
        await expect(lead.get_by_role("heading", name="Concerns")).to_be_focused()
        await lead.get_by_role("button", name="Closed concerns").click()
        await expect(lead.get_by_text("closed on")).to_be_visible()
        await expect(lead.get_by_text("The local team.")).to_be_hidden()
        await lead.get_by_role("button", name="What is known").click()
        await expect(lead.get_by_text("The local team.")).to_be_visible()
        await expect(lead.get_by_role("button", name="Close the concern")).to_have_count(0)
        assert await violations(lead) == []


async def _second_click(page: Page, button: Locator) -> None:
    """The second click of a double click alone, where the first one has put another step under the finger."""
    await button.hover()
    await page.mouse.down(click_count=2)
    await page.mouse.up(click_count=2)


async def _sign_in(
    server: LiveServer, database: Database, browser: Browser, person: object, leaving: AsyncExitStack
) -> Page:
    staff = await hire(database, person)  # type: ignore[arg-type]
    context = await browser.new_context()
    leaving.push_async_callback(context.close)
    page = await context.new_page()
    await page.goto(f"{server.url}/console")
    await page.get_by_label("Email").fill(staff.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("Your availability")).to_be_visible()
    return page


async def _arrive(server: LiveServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{server.url}/api/v1/conversations", json={"start_id": str(uuid4()), "topic": "sleep"}
        )
        assert answer.status_code == httpx.codes.CREATED
