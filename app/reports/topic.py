"""The topic report: how many parents talked about something, when, and with what around it.

It is made of tallies or of anonymised rows, never of both, and every number in it has gone through disclosure
control.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Literal

from markupsafe import Markup

from app import clock
from app.anonymise import VERSION
from app.content.rules import Codebook, Content, Language
from app.db import Database, reading
from app.export import queries
from app.export.disclosure import STEP, publish
from app.export.periods import Period, month_of
from app.export.queries import Count, Selection
from app.export.quoted import Printed, printable
from app.reports.chart import bars
from app.reports.pages import STYLE, month_in, render, words_of
from app.settings import Settings

Source = Literal["tallies", "rows"]

# Variable, heading, and whether each conversation has just one value of it.
TABLES = (
    ("age_band", "report.by_age", True),
    ("stage", "report.by_stage", True),
    ("send", "report.by_send", True),
    ("attendance", "report.by_attendance", True),
    ("region", "report.by_region", True),
    ("barrier", "report.by_barrier", False),
    ("service_gap", "report.by_service_gap", False),
    ("disposition", "report.by_disposition", True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table as it is published; None: too few to show."""

    label: str
    count: int | None
    share: int | None  # percent of the published total


@dataclass(frozen=True, slots=True)
class Table:
    """`few` names the lines of a table of several answers that are too small to stand in it."""

    heading: str
    lines: list[Line]
    few: list[str]
    total: int | None
    adds_up: bool


async def build_report(
    database: Database,
    content: Content,
    settings: Settings,
    *,
    topic: str | None,
    period: Period,
    source: Source = "tallies",
    language: Language = "en",
    standalone: bool = True,
) -> str:
    """The report on a topic (a code, a bare child of one, or None for all) in a period, as HTML.

    Standalone it carries its style within; else it links the service's. UnknownCode for an unknown topic.
    """
    code = content.codebook.resolve(topic) if topic else ""
    quotes: list[Printed] = []
    async with reading(database) as session:
        if source == "tallies":
            counts = await queries.tallies(
                session,
                topic=code,
                first_month=period.first,
                last_month=period.last,
                simulated=settings.development,
            )
        else:
            selection = Selection(period.first, period.last, code or None, simulated=settings.development)
            counts = await queries.row_counts(session, selection=selection)
            quotes = await printable(session, selection=selection)
    return await asyncio.to_thread(
        _render,
        content,
        settings,
        counts,
        quotes,
        code=code,
        period=period,
        source=source,
        language=language,
        standalone=standalone,
        now=clock.now(),
    )


def _render(
    content: Content,
    settings: Settings,
    counts: Sequence[Count],
    quotes: Sequence[Printed],
    *,
    code: str,
    period: Period,
    source: Source,
    language: Language,
    standalone: bool,
    now: datetime,
) -> str:
    book, below = content.codebook, settings.suppress_below
    say = partial(words_of, content, language)
    exact = _by_variable(counts)
    total = sum(exact[""].values())
    months = _months(counts, period=period, below=below, language=language, now=now)
    tables = [
        _table(
            exact[variable],
            labels=_labels(book, variable, language=language, not_said=say("report.not_said")),
            heading=say(heading),
            total=total,
            below=below,
            adds_up=adds_up,
        )
        for variable, heading, adds_up in TABLES
    ]
    points = [(line.label, line.count) for line in months.lines]
    enough = months.total is not None
    chart = bars(points, across=say("report.month"), up=say("report.conversations")) if enough else ""
    label = book.code("topic", code).label.of(language) if code else say("research.all_topics")
    return render(
        "report.html",
        language=language,
        say=say,
        title=say("report.title", topic=label),
        spoken_period=say(
            "report.period",
            **{"from": month_in(period.first, language), "to": month_in(period.last, language)},
        ),
        made=f"{now.astimezone(clock.LONDON):%d/%m/%Y}",
        source_text=say(f"report.source_{source}", n=months.total if enough else f"< {below}"),
        suppression=say("report.suppressed_note", below=below, step=STEP),
        version=book.version,
        redactor=VERSION if source == "rows" else None,
        practice=settings.development,
        enough=enough,
        chart=Markup(chart),  # noqa: S704 (drawn here from numbers and labels, which the drawing escapes)
        months=months,
        tables=tables,
        quotes=quotes,
        style=Markup(STYLE) if standalone else None,  # noqa: S704 (our own file)
    )


def _by_variable(counts: Sequence[Count]) -> dict[str, Counter[str]]:
    exact: dict[str, Counter[str]] = {"": Counter(), **{variable: Counter() for variable, _, _ in TABLES}}
    for count in counts:
        if count.variable in exact:
            exact[count.variable][count.value] += count.count
    return exact


def _table(
    exact: Mapping[str, int],
    *,
    labels: Mapping[str, str],
    heading: str,
    total: int,
    below: int,
    adds_up: bool,
) -> Table:
    """A table with a line for every code there is, so that which lines stand there says nothing.

    A code that has left the codebook still has its line, under its own name.
    """
    named = {**labels, **{value: value for value in sorted(exact) if value not in labels}}
    cells = {value: exact.get(value, 0) for value in named}
    if adds_up:  # whoever stands under no other value, as nobody wrapped them up
        cells[""] += total - sum(cells.values())
    published = publish(cells, total=total, below=below, adds_up=adds_up)
    lines = [
        Line(named[value], count, _share(count, published.total)) for value, count in published.cells.items()
    ]
    if adds_up:
        return Table(heading, lines, [], published.total, adds_up)
    lines.sort(key=lambda line: (-(line.count or 0), line.label))
    few = [line.label for line in lines if line.count is None]
    return Table(heading, [line for line in lines if line.count is not None], few, published.total, adds_up)


def _months(
    counts: Sequence[Count], *, period: Period, below: int, language: Language, now: datetime
) -> Table:
    """The months of the period that have begun."""
    exact = {month: 0 for month in period.months() if month <= month_of(now)}
    for count in counts:
        if count.variable == "":
            exact[count.month] = exact.get(count.month, 0) + count.count
    published = publish(
        {month.isoformat(): count for month, count in exact.items()},
        total=sum(exact.values()),
        below=below,
        adds_up=True,
    )
    lines = [
        Line(month_in(date.fromisoformat(month), language), count, _share(count, published.total))
        for month, count in published.cells.items()
    ]
    return Table("", lines, [], published.total, adds_up=True)


def _labels(book: Codebook, variable: str, *, language: Language, not_said: str) -> dict[str, str]:
    labels = {code.id: code.label.of(language) for code in book.codes(variable)}
    return labels if variable in ("barrier", "service_gap") else {**labels, "": not_said}


def _share(count: int | None, total: int | None) -> int | None:
    return round(100 * count / total) if count is not None and total else None
