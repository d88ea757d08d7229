"""The review desk: little is shown, each view is noted, and what is decided is done to the rows."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser, Page
from sqlalchemy import select, update
from sqlmodel import col

from app.anonymise import Anonymised, anonymise
from app.audit import AuditEntry
from app.chat.models import Conversation
from app.db import Database, reading, transaction
from app.errors import AppError, BadRequest, Conflict, Forbidden
from app.export import pages, quoting, reviewing, rewriting
from app.export.editing import masked_more
from app.export.models import Row
from app.export.reviewing import AROUND, Decision, doubts_of
from app.export.rows import make_rows
from app.settings import PROJECT, Settings
from tests.cast import FARID, GWEN, browser_of, hire_and_sign_in
from tests.export.conversations import CODEBOOK, KEYS, NOW, add_closed, add_staff
from tests.export.test_runs import approved, build, requested
from tests.journey.axe import violations
from tests.scenes import PATIENCE_S, content

SOMEBODY = UUID(int=9)
TALK = (
    ("parent", f"{'It has been so very hard for all of us. ' * 4}I am so tired. My son Tomos Pryce cries."),
    ("coach", "Thank you. And how does he like the rowing club?"),
    ("parent", "The rowing club is the only thing. He loves the rowing club a lot."),
)


@pytest.fixture
async def doubtful(database: Database, settings: Settings) -> Row:
    """The first message of a conversation, whose one mask is doubtful."""
    await add_closed(database, texts=TALK)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    return await _doubted(database)


async def _doubted(database: Database) -> Row:
    """Let the first mask of all be doubtful, and no other."""
    async with transaction(database) as session:
        rows = list(await session.scalars(select(Row).order_by(col(Row.number))))
        for row in rows:
            row.spans = [
                {**span, "doubtful": row is rows[0] and place == 0} for place, span in enumerate(row.spans)
            ]
    return rows[0]


async def decide(
    database: Database,
    row: Row,
    decision: Decision,
    *,
    words: str = "",
    message: int | None = None,
    by: UUID = SOMEBODY,
) -> None:
    async with transaction(database) as session:
        await reviewing.decide(
            session,
            KEYS,
            group=row.group_id,
            message=message or row.number,
            at=0,
            decision=decision,
            words=words,
            staff_id=by,
            actor="reviewer:somebody",
        )


async def texts(database: Database) -> list[str]:
    async with reading(database) as session:
        return list(await session.scalars(select(col(Row.text)).order_by(col(Row.number))))


async def test_a_mask_is_kept_once(database: Database, doubtful: Row) -> None:
    before = await texts(database)
    await decide(database, doubtful, Decision.ACCEPT)
    assert await texts(database) == before
    with pytest.raises(Conflict):
        await decide(database, doubtful, Decision.ACCEPT)
    assert await reviewing.next_doubts(database, KEYS, staff_id=SOMEBODY, actor="reviewer:x") == []


async def test_a_mask_is_taken_off_while_the_conversation_is_kept(database: Database, doubtful: Row) -> None:
    (doubt,) = await reviewing.next_doubts(database, KEYS, staff_id=SOMEBODY, actor="reviewer:x")
    assert doubt.shown is not None
    assert doubt.shown in TALK[0][1]
    await decide(database, doubtful, Decision.UNMASK)
    assert doubt.shown in (await texts(database))[0]


async def test_a_mask_stays_once_the_conversation_is_erased(database: Database, doubtful: Row) -> None:
    async with transaction(database) as session:
        conversation = (await session.scalars(select(Conversation))).one()
        await session.delete(conversation)
    (doubt,) = await reviewing.next_doubts(database, KEYS, staff_id=SOMEBODY, actor="reviewer:x")
    assert doubt.shown is None
    with pytest.raises(Conflict):
        await decide(database, doubtful, Decision.UNMASK)


async def test_what_stands_beside_is_masked_throughout(database: Database, doubtful: Row) -> None:
    async with transaction(database) as session:
        row = await session.get_one(Row, (doubtful.group_id, 2))
        row.spans = [
            {
                "start": 0,
                "end": 10,
                "type": "PERSON",
                "class": "direct",
                "score": 0.4,
                "detector": "names",
                "reason": "x",
                "doubtful": True,
            }
        ]
    for words in ("", "not there", "Tomos"):
        with pytest.raises(BadRequest):
            await decide(database, doubtful, Decision.MASK_MORE, words=words, message=2)
    await decide(database, doubtful, Decision.MASK_MORE, words="rowing  club", message=2)
    assert "rowing club" not in " ".join(await texts(database)).casefold()
    assert (await texts(database))[2] == ("The [MASKED] is the only thing. He loves the [MASKED] a lot.")
    async with reading(database) as session:
        for row in await session.scalars(select(Row)):
            for span in row.spans:
                if span["type"] == "REVIEW":
                    assert row.text[int(str(span["start"])) : int(str(span["end"]))] == "[MASKED]"


async def test_whoever_asked_for_an_export_does_not_review_what_is_in_it(
    database: Database, settings: Settings, doubtful: Row
) -> None:
    """A researcher who has become a reviewer since."""
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)
    await build(database, settings, run, by=researcher)
    assert await reviewing.next_doubts(database, KEYS, staff_id=researcher, actor="reviewer:x") == []
    assert len(await reviewing.next_doubts(database, KEYS, staff_id=reviewer, actor="reviewer:y")) == 1
    with pytest.raises(Forbidden):
        await decide(database, doubtful, Decision.ACCEPT, by=researcher)
    await decide(database, doubtful, Decision.ACCEPT, by=reviewer)


async def test_nobody_who_writes_waits_while_a_mask_is_looked_behind(
    database: Database, doubtful: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer: a parent's message would wait for as long as a reviewer's page takes."""
    looking, go_on = threading.Event(), threading.Event()

    def slowly(texts: Sequence[str], names: Sequence[str]) -> Anonymised:
        looking.set()
        assert go_on.wait(PATIENCE_S)
        return anonymise(texts, names)

    monkeypatch.setattr(rewriting, "anonymise", slowly)
    page = asyncio.create_task(
        reviewing.next_doubts(database, KEYS, staff_id=SOMEBODY, actor="reviewer:somebody")
    )
    try:
        assert await asyncio.to_thread(looking.wait, PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S / 2), transaction(database) as session:
            await session.execute(update(Conversation).values(language="cy"))
    finally:
        go_on.set()
    assert [doubt.group for doubt in await page] == [doubtful.group_id]


async def test_little_is_shown_and_each_view_is_noted(database: Database, doubtful: Row) -> None:
    (doubt,) = doubts_of(doubtful)
    assert len(doubt.before) == AROUND
    assert len(doubt.after) <= AROUND
    await reviewing.next_doubts(database, KEYS, staff_id=SOMEBODY, actor="reviewer:x")
    await decide(database, doubtful, Decision.ACCEPT)
    async with reading(database) as session:
        noted = list(
            await session.scalars(
                select(AuditEntry)
                .where(col(AuditEntry.action).startswith("review."))
                .order_by(col(AuditEntry.number))
            )
        )
    assert [entry.action for entry in noted] == ["review.read", "review.accept"]
    assert {entry.subject for entry in noted} == {f"rows:{doubtful.group_id}"}
    assert all(set(entry.details) == {"message", "mask"} for entry in noted), "no word of the text"


async def test_the_desk_is_the_reviewer_s_alone(
    service: FastAPI, database: Database, settings: Settings
) -> None:
    service.state.key_ring = KEYS
    await add_closed(database, texts=TALK)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    row = await _doubted(database)
    path = f"/research/review/{row.group_id}/1/0"
    async with browser_of(service, await hire_and_sign_in(database, FARID)) as farid:
        assert (await farid.get("/research/review")).status_code == 403
        assert "/research/review" not in (await farid.get("/research")).text
    async with browser_of(service, await hire_and_sign_in(database, GWEN)) as gwen:
        token = gwen.headers.pop("X-CSRF-Token")
        assert "/research/review" in (await gwen.get("/research")).text
        page = (await gwen.get("/research/review?lang=cy")).text
        assert f"{path}/accept?lang=cy" in page
        assert (await gwen.post(f"{path}/accept", data={})).status_code == 403
        assert (await gwen.post(f"{path}/praise", data={"csrf": token})).status_code == 422
        wrong = await gwen.post(f"{path}/mask-more", data={"csrf": token, "words": "not there"})
        assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
        assert (await gwen.post(f"{path}/accept", data={"csrf": token})).status_code == 303
        assert path not in (await gwen.get("/research/review")).text


@given(
    words=st.sampled_from(["club", "a club", "rowing", "x"]),
    text=st.lists(st.sampled_from(["a", "club", "rowing", "[P_1]", ".", "x"]), max_size=12).map(" ".join),
)
def test_every_mask_still_stands_where_it_is_said_to(words: str, text: str) -> None:
    spans = [
        {"start": at, "end": at + 5, "type": "P"} for at in range(len(text)) if text.startswith("[P_1]", at)
    ]
    after, moved = masked_more(text, spans, words)
    assert words not in after.replace("[MASKED]", "").replace("[P_1]", "").split(" ")
    for span in moved:
        start, end = int(str(span["start"])), int(str(span["end"]))
        assert after[start:end] == ("[P_1]" if span["type"] == "P" else "[MASKED]")
    assert sum(span["type"] == "P" for span in moved) == len(spans)


QUOTE = quoting.Proposed(
    UUID(int=2),
    before="We saw ",
    text="the club of [PERSON_1] on Sundays",
    after=" there",
    seen="0",
    accepted=1,
    masks=[quoting.Inside(0, "[PERSON_1]", "a name", "Rose")],
)
DOUBTS = [
    reviewing.Doubt(UUID(int=1), 1, at, "We saw ", "[PERSON_1]", " there", "a name", shown=shown)
    for at, shown in enumerate(["Tomos", None])
]


async def _desk(browser: Browser, language: str) -> Page:
    page = await browser.new_page()
    await page.set_content(
        pages.review_page(
            content(),
            language,  # type: ignore[arg-type]
            csrf="token",
            doubts=DOUBTS,
            quotes=[QUOTE],
            error=AppError("no", next_step="go on"),
        )
    )
    for sheet in (
        PROJECT / "app/content/pages.css",
        Path(pages.__file__).parent / "templates/research.css",
    ):
        await page.add_style_tag(content=sheet.read_text("utf-8"))
    await page.add_script_tag(content=(PROJECT / "build/web/review.js").read_text("utf-8"))
    return page


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_the_page_passes_axe_and_is_walked_by_keyboard(browser: Browser, language: str) -> None:
    page = await _desk(browser, language)
    assert await violations(page) == []
    reached = []
    await page.locator("#main").focus()
    for _ in range(9):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.closest('form')?.getAttribute('action')"))
    assert [str(action).split("/")[-1].split("?")[0] for action in reached] == [
        *("accept", "refuse", "unmask", "mask-more", "mask-more"),
        *("accept", "unmask", "mask-more", "mask-more"),
    ]
    await page.close()


async def test_single_keys_act_on_the_card_that_has_the_focus(browser: Browser) -> None:
    page = await _desk(browser, "en")
    await page.evaluate(
        "window.sent = []; document.addEventListener('submit', (event) => {"
        "event.preventDefault(); sent.push(event.target.getAttribute('action')); })"
    )
    for key in ("a", "x", "u", "j", "a", "j", "u", "k", "m"):
        await page.keyboard.press(key)
    await page.keyboard.type("jaxu")
    await page.keyboard.press("Escape")
    await page.keyboard.press("k")
    await page.keyboard.press("a")
    sent = [str(action).split("/review/")[1] for action in await page.evaluate("sent")]
    quote, mask = f"quotes/{UUID(int=2)}", f"{UUID(int=1)}/1"
    assert sent == [
        *(f"{quote}/accept", f"{quote}/refuse", f"{quote}/unmask", f"{mask}/0/accept", f"{mask}/1/unmask"),
        f"{quote}/accept",
    ]
    assert await page.locator("#words-1").input_value() == "jaxu"
    await page.close()


async def test_keys_do_nothing_where_no_card_has_the_focus(browser: Browser) -> None:
    page = await _desk(browser, "en")
    await page.evaluate("window.sent = 0; document.addEventListener('submit', () => { sent += 1; })")
    await page.locator("#main").focus()
    for key in ("a", "x", "u", "m", "j"):
        await page.keyboard.press(key)
    assert await page.evaluate("[sent, document.activeElement.id]") == [0, "main"]
    await page.close()
