"""The advice pages and the published content, over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime
from html.parser import HTMLParser

import httpx
import pytest
import time_machine
from fastapi import FastAPI
from sqlmodel import select

from app.content import pages, routes
from app.content.models import ArticleUse
from app.content.rules import Content
from app.db import Database, reading


@pytest.fixture
async def client(invented: Content, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes.router)
    app.state.content, app.state.database = invented, database
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


class Page(HTMLParser):
    """What a page is made of: its language, headings, links, ids, and anything a strict policy refuses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language: str | None = None
        self.headings: list[int] = []
        self.links: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.refused: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "html":
            self.language = named["lang"]
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(named)
        if "id" in named:
            self.ids.append(named["id"] or "")
        if tag in ("script", "style") or "style" in named or any(name.startswith("on") for name in named):
            self.refused.append(tag)


PATHS = [
    "/advice",
    "/advice?q=bedtime",
    "/advice/step-one",
    "/advice/quiet-nights",
    "/advice/nothing",
    "/directory",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "cy"])
async def test_every_page_is_whole(client, path, language):
    join = "&" if "?" in path else "?"
    answer = await client.get(f"{path}{join}lang={language}")
    page = Page(answer.text)
    assert answer.status_code == (404 if path.endswith("nothing") else 200)
    assert page.language == language
    assert page.refused == []
    assert len(page.ids) == len(set(page.ids))
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip([0, *page.headings], page.headings, strict=False))
    skip, *_ = page.links
    assert skip["href"] == "#main"
    assert "main" in page.ids
    assert any(link["href"] == pages.LEAVE_FOR for link in page.links)
    assert any(link["href"] == "tel:999" for link in page.links)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_every_link_within_the_pages_leads_somewhere(client, path):
    for link in Page((await client.get(path)).text).links:
        href = link["href"] or ""
        if href.startswith(("/advice", "/directory")):
            assert (await client.get(href)).status_code in (200, 404 if path.endswith("nothing") else 200), (
                href
            )


async def test_each_use_is_counted_on_the_day_where_the_parent_is(client, database):
    with time_machine.travel(datetime.fromisoformat("2026-07-01T23:30:00+00:00"), tick=False):
        await client.get("/advice/step-one")
        await client.get("/advice/step-one")
        await client.get("/advice/step-one?lang=cy")
        await client.get("/advice/unknown")
        await client.get("/advice")
    async with reading(database) as session:
        uses = (await session.execute(select(ArticleUse))).scalars()
        counted = {(use.slug, use.language, str(use.day)): use.count for use in uses}
    assert counted == {("step-one", "en", "2026-07-02"): 2, ("step-one", "cy", "2026-07-02"): 1}


async def test_markdown_cannot_bring_a_script(client):
    text = (await client.get("/advice/quiet-nights")).text
    assert "<strong>bold</strong>" in text
    assert "<script" not in text
    assert 'href="javascript' not in text
    assert 'href="https://invented.example"' in text


async def test_what_is_asked_for_comes_back_as_text(client):
    text = (await client.get("/advice", params={"q": '"><img src=x onerror=alert(1)>'})).text
    assert "<img" not in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", {"step-one", "step-two", "quiet-nights"}),
        ("settling", {"quiet-nights"}),  # a synonym of its topic
        ("NOSWEITHIAU", {"quiet-nights"}),  # Welsh finds too
        ("listen first", {"step-one"}),
        ("zebra", set()),
    ],
)
def test_search_looks_in_texts_and_synonyms_of_both_languages(invented, asked, found):
    assert {article.slug for article in pages.search(invented, asked)} == found


async def test_articles_are_listed_by_topic(client):
    text = (await client.get("/advice?topic=sleep")).text
    assert "Quiet nights" in text
    assert "Step one" not in text


async def test_a_pathway_leads_from_step_to_step(client):
    first = Page((await client.get("/advice/step-one")).text)
    assert [link["href"] for link in first.links if link.get("rel") == "next"] == ["/advice/step-two"]
    last = Page((await client.get("/advice/step-two?lang=cy")).text)
    assert [link["href"] for link in last.links if link.get("rel") == "prev"] == ["/advice/step-one?lang=cy"]
    assert not [link for link in last.links if link.get("rel") == "next"]


async def test_an_article_names_services_on_its_topic(charity):
    article = next(known for known in charity.articles if known.slug == "school-rights")
    text = pages.article_page(charity, "en", article)
    assert text.index("IPSEA</h3>") < text.index("Square Peg</h3>")
    assert "Southampton" not in text


async def test_a_draft_safety_notice_stands_under_the_english_never_instead(client, invented):
    told = (await client.get("/api/v1/content/cy.json")).json()
    assert invented.notices.confidentiality.text.draft
    assert [version["language"] for version in told["notices"]["confidentiality"]["text"]] == ["en", "cy"]
    assert [version["language"] for version in told["notices"]["about"]["text"]] == ["cy"]
    assert [version["language"] for version in told["consent"]["label"]] == ["en", "cy"]
    text = (await client.get("/advice?lang=cy")).text
    assert text.index("Call now.") < text.index("Ffoniwch nawr.")
    english = (await client.get("/advice")).text
    assert "Ffoniwch nawr." not in english


async def test_the_published_content_holds_what_clients_show(client):
    told = (await client.get("/api/v1/content/en.json")).json()
    assert told["consent"]["version"] == "two"
    assert {"sleep", "sleep/bedtime"} <= {topic["id"] for topic in told["topics"]}
    assert set(told["child"]) == {"age_band", "stage", "send", "attendance", "nation", "region"}
    assert told["emergency"]["numbers"][0]["phone"] == "999"
    assert [language["id"] for language in told["languages"]] == ["en", "cy"]
    assert {code["id"]: code["data"] for code in told["wrap_up"]["disposition"]}["prank"] is False
    assert (await client.get("/api/v1/content/fr.json")).status_code == 422


@pytest.mark.parametrize("path", ["/strings/cy.json", "/api/v1/content/en.json", "/static/pages.css"])
async def test_what_changes_seldom_is_sent_once(client, path):
    first = await client.get(path)
    assert first.status_code == 200
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_content_is_packed_for_slow_lines_where_the_browser_unpacks(client):
    path = "/api/v1/content/en.json"
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


async def test_strings_come_by_their_parts(client):
    told = (await client.get("/strings/cy.json", params={"part": ["widget", "error"]})).json()
    assert told["widget.send"] == "Anfon"
    assert {key.partition(".")[0] for key in told} == {"widget", "error"}
