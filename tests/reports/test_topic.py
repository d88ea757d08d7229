"""The topic report: right numbers, nothing small, a table beside the chart, both languages, both sources."""

from collections import Counter
from datetime import date
from html.parser import HTMLParser

import pytest

from app.content.reading import read_content
from app.content.rules import UnknownCode
from app.db import Database, transaction
from app.export.models import Tally
from app.export.periods import parse_period
from app.reports.topic import build_report
from app.settings import PROJECT, Settings
from tests.export.conversations import row_group

CONTENT = read_content(PROJECT / "content")
YEAR = parse_period("2025/26")
LISTENED = CONTENT.codebook.code("disposition", "listened").label.en


class Page(HTMLParser):
    """Tags with their attributes, and each table's rows of cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self._cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.tables[-1][-1][-1] += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


async def add_tallies(database: Database, topic: str, months: dict[int, dict[str, int]]) -> None:
    """Counts by age band for months of 2025."""
    async with transaction(database) as session:
        for month, ages in months.items():
            counts = {("", ""): sum(ages.values()), **{("age_band", age): n for age, n in ages.items()}}
            session.add_all(
                Tally(
                    month=date(2025, month, 1),
                    topic=topic,
                    variable=variable,
                    value=value,
                    simulated=False,
                    count=count,
                )
                for (variable, value), count in counts.items()
            )


async def test_a_report_rounds_hides_and_says_so(database: Database, settings: Settings) -> None:
    await add_tallies(
        database, "sleep", {4: {"0-4": 61, "5-7": 22, "": 13}, 5: {"0-4": 40, "8-10": 4}, 6: {"0-4": 3}}
    )
    html = await build_report(database, CONTENT, settings, topic="sleep", period=YEAR, source="tallies")
    page = Page(html)
    months, ages = page.tables[0], page.tables[1]
    assert months[1] == ["April 2025", "95", "66%"]
    assert months[-1][:2] == ["Total", "145"]
    assert [row[1] for row in months[2:4]] == ["Too few to show"] * 2  # May is the complement of June
    shown = {row[0]: row[1] for row in ages[1:]}
    assert shown["0 to 4"] == "105"
    assert shown["8 to 10"] == shown["Not said"] == "Too few to show"
    assert shown["Total"] == "145"
    assert not {"61", "96", "44", "143", "104"} & {
        cell for table in page.tables for row in table for cell in row
    }
    assert "Numbers below 10 are not shown. All others are rounded to 5." in html
    assert "Source: counts of all closed conversations (n = 145)." in html


async def test_who_was_never_wrapped_up_cannot_be_got_by_subtraction(
    database: Database, settings: Settings
) -> None:
    """They stand under no disposition, so that the others would add up to less than all."""
    async with transaction(database) as session:
        for value, count in (("advice-given", 73), ("listened", 13)):
            session.add(tally(value=value, variable="disposition", count=count))
        session.add(tally(count=73 + 13 + 9))
    page = Page(await build_report(database, CONTENT, settings, topic=None, period=YEAR))
    (came_of_it,) = [table for table in page.tables if any(row[0] == LISTENED for row in table)]
    shown = {row[0]: row[1] for row in came_of_it[1:]}
    assert shown["Total"] == "95"
    assert shown[LISTENED] == shown["Not said"] == "Too few to show"
    assert shown[CONTENT.codebook.code("disposition", "advice-given").label.en] == "75"


def tally(*, count: int, variable: str = "", value: str = "") -> Tally:
    return Tally(
        month=date(2025, 4, 1), topic="", variable=variable, value=value, simulated=False, count=count
    )


async def test_the_page_is_plain_and_accessible(database: Database, settings: Settings) -> None:
    await add_tallies(database, "", {4: {"0-4": 61}})
    html = await build_report(database, CONTENT, settings, topic=None, period=YEAR)
    page = Page(html)
    assert page.tags[0] == ("html", {"lang": "en"})
    assert page.count("h1") == page.count("figure") == page.count("figcaption") == page.count("svg") == 1
    assert page.count("table") == page.count("caption")
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    assert page.count("script") == page.count("link") == 0
    assert page.count("style") == 1
    assert not any("style" in attributes for _, attributes in page.tags)
    assert not any(str(attributes.get("href", "")).startswith("http") for _, attributes in page.tags)


async def test_within_the_service_nothing_is_inline(database: Database, settings: Settings) -> None:
    await add_tallies(database, "", {4: {"0-4": 61}})
    page = Page(await build_report(database, CONTENT, settings, topic=None, period=YEAR, standalone=False))
    assert page.count("style") == page.count("script") == 0
    assert [attributes["href"] for tag, attributes in page.tags if tag == "link"] == [
        "data:,",
        "/static/pages.css",
        "/static/report.css",
    ]


async def test_too_few_conversations_make_no_tables(database: Database, settings: Settings) -> None:
    await add_tallies(database, "sleep", {4: {"0-4": 9}})
    html = await build_report(database, CONTENT, settings, topic="sleep", period=YEAR)
    page = Page(html)
    assert page.tables == []
    assert page.count("svg") == 0
    assert "(n = &lt; 10)" in html


async def test_a_report_in_welsh(database: Database, settings: Settings) -> None:
    await add_tallies(database, "sleep", {4: {"0-4": 61}})
    html = await build_report(database, CONTENT, settings, topic="sleep", period=YEAR, language="cy")
    page = Page(html)
    assert page.tags[0] == ("html", {"lang": "cy"})
    assert page.tables[0][1][0] == "Ebrill 2025"
    assert "Cwsg" in html


async def test_rows_are_another_source_and_say_so(database: Database, settings: Settings) -> None:
    await add_tallies(database, "sleep", {4: {"0-4": 61}})
    async with transaction(database) as session:
        session.add_all(
            row_group(
                date(2025, 4, 1),
                main_topic="sleep/bedtime",
                topics=["sleep/bedtime"],
                barriers=["bullying-by-child"] if number < 11 else [],
                age_band="0-4",
            )
            for number in range(23)
        )
    html = await build_report(database, CONTENT, settings, topic="sleep", period=YEAR, source="rows")
    assert "Source: anonymised conversations of parents who agreed (n = 25)." in html
    assert Page(html).tables[0][1][:2] == ["April 2025", "25"]
    bullying = CONTENT.codebook.code("barrier", "bullying-by-child").label.en
    assert [bullying, "10", "40%"] in [row for table in Page(html).tables for row in table]
    assert "61" not in Counter(cell for table in Page(html).tables for row in table for cell in row)


async def test_production_leaves_simulated_conversations_out(database: Database, settings: Settings) -> None:
    async with transaction(database) as session:
        session.add(Tally(month=date(2025, 4, 1), topic="", variable="", value="", simulated=True, count=50))
    production = settings.model_copy(update={"env": "production"})
    assert "n = 50" in await build_report(database, CONTENT, settings, topic=None, period=YEAR)
    assert "n = 50" not in await build_report(database, CONTENT, production, topic=None, period=YEAR)


async def test_an_unknown_topic_names_those_like_it(database: Database, settings: Settings) -> None:
    with pytest.raises(UnknownCode) as refused:
        await build_report(database, CONTENT, settings, topic="slep", period=YEAR)
    assert "sleep" in refused.value.next_step
