"""How often articles were opened: whole months, both languages, the most opened first."""

from datetime import date
from html import unescape

from app.content.actions import count_use
from app.content.reading import read_content
from app.db import Database, transaction
from app.export.periods import parse_period
from app.reports.articles import articles_page
from app.settings import PROJECT
from tests.reports.test_topic import Page

CONTENT = read_content(PROJECT / "content")
SLEEP, FEELINGS = "better-sleep", "big-feelings"
OPENED = (
    (SLEEP, "en", date(2026, 1, 1)),
    (SLEEP, "en", date(2026, 3, 31)),
    (FEELINGS, "cy", date(2026, 2, 14)),
    (FEELINGS, "en", date(2026, 2, 14)),
    (FEELINGS, "en", date(2026, 2, 14)),
    ("an-article-of-before", "en", date(2026, 3, 1)),
    (SLEEP, "en", date(2025, 12, 31)),
    (SLEEP, "en", date(2026, 4, 1)),
)


async def test_a_periods_openings_are_counted_by_article_and_language(database: Database) -> None:
    for slug, language, day in OPENED:
        async with transaction(database) as session:
            await count_use(session, slug=slug, language=language, day=day)
    html = await articles_page(database, CONTENT, period=parse_period("2026-Q1"), language="en")
    [table] = Page(html).tables
    titles = {article.slug: article.en.title for article in CONTENT.articles}
    assert table[1:4] == [
        [titles[FEELINGS], "2", "1", "3"],
        [titles[SLEEP], "2", "0", "2"],
        ["an-article-of-before", "1", "0", "1"],
    ]
    assert [line[3] for line in table[4:-1]] == ["0"] * (len(titles) - 2)
    assert table[-1][1:] == ["5", "1", "6"]
    assert "January 2026 to March 2026" in html


async def test_the_page_speaks_welsh(database: Database) -> None:
    html = await articles_page(database, CONTENT, period=parse_period("2026-03"), language="cy")
    [article] = [each for each in CONTENT.articles if each.slug == SLEEP]
    assert article.cy.title in unescape(html)
    assert CONTENT.interface.text("research.articles", "cy") in html
    assert CONTENT.interface.text("research.articles", "en") not in html
