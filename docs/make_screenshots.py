"""Photographs the service for the README: `make screenshots`.

Starts the service on a data folder of its own with a year of rehearsed conversations, lets two parents and a
coach talk in a real browser, and writes what they see to `docs/screenshots`. All that is said is invented.
"""

import asyncio
import tempfile
from pathlib import Path
from uuid import uuid4

import httpx
from playwright.async_api import Browser, FloatRect, FrameLocator, Locator, Page, async_playwright

from app import clock
from app.db import migrate
from app.rehearsal.cast import CAST, PASSWORD
from app.rehearsal.demo import fill_past
from app.rehearsal.server import own_server
from app.settings import Settings
from tests.provision.chromium import chromium_flags, find_chromium

OUT = Path(__file__).parent / "screenshots"
PAST = 900
SEED = 7
LARGEST = 300_000
ROOM = 8

SCHOOL = "My daughter is 12. Every school morning she feels sick, and she has not been in since half term."
SCHOOL_TALK = (
    ("coach", "Hello, I am Cerys. I am glad you wrote. Mornings like that are hard on both of you."),
    ("parent", "The school says I have to make her go. I have tried everything."),
    ("coach", "It is not your fault. There is usually something behind it. What does she say about school?"),
    ("parent", "The corridors are so loud. At break she hides in the toilets."),
    ("coach", "That helps. Shall we write down together what you could ask the school for?"),
    ("parent", "Yes please."),
)
SLEEP = "Our son is four and has not slept through for a month. We are both so tired."
SLEEP_TALK = (
    ("coach", "Hello, I am Cerys. A month is long. When does he wake, and what happens then?"),
    ("parent", "At three. He wants to play, and in the end he sleeps in our bed."),
    ("coach", "Then let us think of one small change that you could keep up for a week."),
)

Place = Page | FrameLocator


async def main() -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(env="development", data_dir=Path(folder), database_url="", hours="always")
        await asyncio.to_thread(migrate, settings)
        await fill_past(settings, count=PAST, seed=SEED, progress=lambda _, __: None)
        async with (
            own_server(settings, log=Path(folder) / "server.log") as url,
            async_playwright() as playwright,
        ):
            path = await asyncio.to_thread(find_chromium, playwright.chromium.executable_path)
            browser = await playwright.chromium.launch(executable_path=path, args=chromium_flags())
            await _conversations(browser, url)
            await _report(browser, url)
            await browser.close()
    for picture in sorted(OUT.glob("*.png")):
        size = picture.stat().st_size
        print(f"{picture.name:<20}{size / 1000:7.0f} kB{'  too large' if size > LARGEST else ''}")


async def _conversations(browser: Browser, url: str) -> None:
    site = await _page(browser, width=1360, height=800, scale=1.2)
    await site.goto(url)
    await site.get_by_role("button", name="Talk to a parenting coach").click()
    desktop = site.frame_locator("iframe")
    await _ask(desktop, SLEEP, topic="Sleep")

    phone = await _page(browser, width=430, height=932, scale=1.4)
    await phone.goto(f"{url}/embed")
    await phone.get_by_role("heading", name="What stays between us").wait_for()
    await phone.evaluate("document.querySelector('.emergency').scrollIntoView()")
    await phone.evaluate("scrollBy(0, -90)")
    await _take(phone, "phone-opening")
    await _ask(phone, SCHOOL, topic="School attendance", age="11 to 13")
    await phone.get_by_text("People before you: 1").first.wait_for()
    await _take(phone, "phone-waiting")

    await _somebody_else(url)
    console = await _page(browser, width=1360, height=820, scale=1.25)
    await console.goto(f"{url}/console")
    await console.get_by_label("Email").fill(CAST[0].email)
    await console.get_by_label("Password").fill(PASSWORD)
    await console.get_by_role("button", name="Sign in").click()
    await console.get_by_label("Your availability").select_option("available")
    await console.get_by_text("Waiting: 3").wait_for()
    await console.wait_for_timeout(1000)  # a click while the choice is on its way would be ignored
    chats = console.locator("article.chat")
    for number in (1, 2):
        await console.get_by_role("button", name="Take next").click()
        await chats.nth(number - 1).wait_for()
    await _talk(chats.filter(has_text="four"), desktop, SLEEP_TALK)
    await _talk(chats.filter(has_text="half term"), phone, SCHOOL_TALK)
    await _take(console, "console")
    await _take(phone, "phone-talking")
    await _take(site, "desktop")

    ending = chats.filter(has_text="half term")
    await ending.get_by_role("button", name="End chat").click()
    await ending.get_by_role("button", name="Yes").click()
    await _wrap_up(console, ending)


async def _wrap_up(console: Page, chat: Locator) -> None:
    for sought, topic in (
        ("refusal", "Barriers to school attendance"),
        ("sensory", "Sensory needs"),
    ):
        await chat.get_by_label("Search for a topic").fill(sought)
        await chat.locator(".picks").get_by_role("button", name=topic, exact=True).click()
    await chat.get_by_label("How it ended").select_option(label="Advice given")
    await chat.locator("summary", has_text="What stands behind it").click()
    await chat.get_by_label("Sensory difficulties").check()
    await chat.get_by_label("Break and lunch times").check()
    await chat.locator("summary", has_text="What stands behind it").click()
    await chat.locator("summary", has_text="What was missing").click()
    await chat.get_by_label("School not helping").check()
    await console.set_viewport_size({"width": 1240, "height": 1300})
    await _take_around(console, chat.locator("form.wrap-up"), "wrap-up")


async def _report(browser: Browser, url: str) -> None:
    page = await _page(browser, width=860, height=1000, scale=1.25)
    await page.goto(f"{url}/advice")
    await page.evaluate(
        """async ([email, password]) => {
            const headers = { "Content-Type": "application/json" };
            const body = JSON.stringify({ email, password });
            const answer = await fetch("/api/v1/staff/sign-in", { method: "POST", headers, body });
            if (!answer.ok) throw new Error(`sign-in: ${answer.status}`);
        }""",
        [CAST[2].email, PASSWORD],
    )
    now = clock.now()
    year = now.year if now.month > 6 else now.year - 1
    await page.goto(f"{url}/research/report?topic=school-attendance&period={year}")
    await _take_around(page, page.locator("figure"), "report", begin=page.locator("h1"))
    table = page.locator("table", has=page.get_by_text("Wales", exact=True))
    await _take_around(page, table, "report-table", begin=page.get_by_role("heading", name="By region"))


async def _ask(place: Place, text: str, *, topic: str, age: str | None = None) -> None:
    """Start a conversation in the widget."""
    await place.get_by_label("What would you like to talk about?").fill(text)
    await place.locator("details.questions summary").click()
    await place.get_by_label("What is it about?").select_option(label=topic)
    if age:
        await place.get_by_label("How old is your child?").select_option(label=age)
    await place.locator("form button.main").click()
    await place.get_by_text(text).wait_for()


async def _talk(coach: Locator, parent: Place, lines: tuple[tuple[str, str], ...]) -> None:
    for speaker, line in lines:
        by, to = (coach, parent) if speaker == "coach" else (parent, coach)
        await by.get_by_label("Your message").fill(line)
        await by.get_by_role("button", name="Send", exact=True).click()
        await to.get_by_text(line).wait_for()


async def _somebody_else(url: str) -> None:
    """One more parent, who waits."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        asked = {"start_id": str(uuid4()), "topic": "online-safety", "age_band": "14-16"}
        (await http.post("/api/v1/conversations", json=asked)).raise_for_status()


async def _page(browser: Browser, *, width: int, height: int, scale: float) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        locale="en-GB",
        timezone_id="Europe/London",
        reduced_motion="reduce",
        color_scheme="light",
    )
    context.set_default_timeout(20_000)
    return await context.new_page()


async def _take(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=OUT / f"{name}.png", animations="disabled", caret="hide")


async def _take_around(page: Page, part: Locator, name: str, *, begin: Locator | None = None) -> None:
    """A picture of one part of the page, or from where `begin` begins, with a little room around it."""
    await page.evaluate("scrollTo(0, 0)")
    box, first = await part.bounding_box(), await (begin or part).bounding_box()
    assert box is not None
    assert first is not None
    clip = FloatRect(
        x=max(0, box["x"] - ROOM),
        y=max(0, first["y"] - ROOM),
        width=box["width"] + 2 * ROOM,
        height=box["y"] + box["height"] - first["y"] + 2 * ROOM,
    )
    await page.screenshot(path=OUT / f"{name}.png", clip=clip, full_page=True, animations="disabled")


if __name__ == "__main__":
    asyncio.run(main())
