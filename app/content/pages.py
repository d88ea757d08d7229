"""The advice pages and the directory as HTML, made on the server; they work without a script."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

import jinja2
import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from app.content.rules import Article, Code, Content, Language, Service

LEAVE_FOR = "https://www.bbc.co.uk/weather"
MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "cy": (
        *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
        *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
    ),
}
TAGS = {"p", "h2", "h3", "ul", "ol", "li", "strong", "em", "a", "blockquote", "br", "hr"}

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_markdown = MarkdownIt("commonmark", {"html": False})


def advice_page(content: Content, language: Language, *, asked: str = "", topic: str = "") -> str:
    """The list of articles: all by topic with the pathways first, or those that fit the words or topic."""
    found = tuple(
        article
        for article in search(content, asked)
        if not topic or any(topic in (id_, id_.partition("/")[0]) for id_ in article.topics)
    )
    narrowed = bool(asked.strip() or topic)
    return _render(
        "advice.html",
        content,
        language,
        here="/advice",
        title=content.interface.text("advice.title", language),
        asked=asked,
        topic=topic,
        narrowed=narrowed,
        found=found,
        pathways=() if narrowed else _pathways(content),
        groups=() if narrowed else _by_topic(content),
    )


def article_page(content: Content, language: Language, article: Article) -> str:
    """One article, with its place in its pathway and what else helps."""
    steps = _steps(content, article.pathway) if article.pathway else ()
    place = steps.index(article) if steps else 0
    return _render(
        "article.html",
        content,
        language,
        here=f"/advice/{article.slug}",
        title=article.text(language).title,
        article=article,
        text=article.text(language),
        body=Markup(rendered(article.text(language).body)),  # noqa: S704 (cleaned by nh3)
        ages=", ".join(
            content.codebook.code("age_band", id_).label.of(language) for id_ in article.age_bands
        ),
        review_by=spoken_date(article.review_by, language),
        pathway=next((known for known in content.pathways if known.id == article.pathway), None),
        steps=steps,
        before=steps[place - 1] if place else None,
        following=steps[place + 1] if steps and place + 1 < len(steps) else None,
        related=_related(content, article),
        services=_services(content, article),
    )


def directory_page(content: Content, language: Language) -> str:
    """All services, emergency first."""
    title = content.interface.text("directory.title", language)
    return _render("directory.html", content, language, here="/directory", title=title)


def not_found_page(content: Content, language: Language) -> str:
    """Says that there is no such page, with the way on."""
    title = content.interface.text("advice.not_found", language)
    return _render("not_found.html", content, language, here="/advice", title=title)


def search(content: Content, asked: str) -> tuple[Article, ...]:
    """Articles that hold every word asked for, in either language or as a topic's synonym; titles first."""
    words = asked.casefold().split()
    if not words:
        return content.articles
    found = [
        article for article in content.articles if all(word in _haystack(content, article) for word in words)
    ]

    def misses(article: Article) -> int:
        titles = f"{article.en.title} {article.cy.title}".casefold()
        return sum(word not in titles for word in words)

    return tuple(sorted(found, key=misses))


@lru_cache(maxsize=256)
def rendered(body: str) -> str:
    """Markdown as HTML: no HTML of the author's own, and of what Markdown makes only plain text tags."""
    return nh3.clean(
        _markdown.render(body),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )


def spoken_date(day: date, language: Language) -> str:
    """A date as it is written in a sentence: 31 March 2027, 31 Mawrth 2027."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def _render(template: str, content: Content, language: Language, *, here: str, **values: object) -> str:
    def say(key: str, **gaps: object) -> str:
        return content.interface.text(key, language).format_map(gaps)

    other: Language = "en" if language == "cy" else "cy"
    return _environment.get_template(template).render(
        content=content,
        language=language,
        other=other,
        here=here,
        leave_for=LEAVE_FOR,
        say=say,
        link=_linker(language),
        switch=_linker(other)(here),
        **values,
    )


def _linker(language: Language) -> Callable[..., str]:
    def link(path: str, **query: str) -> str:
        if language == "cy":
            query["lang"] = "cy"
        return f"{path}?{urlencode(query)}" if query else path

    return link


def _haystack(content: Content, article: Article) -> str:
    """Everything in which a word may be found."""
    parts = [part for text in (article.en, article.cy) for part in (text.title, text.summary, text.body)]
    for id_ in article.topics:
        code = content.codebook.code("topic", id_)
        parts += [code.label.en, code.label.cy, *code.synonyms.en, *code.synonyms.cy]
    return " ".join(parts).casefold()


def _steps(content: Content, pathway: str) -> tuple[Article, ...]:
    on_it = [article for article in content.articles if article.pathway == pathway]
    return tuple(sorted(on_it, key=lambda article: article.step or 0))


def _pathways(content: Content) -> list[tuple[object, tuple[Article, ...]]]:
    walked = ((pathway, _steps(content, pathway.id)) for pathway in content.pathways)
    return [(pathway, steps) for pathway, steps in walked if steps]


def _by_topic(content: Content) -> list[tuple[Code, list[Article]]]:
    """Articles off the pathways under the top-level topic of their first topic, in the codebook's order."""
    groups: list[tuple[Code, list[Article]]] = []
    for code in content.codebook.topics:
        under = [
            article
            for article in content.articles
            if article.pathway is None and article.topics[0].partition("/")[0] == code.id
        ]
        if under:
            groups.append((code, under))
    return groups


def _related(content: Content, article: Article) -> tuple[Article, ...]:
    """Others that share a top-level topic, but not the steps of the same pathway."""
    heads = {id_.partition("/")[0] for id_ in article.topics}
    return tuple(
        other
        for other in content.articles
        if other.slug != article.slug
        and (other.pathway is None or other.pathway != article.pathway)
        and heads & {id_.partition("/")[0] for id_ in other.topics}
    )[:4]


def _services(content: Content, article: Article) -> tuple[Service, ...]:
    """Up to six services on the article's topics: its first topic before others, then those for everyone."""
    first, *_ = wanted = [{id_, id_.partition("/")[0]} for id_ in article.topics]
    fitting = [
        service
        for service in content.directory
        if not service.emergency and set(service.topics) & set().union(*wanted)
    ]

    def order(service: Service) -> tuple[bool, bool, bool]:
        return (not first & set(service.topics), service.area is not None, not (service.phone or service.web))

    return tuple(sorted(fitting, key=order))[:6]
