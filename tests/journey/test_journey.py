"""The main job, walked whole in a real browser: a parent and a coach talk, research gets anonymised rows."""

import json
import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Frame, Page, expect
from sqlmodel import select

from app import clock
from app.chat.models import Conversation
from app.db import Database, reading
from app.export.rows import make_rows
from app.sealing import KeyRing
from app.settings import PROJECT
from tests.cast import CARYS, ESTHER, FARID, GWEN, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer
from tests.scenes import content, enter

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
FIRST_WORDS = "My daughter Tirion will not go to school. We live near CF10 1AA."
BUILT_MS = 60_000  # a process begins, and writes
PURPOSE = "What stands between children and school this spring"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    built = PROJECT / "build" / "web" / "console.js"
    assert built.exists(), "the browser code is not built: run `make test`, or `npm run build`"


async def test_a_parent_talks_to_a_coach_and_research_gets_rows(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    coach, researcher, reviewer = [await hire(database, person) for person in (CARYS, FARID, GWEN)]
    parents = await browser.new_context(viewport=PHONE)
    coaches = await browser.new_context(viewport=DESK)

    # ask
    page = await parents.new_page()
    complaints = _complaints(page)
    await page.goto(live_server.url)
    assert await violations(page) == []
    chat = await _open_chat(page)
    await expect(chat.get_by_text("999").first).to_be_visible()
    await expect(chat.get_by_text("116 123").first).to_be_visible()
    assert await violations(chat) == []
    consent = chat.get_by_role("checkbox")
    await expect(consent).not_to_be_checked()
    await consent.check()
    await chat.get_by_label("What would you like to talk about?").fill(FIRST_WORDS)
    await chat.get_by_role("button", name="Talk to a coach").click()

    # wait
    await expect(chat.get_by_text("You are next")).to_be_visible()
    assert await violations(chat) == []

    # claim
    desk = await coaches.new_page()
    complaints += _complaints(desk)
    await desk.goto(f"{live_server.url}/console")
    await expect(desk).to_have_title("Sign in")
    await expect(desk.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await violations(desk) == []
    await _sign_in(desk, coach.email)
    await expect(desk).to_have_title("Coach console")
    await desk.get_by_label("Your availability").select_option("available")
    await expect(desk.get_by_text("Waiting: 1")).to_be_visible()
    await desk.get_by_role("button", name="Take next").click()
    await expect(desk.get_by_role("log").get_by_text(FIRST_WORDS)).to_be_visible()
    assert await violations(desk) == []

    # talk
    await _coach_says(desk, "Hello, I am glad that you are here.")
    await expect(chat.get_by_role("log").get_by_text("I am glad that you are here")).to_be_visible()
    await _parent_says(chat, "She cries every morning.")
    await expect(desk.get_by_role("log").get_by_text("She cries every morning.")).to_be_visible()
    assert await violations(chat) == []

    # reload the parent's page in the middle of it, and talk on
    await page.reload()
    chat = await _open_chat(page)
    log = chat.get_by_role("log")
    await expect(log.get_by_text("She cries every morning.")).to_be_visible()
    await expect(log.get_by_text(FIRST_WORDS)).to_have_count(1)
    await _parent_says(chat, "Sorry, I am back now.")
    await expect(desk.get_by_role("log").get_by_text("Sorry, I am back now.")).to_have_count(1)
    await _coach_says(desk, "No need to be sorry.")
    await expect(log.get_by_text("No need to be sorry.")).to_have_count(1)

    # end
    await chat.get_by_role("button", name="End the chat").click()
    await chat.get_by_role("button", name="Yes, end it").click()
    await expect(chat.get_by_role("heading", name="The chat has ended")).to_be_visible()
    await expect(chat.get_by_text("999").first).to_be_visible()
    assert await violations(chat) == []

    # wrap up and close
    await expect(desk.get_by_text("The parent ended the chat").first).to_be_visible()
    assert await violations(desk) == []
    await desk.get_by_label("Search for a topic").fill("school refusal")
    await desk.get_by_label("Search for a topic").press("Enter")
    await desk.get_by_label("How it ended").select_option("advice-given")
    await desk.get_by_role("button", name="Close chat").click()
    await expect(desk.get_by_text("You have no open chat")).to_be_visible()

    # rows, a week later
    conversation = await _only_conversation(database)
    assert conversation.status == "closed"
    settings = live_server.settings
    made = await make_rows(
        database,
        KeyRing(settings.key_ring),
        settings,
        content().codebook,
        now=clock.now() + timedelta(days=8),
    )
    assert (made.made, made.rows, made.set_aside) == (1, 5, 0)

    # a researcher asks, a second person approves, the researcher downloads
    month = clock.now().astimezone(clock.LONDON).strftime("%Y-%m")
    asking = await _research(browser, live_server, researcher.email)
    approving = await _research(browser, live_server, reviewer.email)
    assert await violations(asking) == []
    await asking.locator("#period").fill(month)
    await asking.get_by_label("What is it for?").fill(PURPOSE)
    await asking.get_by_role("button", name="Ask", exact=True).click()
    await expect(asking.get_by_text(PURPOSE)).to_be_visible()
    await approving.reload()
    await approving.get_by_role("button", name=re.compile("^Approve")).click()
    await asking.reload()
    await asking.get_by_role("button", name=re.compile("^Build")).click()
    await expect(asking.get_by_text("This page shows how far it is")).to_be_visible()
    assert await violations(asking) == []
    await expect(asking.get_by_text("Built, 1 conversations")).to_be_visible(timeout=BUILT_MS)
    await expect(asking.get_by_text("No export is being built")).to_be_visible()
    await approving.reload()
    await approving.get_by_role("button", name=re.compile("^Release")).click()
    await expect(approving.get_by_text("Released")).to_be_visible()
    await asking.reload()
    assert await violations(asking) == []
    async with asking.expect_download() as downloading:
        await asking.get_by_role("link", name=re.compile(r"rows\.jsonl$")).click()
    path = await (await downloading.value).path()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    text = path.read_text()
    for path in (
        "/research/articles",
        f"/research/report?period={month}",
        "/research/report?period=2020&lang=cy",
        "/research/report?period=spring&lang=cy",
    ):
        await asking.goto(live_server.url + path)
        assert await violations(asking) == [], path
    assert len(rows) == 5

    # to take an export back is asked once more
    await asking.goto(f"{live_server.url}/research")
    sure = asking.get_by_role("button", name=re.compile("^Yes, withdraw this export"))
    await expect(sure).to_be_hidden()
    await asking.locator("summary", has_text="Withdraw").click()
    await expect(asking.get_by_text("This cannot be undone.")).to_be_visible()
    assert await violations(asking) == []
    await sure.click()
    await expect(asking.get_by_text("Withdrawn", exact=False).first).to_be_visible()
    assert "She cries every morning." in text
    for secret in ("Tirion", "CF10", str(conversation.id), coach.email):
        assert secret not in text
    assert complaints == []
    for context in (parents, coaches, asking.context, approving.context):
        await context.close()


async def test_a_supervisor_works_a_concern_through(
    live_server: LiveServer, database: Database, browser: Browser
) -> None:
    coach, supervisor = [await hire(database, person) for person in (CARYS, ESTHER)]
    for _ in range(2):
        await enter(database, live_server.settings)
    desk = await _desk(browser, live_server, coach.email)
    await desk.get_by_label("Your availability").select_option("available")
    await desk.get_by_role("button", name="Take next").dblclick()
    await desk.get_by_role("button", name="Raise a concern").click()
    await desk.get_by_label("What is it about?").select_option("missing_child")
    await desk.get_by_label("What is known").fill("He has not come home from school.")
    assert await violations(desk) == []
    await desk.get_by_role("button", name="Tell a supervisor").click()

    lead = await _desk(browser, live_server, supervisor.email)
    await lead.get_by_role("button", name="What is known").click()
    await expect(lead.get_by_text("He has not come home from school.")).to_be_visible()
    assert await violations(lead) == []
    await lead.get_by_role("button", name="I have seen it").click()
    await lead.get_by_role("button", name="I have assessed it").click()
    await lead.get_by_label("Your decision and its reason").fill("The police are told, as he is eight.")
    await lead.get_by_label("Talked through with").select_option(label=CARYS.name)
    await lead.get_by_label("What you shared, and with whom").fill("All of it, with the police.")
    await lead.get_by_label("What the parent was told").fill("That we rang the police.")
    await lead.get_by_role("button", name="Write down the decision").click()
    await lead.get_by_role("button", name="Close the concern").click()
    await expect(lead.get_by_text("There is no open concern")).to_be_visible()
    # The button was pressed right after another, and twice: one parent was taken, the other waits.
    await expect(desk.get_by_text("Waiting: 1")).to_be_visible()
    await expect(desk.get_by_text("Chats: 1 of 3")).to_be_visible()
    for page in (desk, lead):
        await page.context.close()


async def test_the_articles_are_open_to_everybody(live_server: LiveServer, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    for path in ("/advice", "/advice?lang=cy", "/directory"):
        await page.goto(live_server.url + path)
        assert await violations(page) == [], path
    await page.goto(f"{live_server.url}/advice")
    await page.locator("main a[href^='/advice/']").first.click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await violations(page) == []
    assert await context.cookies() == []
    await context.close()


async def test_axe_finds_what_is_wrong(browser: Browser) -> None:
    """The negative control: an image without text, and a button of 20 px beside another."""
    page = await browser.new_page()
    small = "width:20px;height:20px;padding:0;border:0;margin:0;display:inline-block;font-size:8px"
    await page.set_content(
        f"<html lang='en'><title>Control</title><main><h1>Control</h1><img src='data:,'>"
        f"<div style='line-height:0'><button style='{small}'>a</button>"
        f"<button style='{small}'>b</button></div>"
        "</main></html>"
    )
    found = {line.partition(":")[0] for line in await violations(page)}
    assert {"image-alt", "target-size"} <= found
    await page.close()


async def _open_chat(page: Page) -> Frame:
    await page.get_by_role("button", name="Talk to a parenting coach").click()
    element = await page.wait_for_selector("iframe")
    frame = await element.content_frame()
    assert frame is not None
    await frame.wait_for_selector("main h1")
    return frame


async def _sign_in(page: Page, email: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def _research(browser: Browser, server: LiveServer, email: str) -> Page:
    context: BrowserContext = await browser.new_context(viewport=DESK)
    page = await context.new_page()
    await page.goto(f"{server.url}/console")
    await _sign_in(page, email)
    await page.wait_for_url("**/research*")
    return page


async def _desk(browser: Browser, server: LiveServer, email: str) -> Page:
    context = await browser.new_context(viewport=DESK)
    page = await context.new_page()
    await page.goto(f"{server.url}/console")
    await _sign_in(page, email)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


async def _parent_says(chat: Frame, text: str) -> None:
    await chat.get_by_label("Your message").fill(text)
    await chat.get_by_role("button", name="Send", exact=True).click()


async def _coach_says(desk: Page, text: str) -> None:
    await desk.get_by_label("Your message").fill(text)
    await desk.get_by_label("Your message").press("Control+Enter")


async def _only_conversation(database: Database) -> Conversation:
    async with reading(database) as session:
        return (await session.execute(select(Conversation))).scalar_one()


def _complaints(page: Page) -> list[str]:
    """What the browser complains about: a broken policy, a script that failed."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
