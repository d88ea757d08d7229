"""The parent's chat in a real browser: what it must not do, how it is left, and what it survives."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Frame,
    Page,
    Route,
    ViewportSize,
    WebSocketRoute,
    expect,
)

from app.db import open_database
from app.settings import Settings
from tests.cast import CARYS, PASSWORD, hire
from tests.journey.axe import violations
from tests.provision.server import LiveServer, running_server

NEUTRAL = "https://www.bbc.co.uk/weather"
PHONE = {"width": 360, "height": 740}
SMALL_PHONE: ViewportSize = {"width": 360, "height": 640}
ZOOMED: ViewportSize = {"width": 320, "height": 256}  # a screen of 1280 by 1024 at 400 %
# The very next thing that the page does after each key finds it blank, or not.
TELL_BLANK = """() => { let key = 0; addEventListener("keyup", () => {
  const which = ++key;
  setTimeout(() => console.info(`${which} ${document.body.innerText.trim() === "" ? "blank" : "shown"}`));
}, true) }"""

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """A charity's own page on an origin of its own, with the loader of whatever service it is told."""

    url: str = ""
    loads_from: str = ""


@asynccontextmanager
async def _site() -> AsyncIterator[Site]:
    site = Site()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = (
            "<!doctype html><html lang='en'><title>Nant</title><body><h1>Nant</h1>"
            f"<script async src='{site.loads_from}/embed.js'></script></body></html>"
        ).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(page)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + page)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        site.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        yield site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The charity's site that may embed the chat."""
    async with _site() as opened:
        yield opened


@pytest.fixture
async def service(site: Site, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[LiveServer]:
    """The service, which one charity's site may embed; which engine is beneath makes no difference here."""
    shutil.copy(sqlite_template, tmp_path / "earshot.db")
    settings = Settings(
        env="development",
        database_url=f"sqlite:///{tmp_path / 'earshot.db'}",
        data_dir=tmp_path,
        sites=(site.url,),
    )
    async with running_server(settings) as server:
        site.loads_from = server.url
        yield server


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(viewport=PHONE)
    await opened.route(f"{NEUTRAL}*", _weather)
    yield opened
    await opened.close()


async def _weather(route: Route) -> None:
    await route.fulfill(body="<title>Weather</title>Dry and bright.", content_type="text/html")


async def _frame(page: Page) -> Frame:
    await page.get_by_role("button", name="Talk to a parenting coach").click()
    element = await page.wait_for_selector("iframe")
    frame = await element.content_frame()
    assert frame
    return frame


async def _page(context: BrowserContext, address: str, size: ViewportSize) -> Page:
    page = await context.new_page()
    await page.set_viewport_size(size)
    await page.goto(address)
    return page


async def _begin(chat: Page | Frame, words: str = "Bedtime is hard.") -> None:
    await chat.get_by_label("What would you like to talk about?").fill(words)
    await chat.get_by_role("button", name="Talk to a coach").click()
    await expect(chat.get_by_role("heading", name="You are in the queue")).to_be_visible()
    await expect(chat.get_by_role("log").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_the_way_into_the_chat_is_on_a_small_phones_first_screen(
    service: LiveServer, context: BrowserContext, language: str
) -> None:
    page = await _page(context, f"{service.url}/?lang={language}", SMALL_PHONE)
    await expect(page.locator("#earshot .launcher")).to_be_in_viewport(ratio=1)
    await page.locator("#earshot .launcher").click()
    chat = await (await page.wait_for_selector("iframe")).content_frame()
    assert chat
    start = chat.locator("main > button.main")
    await expect(start).to_be_in_viewport(ratio=1)
    assert await violations(chat) == []
    await start.click()
    await expect(chat.locator("#confidentiality")).to_be_in_viewport(ratio=0.9)
    await expect(chat.locator("#confidentiality")).to_be_focused()
    assert await violations(chat) == []


async def test_nothing_is_stored_or_connected_before_the_chat_is_opened(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(service.url)))
    page.on("websocket", lambda socket: asked.append(socket.url))
    await page.goto(service.url)
    await expect(page.get_by_role("button", name="Talk to a parenting coach")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert sorted(asked) == ["/", "/embed.js", "/static/chat.css"]
    assert len(page.frames) == 1
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await context.cookies() == []


@pytest.mark.usefixtures("service")
async def test_a_reload_resumes_and_the_host_page_holds_nothing(site: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(site.url)
    await _begin(await _frame(page))
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    await page.reload()
    chat = await _frame(page)
    await expect(chat.get_by_role("log").get_by_text("Bedtime is hard.")).to_have_count(1)
    assert await chat.evaluate("localStorage.length") == 0
    assert await context.cookies() == []


async def test_a_foreign_site_cannot_frame_the_chat(service: LiveServer, context: BrowserContext) -> None:
    page = await context.new_page()
    async with _site() as other:
        other.loads_from = service.url
        await page.goto(other.url)
        frame = await _frame(page)
        await page.wait_for_load_state("networkidle")
        assert await frame.locator("#chat").count() == 0


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("where", ["host page", "frame"])
async def test_shift_three_times_blanks_the_page_at_once_and_forgets_the_chat(
    site: Site, context: BrowserContext, where: str
) -> None:
    page = await context.new_page()
    await page.goto(site.url)
    chat = await _frame(page)
    await _begin(chat)
    leaving = asyncio.Event()

    async def hold(route: Route) -> None:
        await leaving.wait()
        await _weather(route)

    await page.route(f"{NEUTRAL}*", hold)
    seen: Page | Frame = chat
    if where == "host page":
        seen = page
        await page.evaluate("document.activeElement.blur()")
    else:
        await chat.get_by_label("Your message").focus()
    await seen.evaluate(TELL_BLANK)
    await page.keyboard.press("Shift")
    await page.keyboard.press("Shift")
    status = seen.get_by_role("status").filter(has_text="Press Shift once more to leave")
    await expect(status).to_be_attached()
    async with page.expect_console_message(lambda said: said.text.startswith("3 ")) as told:
        await page.keyboard.press("Shift")
    assert (await told.value).text == "3 blank"
    leaving.set()
    await expect(page).to_have_url(re.compile(f"^{re.escape(NEUTRAL)}"))
    await page.goto(site.url)
    chat = await _frame(page)
    await expect(chat.get_by_role("button", name="Talk to a coach")).to_be_visible()
    assert await chat.evaluate("sessionStorage.length") == 0


async def test_the_exit_link_works_with_and_without_the_loader(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()
    await page.goto(service.url)
    chat = await _frame(page)
    await _begin(chat)
    await chat.get_by_role("link", name="Exit this page").click()
    await page.wait_for_url(f"{NEUTRAL}*")
    await page.goto(f"{service.url}/embed")
    await expect(page.get_by_role("button", name="Talk to a coach")).to_be_visible()
    await page.get_by_role("link", name="Exit this page").click()
    await page.wait_for_url(f"{NEUTRAL}*")


async def test_hiding_keeps_the_chat_and_gives_the_focus_back(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()
    await page.goto(service.url)
    chat = await _frame(page)
    await _begin(chat)
    await chat.get_by_label("Your message").press("Escape")
    opener = page.get_by_role("button", name="Talk to a parenting coach")
    await expect(opener).to_be_focused()
    await opener.press("Enter")
    await expect(chat.get_by_role("log").get_by_text("Bedtime is hard.")).to_be_visible()


async def test_a_hidden_chat_says_how_much_is_new(service: LiveServer, browser: Browser) -> None:
    database = open_database(service.settings)
    coach = await hire(database, CARYS)
    await database.engine.dispose()
    page, desk = await browser.new_page(), await browser.new_page()
    await page.goto(service.url)
    chat = await _frame(page)
    await _begin(chat)
    await desk.goto(f"{service.url}/console")
    await desk.get_by_label("Email").fill(coach.email)
    await desk.get_by_label("Password").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
    await desk.get_by_label("Your availability").select_option("available")
    await desk.get_by_role("button", name="Take this chat").click()
    await expect(desk.get_by_role("log").get_by_text("Bedtime is hard.")).to_be_visible()
    await page.get_by_role("button", name="Hide the chat").click()
    await desk.get_by_label("Your message").fill("Are you there?")
    await desk.get_by_label("Your message").press("Control+Enter")
    await expect(desk.get_by_text("Delivered", exact=True)).to_be_visible()
    opener = page.get_by_role("button", name="New messages: 1")
    await expect(opener).to_be_visible()
    await opener.click()
    await expect(desk.get_by_text("Read", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Hide the chat").click()
    await expect(page.get_by_role("button", name="Talk to a parenting coach")).to_be_visible()


async def test_what_is_written_without_a_connection_is_sent_once_when_it_is_back(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()
    lines: list[WebSocketRoute] = []
    cut = False

    async def line(socket: WebSocketRoute) -> None:
        if cut:
            await socket.close(code=1011)
            return
        socket.connect_to_server()
        lines.append(socket)

    async def request(route: Route) -> None:
        await (route.abort() if cut else route.continue_())

    await page.route_web_socket("**/rt/v1", line)
    await page.route("**/rt/v1/*", request)
    await page.goto(f"{service.url}/embed")
    await _begin(page)
    await expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    await page.evaluate("""() => {
      window.added = 0;
      new MutationObserver((changes) => {
        added += changes.flatMap(({ addedNodes }) => [...addedNodes])
          .filter((node) => node.nodeName === "LI").length;
      }).observe(document.querySelector("[role=log]"), { childList: true, subtree: true });
    }""")
    cut = True
    await lines[-1].close(code=4000)
    await expect(page.get_by_text("Connection lost. Trying again.")).to_be_visible()
    await page.get_by_label("Your message").fill("Are you still there?")
    await page.get_by_role("button", name="Send", exact=True).click()
    log = page.get_by_role("log")
    await expect(log.get_by_text("Are you still there?")).to_have_count(1)
    await expect(page.get_by_text("Sending", exact=True)).to_be_visible()
    cut = False
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(log.get_by_text("Are you still there?")).to_have_count(1)
    assert await page.evaluate("added") == 1, "a message must be announced once"


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_the_composer_is_in_view_at_400_per_cent(
    service: LiveServer, context: BrowserContext, language: str
) -> None:
    page = await _page(context, f"{service.url}/embed?lang={language}", ZOOMED)
    await page.locator("button[type=submit]").click()
    await page.locator("#composer").wait_for()
    for part in ("#composer", ".composer button", ".exit"):
        box = await page.locator(part).bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= ZOOMED["height"]
        assert box["height"] >= 44
    assert await page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["width"]
    assert await violations(page) == []


async def test_a_text_that_is_too_long_is_told_and_not_sent(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()
    await page.goto(f"{service.url}/embed")
    await _begin(page)
    await page.get_by_label("Your message").fill("é" * 4001)
    await expect(page.get_by_text("Too long by one character")).to_be_visible()
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("log").get_by_role("listitem")).to_have_count(1)
    await page.get_by_label("Your message").fill("é" * 4000)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("log").get_by_role("listitem")).to_have_count(2)


async def test_when_closed_it_says_when_it_opens_and_whom_to_ring(
    service: LiveServer, context: BrowserContext
) -> None:
    page = await context.new_page()

    async def closed(route: Route) -> None:
        told = {"open": False, "next_opening": "2026-07-06T08:00:00Z"}
        await route.fulfill(body=json.dumps(told), content_type="application/json")

    await page.route("**/api/v1/service*", closed)
    await page.goto(f"{service.url}/embed")
    await expect(page.get_by_text("Monday 6 July at 9:00")).to_be_visible()
    await expect(page.get_by_role("link", name="999")).to_be_visible()
    await expect(page.get_by_role("button", name="Talk to a coach")).to_have_count(0)
    await expect(page.get_by_role("button", name="I have a return code")).to_be_visible()
    await page.get_by_role("button", name="Cymraeg").click()
    await expect(page.get_by_text("dydd Llun 6 Gorffennaf am 9:00")).to_be_visible()
    await page.get_by_role("button", name="English").click()
    assert await violations(page) == []
