"""What no single field can tell: ids that stand twice, references to nothing, words that do not match."""

import re
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import msgspec

from app.content.nodes import Source
from app.content.rules import KINDS, Codebook, Content, Promises, Text

TOP_LEVEL_TOPICS = (
    "sleep",
    "behaviour",
    "feeding-eating",
    "emotional-wellbeing",
    "school-attendance",
    "school-life",
    "send",
    "bullying",
    "family-relationships",
    "domestic-abuse",
    "online-safety",
    "teenage-years",
    "baby-toddler",
    "development",
    "physical-health",
    "relationships-sex",
    "bereavement",
    "money-housing",
    "parent-wellbeing",
    "practical",
)
READY_REPLY_VARIABLES = frozenset({"coach_name", "article_title", "service_name"})
ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")
REVIEW = re.compile(r"draft|\d{4}-\d\d-\d\d \S.*")
VARIABLE = re.compile(r"\{(\w+)\}")
REVIEW_HINT = "must be `draft`, or the day and role of the reviewer, such as 2026-11-02 translator."


def check_all(sources: dict[str, Source], content: Content) -> None:
    """Note in each file's source what is wrong across fields and files."""
    book = content.codebook
    _check_codebook(sources["codebook.yaml"], book)
    _check_articles(sources, content)
    _check_ids(sources["pathways.yaml"], "", [pathway.id for pathway in content.pathways])
    _check_directory(sources["directory.yaml"], content)
    _check_ready_replies(sources["ready_replies.yaml"], content)
    _check_notices(sources["notices.yaml"], content)
    _check_hours(sources["hours.yaml"], content)
    for file, value in (
        ("codebook.yaml", book),
        ("pathways.yaml", content.pathways),
        ("directory.yaml", content.directory),
        ("ready_replies.yaml", content.ready_replies),
        ("notices.yaml", content.notices),
        ("hours.yaml", content.hours.exceptions),
        ("interface.yaml", content.interface.strings),
    ):
        prefix = "exceptions" if file == "hours.yaml" else ""
        for path, text in texts_in(value, prefix):
            _check_text(sources[file], path, text)


def texts_in(value: object, path: str = "") -> Iterator[tuple[str, Text]]:
    """Every bilingual text in a value, with the field it stands at."""
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from texts_in(part, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from texts_in(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts_in(getattr(value, name), f"{path}.{name}" if path else name)


def _check_text(source: Source, path: str, text: Text) -> None:
    if not REVIEW.fullmatch(text.review):
        source.wrong(f"{path}.review", REVIEW_HINT)
    if set(VARIABLE.findall(text.en)) != set(VARIABLE.findall(text.cy)):
        source.wrong(f"{path}.cy", "must use the same {variables} as the English.")


def _check_codebook(source: Source, book: Codebook) -> None:
    for kind, field in KINDS.items():
        _check_ids(source, field, [code.id for code in book.codes(kind)])
    top = {code.id for code in book.topics if code.parent is None}
    for id_ in TOP_LEVEL_TOPICS:
        if id_ not in top:
            source.wrong("topics", f"the fixed topic “{id_}” is missing.")
    for index, code in enumerate(book.topics):
        if code.parent is None and code.id not in TOP_LEVEL_TOPICS:
            source.wrong(
                f"topics[{index}].id", f"“{code.id}” is not one of the twenty fixed top-level topics."
            )
        if code.parent is not None and code.parent not in top:
            source.wrong(f"topics[{index}].id", f"its parent “{code.parent}” is not a topic.")
    _check_code_fields(source, book)


def _check_code_fields(source: Source, book: Codebook) -> None:
    for kind in ("topic", "barrier", "disposition", "service_gap"):
        for index, code in enumerate(book.codes(kind)):
            if code.description is None:
                source.wrong(f"{KINDS[kind]}[{index}].description", "is missing.")
    for index, code in enumerate(book.barriers):
        if code.group is None:
            source.wrong(f"barriers[{index}].group", "is missing: trigger or circumstance.")
    for index, code in enumerate(book.regions):
        if code.nation is None or not book.known("nation", code.nation):
            source.wrong(f"regions[{index}].nation", "must be the id of a nation.")


def _check_articles(sources: dict[str, Source], content: Content) -> None:
    pathways = {pathway.id for pathway in content.pathways}
    steps: dict[tuple[str, int], str] = {}
    for article in content.articles:
        source = sources[f"articles/{article.slug}.en.md"]
        _check_references(source, "topics", article.topics, content.codebook, "topic")
        _check_references(source, "age_bands", article.age_bands, content.codebook, "age_band")
        if not article.topics:
            source.wrong("topics", "must name at least one topic.")
        if not ID.fullmatch(article.slug) or "/" in article.slug:
            source.wrong("slug", "must be small letters and digits joined by hyphens.")
        if (article.pathway is None) != (article.step is None):
            source.wrong("pathway", "pathway and step go together.")
        elif article.pathway is not None and article.step is not None:
            if article.pathway not in pathways:
                source.wrong("pathway", f"“{article.pathway}” is not in pathways.yaml.")
            earlier = steps.setdefault((article.pathway, article.step), article.slug)
            if earlier != article.slug:
                source.wrong("step", f"step {article.step} is already “{earlier}”.")
        if not REVIEW.fullmatch(article.welsh_review):
            sources[f"articles/{article.slug}.cy.md"].wrong("review", REVIEW_HINT)


def _check_directory(source: Source, content: Content) -> None:
    _check_ids(source, "", [service.id for service in content.directory])
    for index, service in enumerate(content.directory):
        _check_references(source, f"[{index}].topics", service.topics, content.codebook, "topic")
        _check_references(source, f"[{index}].nations", service.nations, content.codebook, "nation")
        if service.web is not None and not service.web.startswith("https://"):
            source.wrong(f"[{index}].web", "must begin with https://.")
        if service.phone is not None and not re.fullmatch(r"\d[\d ]+\d", service.phone):
            source.wrong(f"[{index}].phone", "must be digits and spaces.")
    order = [service.emergency for service in content.directory]
    if order != sorted(order, reverse=True):
        source.wrong(f"[{order.index(False)}]", "stands before an emergency service; those come first.")


def _check_ready_replies(source: Source, content: Content) -> None:
    _check_ids(source, "", [reply.id for reply in content.ready_replies])
    for index, reply in enumerate(content.ready_replies):
        _check_references(source, f"[{index}].topics", reply.topics, content.codebook, "topic")
        for name in sorted(set(VARIABLE.findall(reply.body.en)) - READY_REPLY_VARIABLES):
            known = ", ".join(sorted(READY_REPLY_VARIABLES))
            source.wrong(f"[{index}].body.en", f"{{{name}}} is not a known variable; known are {known}.")


def _check_notices(source: Source, content: Content) -> None:
    notices = content.notices
    if not notices.consents:
        source.wrong("consents", "must hold at least one wording.")
    versions = [consent.version for consent in notices.consents]
    if len(set(versions)) < len(versions):
        source.wrong("consents", "two wordings have the same version.")
    since = [consent.since for consent in notices.consents]
    if since != sorted(since):
        source.wrong("consents", "must be in the order of their days, the newest last.")
    _check_ids(source, "emergency.numbers", [number.id for number in notices.emergency.numbers])
    for path, text in texts_in(notices):
        for name in sorted(set(VARIABLE.findall(text.en)) - set(Promises.__struct_fields__)):
            source.wrong(f"{path}.en", f"{{{name}}} is not one of the promises.")


def _check_hours(source: Source, content: Content) -> None:
    try:
        ZoneInfo(content.hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        source.wrong("time_zone", f"“{content.hours.time_zone}” is not a time zone.")
    known = holidays.country_holidays("GB").subdivisions
    for index, nation in enumerate(content.hours.holidays):
        if nation not in known:
            source.wrong(
                f"holidays[{index}]", f"“{nation}” has no list of holidays; {', '.join(known)} have."
            )
    days = [exception.day for exception in content.hours.exceptions]
    for index, day in enumerate(days):
        if day in days[:index]:
            source.wrong(f"exceptions[{index}].day", f"{day} stands here for the second time.")


def _check_ids(source: Source, path: str, ids: list[str]) -> None:
    for index, id_ in enumerate(ids):
        if not ID.fullmatch(id_):
            source.wrong(
                f"{path}[{index}].id", f"“{id_}” must be small letters and digits joined by hyphens."
            )
        if id_ in ids[:index]:
            source.wrong(f"{path}[{index}].id", f"“{id_}” stands here for the second time.")


def _check_references(source: Source, path: str, ids: Iterable[str], book: Codebook, kind: str) -> None:
    for index, id_ in enumerate(ids):
        if not book.known(kind, id_):
            name = kind.replace("_", " ")
            source.wrong(f"{path}[{index}]", f"“{id_}” is not a {name} of the codebook.")
