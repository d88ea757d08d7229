"""Reads the charity's folder into a `Content`, or says all that is wrong with it, by file, line and field."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec

from app.content.checking import check_all
from app.content.nodes import ContentError, Source, read_node
from app.content.rules import (
    DAYS,
    LANGUAGES,
    Article,
    ArticleText,
    Codebook,
    Content,
    ExceptionalDay,
    Hours,
    Interface,
    Language,
    Notices,
    Pathway,
    Period,
    ReadyReply,
    Service,
    Text,
    Value,
)

T = TypeVar("T")
PERIOD = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))")
FENCE = "---"


class WrittenDay(Value, frozen=True):
    day: date
    reason: Text
    periods: tuple[str, ...] = ()


class WrittenHours(Value, frozen=True):
    """Opening hours as they are written: periods such as 09:30-12:30."""

    time_zone: str
    holidays: tuple[str, ...]
    week: dict[str, tuple[str, ...]]
    exceptions: tuple[WrittenDay, ...] = ()


class EnglishFront(Value, frozen=True):
    """Above the English article: everything that is not language."""

    slug: str
    title: str
    summary: str
    topics: tuple[str, ...]
    age_bands: tuple[str, ...]
    review_by: date
    pathway: str | None = None
    step: int | None = None


class WelshFront(Value, frozen=True):
    slug: str
    title: str
    summary: str
    review: str


def read_content(folder: Path) -> Content:
    """Everything in the folder, checked. ContentError names each mistake of each file at once."""
    sources: list[Source] = []
    codebook = _file(sources, folder / "codebook.yaml", Codebook)
    pathways = _file(sources, folder / "pathways.yaml", tuple[Pathway, ...])
    directory = _file(sources, folder / "directory.yaml", tuple[Service, ...])
    replies = _file(sources, folder / "ready_replies.yaml", tuple[ReadyReply, ...])
    notices = _file(sources, folder / "notices.yaml", Notices)
    written = _file(sources, folder / "hours.yaml", WrittenHours)
    strings = _file(sources, folder / "interface.yaml", dict[str, Text])
    articles = _articles(sources, folder / "articles")
    hours = _hours(_source(sources, "hours.yaml"), written) if written else None
    if (
        not any(source.mistakes for source in sources)
        and codebook
        and pathways is not None
        and directory is not None
        and replies is not None
        and notices
        and hours
        and strings
    ):
        content = Content(
            codebook=codebook,
            articles=articles,
            pathways=pathways,
            directory=directory,
            ready_replies=replies,
            notices=notices,
            hours=hours,
            interface=Interface(strings),
        )
        check_all({source.file: source for source in sources}, content)
        if not any(source.mistakes for source in sources):
            return _with_promises(content)
    raise ContentError(tuple(mistake for source in sources for mistake in source.mistakes))


def _file(sources: list[Source], path: Path, kind: type[T]) -> T | None:
    source = Source(path.name)
    sources.append(source)
    text = _text(source, path)
    return None if text is None else read_node(source, text, kind)


def _text(source: Source, path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        source.wrong("", "the file is missing.")
    except UnicodeDecodeError:
        source.wrong("", "the file is not UTF-8 text.")
    return None


def _source(sources: Iterable[Source], file: str) -> Source:
    return next(source for source in sources if source.file == file)


def _articles(sources: list[Source], folder: Path) -> tuple[Article, ...]:
    """Each article is a pair of files, `slug.en.md` and `slug.cy.md`."""
    slugs = sorted({path.name.partition(".")[0] for path in folder.glob("*.md")})
    articles = (_article(sources, folder, slug) for slug in slugs)
    return tuple(article for article in articles if article is not None)


def _article(sources: list[Source], folder: Path, slug: str) -> Article | None:
    english = _front(sources, folder / f"{slug}.en.md", EnglishFront)
    welsh = _front(sources, folder / f"{slug}.cy.md", WelshFront)
    if english is None or welsh is None:
        return None
    (front, body), (welsh_front, welsh_body) = english, welsh
    for language, name in (("en", front.slug), ("cy", welsh_front.slug)):
        if name != slug:
            file = f"articles/{slug}.{language}.md"
            _source(sources, file).wrong("slug", f"must be “{slug}”, as the file is named.")
    return Article(
        slug=slug,
        topics=front.topics,
        age_bands=front.age_bands,
        review_by=front.review_by,
        en=ArticleText(front.title, front.summary, body),
        cy=ArticleText(welsh_front.title, welsh_front.summary, welsh_body),
        welsh_review=welsh_front.review,
        pathway=front.pathway,
        step=front.step,
    )


def _front(sources: list[Source], path: Path, kind: type[T]) -> tuple[T, str] | None:
    """The fields between the two fences, and the Markdown below them."""
    source = Source(f"articles/{path.name}")
    sources.append(source)
    text = _text(source, path)
    if text is None:
        return None
    lines = text.splitlines()
    if not lines or lines[0] != FENCE or FENCE not in lines[1:]:
        source.wrong("", f"must begin with its fields between two lines of {FENCE}.")
        return None
    end = lines.index(FENCE, 1)
    front = read_node(source, "\n".join(lines[1:end]), kind, first_line=2)
    body = "\n".join(lines[end + 1 :]).strip()
    if not body:
        source.lines[""] = end + 1
        source.wrong("", "has no text below its fields.")
    return None if front is None else (front, body)


def _hours(source: Source, written: WrittenHours) -> Hours:
    for day in written.week:
        if day not in DAYS:
            source.wrong(f"week.{day}", f"is not a day; days are {', '.join(DAYS)}.")
    for day in DAYS:
        if day not in written.week:
            source.wrong(f"week.{day}", "is missing (an empty list says closed).")
    return Hours(
        time_zone=written.time_zone,
        holidays=written.holidays,
        week=tuple(_periods(source, f"week.{day}", written.week.get(day, ())) for day in DAYS),
        exceptions=tuple(
            ExceptionalDay(
                day=exception.day,
                periods=_periods(source, f"exceptions[{index}].periods", exception.periods),
                reason=exception.reason,
            )
            for index, exception in enumerate(written.exceptions)
        ),
    )


def _periods(source: Source, path: str, written: tuple[str, ...]) -> tuple[Period, ...]:
    """Periods in order, none of them empty or overlapping."""
    periods: list[Period] = []
    for index, text in enumerate(written):
        place = f"{path}[{index}]"
        found = PERIOD.fullmatch(text)
        if found is None:
            source.wrong(place, f"must be a period such as 09:30-12:30, not “{text}”.")
            continue
        hour, minute, end_hour, end_minute = (int(part) for part in found.groups() if part is not None)
        period = Period(hour * 60 + minute, end_hour * 60 + end_minute)
        if period.opens >= period.closes:
            source.wrong(place, f"“{text}” ends before it begins.")
        elif periods and period.opens < periods[-1].closes:
            source.wrong(place, f"“{text}” begins before the period above it has ended.")
        else:
            periods.append(period)
    return tuple(periods)


def _with_promises(content: Content) -> Content:
    """The notices with their promised numbers filled in, so that each stands in one place only."""
    numbers = {name: str(value) for name, value in msgspec.structs.asdict(content.notices.promises).items()}
    return msgspec.structs.replace(content, notices=_filled(content.notices, numbers))


def _filled(value: T, numbers: dict[str, str]) -> T:
    if isinstance(value, Text):
        return msgspec.structs.replace(
            value, **{language: _fill(value, language, numbers) for language in LANGUAGES}
        )
    if isinstance(value, tuple):
        return type(value)(_filled(part, numbers) for part in value)
    if isinstance(value, msgspec.Struct):
        parts = {name: _filled(getattr(value, name), numbers) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **parts)
    return value


def _fill(text: Text, language: Language, numbers: dict[str, str]) -> str:
    filled = text.of(language)
    for name, number in numbers.items():
        filled = filled.replace(f"{{{name}}}", number)
    return filled
