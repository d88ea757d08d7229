"""How often each advice article was opened, in each language: counts by day, and nothing about who."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from app.content.queries import uses_by_article
from app.content.rules import Content, Language
from app.db import Database, reading
from app.export.periods import Period
from app.reports.pages import month_in, render, words_of


@dataclass(frozen=True, slots=True)
class Uses:
    """An article's line of the table."""

    title: str
    english: int
    welsh: int

    @property
    def both(self) -> int:
        return self.english + self.welsh


async def articles_page(database: Database, content: Content, *, period: Period, language: Language) -> str:
    """The table of a period, the most opened first, as HTML."""
    async with reading(database) as session:
        found = await uses_by_article(session, first_month=period.first, last_month=period.last)
    say = partial(words_of, content, language)
    lines = _lines(found, content, language)
    return render(
        "articles.html",
        language=language,
        say=say,
        period=period.name,
        spoken_period=say(
            "report.period",
            **{"from": month_in(period.first, language), "to": month_in(period.last, language)},
        ),
        lines=lines,
        total=Uses("", sum(line.english for line in lines), sum(line.welsh for line in lines)),
    )


def _lines(found: Mapping[tuple[str, str], int], content: Content, language: Language) -> list[Uses]:
    """A line for every article, opened or not; one that has left the content stands under its own name."""
    titles = {article.slug: article.text(language).title for article in content.articles}
    named = {**titles, **{slug: slug for slug, _ in found if slug not in titles}}
    lines = [
        Uses(title, found.get((slug, "en"), 0), found.get((slug, "cy"), 0)) for slug, title in named.items()
    ]
    return sorted(lines, key=lambda line: (-line.both, line.title))
