"""What the charity writes, as frozen values, and the questions that are asked of it. Pure."""

import difflib
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
import msgspec

from app.errors import BadRequest

Language = Literal["en", "cy"]
LANGUAGES: tuple[Language, ...] = ("en", "cy")
DRAFT = "draft"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FURTHEST_OPENING_DAYS = 400
KINDS = {
    "topic": "topics",
    "barrier": "barriers",
    "disposition": "dispositions",
    "service_gap": "service_gaps",
    "age_band": "age_bands",
    "stage": "stages",
    "send": "send",
    "attendance": "attendance",
    "nation": "nations",
    "region": "regions",
}
CHILD_FACTS = ("age_band", "stage", "send", "attendance", "nation", "region")


class UnknownCode(BadRequest):
    """A code that the codebook does not hold; the next step names codes that look like it."""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all of these are: frozen, and refusing what they do not know."""


class Text(Value, frozen=True):
    """One text in both languages; `review` is `draft`, or the day and role of who approved the Welsh."""

    en: str
    cy: str
    review: str

    @property
    def draft(self) -> bool:
        return self.review == DRAFT

    def of(self, language: Language) -> str:
        return self.cy if language == "cy" else self.en

    def safely(self, language: Language) -> tuple[tuple[Language, str], ...]:
        """The versions to show of a safety notice: a draft Welsh one under the English, never instead."""
        if language == "en":
            return (("en", self.en),)
        return (("en", self.en), ("cy", self.cy)) if self.draft else (("cy", self.cy),)


class Words(Value, frozen=True):
    en: tuple[str, ...] = ()
    cy: tuple[str, ...] = ()


class Code(Value, frozen=True):
    """A code of the codebook. `data` is false where a contact is no data (a prank, silence)."""

    id: str
    label: Text
    description: Text | None = None
    synonyms: Words = Words()
    data: bool = True
    group: Literal["trigger", "circumstance"] | None = None
    nation: str | None = None

    @property
    def parent(self) -> str | None:
        head, slash, _ = self.id.partition("/")
        return head if slash else None


class Codebook(Value, frozen=True):
    version: str
    topics: tuple[Code, ...]
    barriers: tuple[Code, ...]
    dispositions: tuple[Code, ...]
    service_gaps: tuple[Code, ...]
    age_bands: tuple[Code, ...]
    stages: tuple[Code, ...]
    send: tuple[Code, ...]
    attendance: tuple[Code, ...]
    nations: tuple[Code, ...]
    regions: tuple[Code, ...]

    def codes(self, kind: str) -> tuple[Code, ...]:
        """All codes of a kind (a key of KINDS), in the order in which they are written and shown."""
        codes: tuple[Code, ...] = getattr(self, KINDS[kind])
        return codes

    def known(self, kind: str, id: str) -> bool:  # noqa: A002 (the word of the codebook)
        return any(code.id == id for code in self.codes(kind))

    def code(self, kind: str, id: str) -> Code:  # noqa: A002
        """The code with this id, or UnknownCode."""
        for code in self.codes(kind):
            if code.id == id:
                return code
        raise _unknown(kind=kind, asked=id, codes=self.codes(kind))

    def resolve(self, asked: str, *, kind: str = "topic") -> str:
        """The full id for a full id or for a bare child where only one parent has it; else UnknownCode."""
        wanted = asked.strip().lower().replace(" ", "-")
        ids = [code.id for code in self.codes(kind)]
        if wanted in ids:
            return wanted
        children = [full for full in ids if wanted and full.partition("/")[2] == wanted]
        if len(children) == 1:
            return children[0]
        if children:
            raise UnknownCode(
                f"“{asked}” stands under more than one topic.", next_step=f"Say which: {', '.join(children)}."
            )
        raise _unknown(kind=kind, asked=asked, codes=self.codes(kind))


class ArticleText(Value, frozen=True):
    """One language of an article; `body` is Markdown."""

    title: str
    summary: str
    body: str


class Article(Value, frozen=True):
    slug: str
    topics: tuple[str, ...]
    age_bands: tuple[str, ...]
    review_by: date
    en: ArticleText
    cy: ArticleText
    welsh_review: str
    pathway: str | None = None
    step: int | None = None

    def text(self, language: Language) -> ArticleText:
        return self.cy if language == "cy" else self.en

    @property
    def draft(self) -> bool:
        """Whether the Welsh still waits for its review."""
        return self.welsh_review == DRAFT


class Pathway(Value, frozen=True):
    id: str
    title: Text
    summary: Text


class Service(Value, frozen=True):
    """An entry of the directory. Without a contact that the charity has, it stands with what it does."""

    id: str
    name: str
    what: Text
    topics: tuple[str, ...] = ()
    nations: tuple[str, ...] = ()
    area: Text | None = None
    phone: str | None = None
    email: str | None = None
    web: str | None = None
    times: Text | None = None
    checked: date | None = None
    emergency: bool = False


class ReadyReply(Value, frozen=True):
    """Words at hand for a coach; `{coach_name}` and its like are filled in before sending."""

    id: str
    title: Text
    body: Text
    topics: tuple[str, ...] = ()


class Notice(Value, frozen=True):
    title: Text
    text: Text


class Consent(Value, frozen=True):
    """One wording of the research consent. A changed wording is a new version, never an edit."""

    version: str
    since: date
    title: Text
    label: Text
    text: Text


class EmergencyNumber(Value, frozen=True):
    id: str
    name: Text
    phone: str
    what: Text


class Emergency(Value, frozen=True):
    title: Text
    text: Text
    numbers: tuple[EmergencyNumber, ...]


class Promises(Value, frozen=True):
    """The numbers that the notices promise; the settings must keep them."""

    retention_days: int
    abandoned_hours: int
    rows_after_days: int


class Notices(Value, frozen=True):
    promises: Promises
    about: Notice
    confidentiality: Notice
    emergency: Emergency
    support: Notice
    consents: tuple[Consent, ...]
    closed: Notice
    ending: Notice
    privacy: Notice

    @property
    def consent(self) -> Consent:
        """The wording that is asked today: the newest version."""
        return self.consents[-1]


class Period(Value, frozen=True):
    """Minutes after midnight on the wall clock; `closes` itself is outside."""

    opens: int
    closes: int


class ExceptionalDay(Value, frozen=True):
    """A day with periods of its own (none: closed), which count above week and holidays."""

    day: date
    periods: tuple[Period, ...]
    reason: Text


class Hours(Value, frozen=True):
    """`week` holds seven days from Monday; `holidays` the nations whose public holidays close it."""

    time_zone: str
    holidays: tuple[str, ...]
    week: tuple[tuple[Period, ...], ...]
    exceptions: tuple[ExceptionalDay, ...] = ()


class Interface(Value, frozen=True):
    """Every string of widget, console and pages, by dotted key."""

    strings: dict[str, Text]

    def text(self, key: str, language: Language) -> str:
        return self.strings[key].of(language)

    def subset(self, parts: tuple[str, ...], language: Language) -> dict[str, str]:
        """The strings whose key begins with one of these parts; all of them when none is named."""
        return {
            key: text.of(language)
            for key, text in self.strings.items()
            if not parts or key.partition(".")[0] in parts
        }


class Content(Value, frozen=True):
    codebook: Codebook
    articles: tuple[Article, ...]
    pathways: tuple[Pathway, ...]
    directory: tuple[Service, ...]
    ready_replies: tuple[ReadyReply, ...]
    notices: Notices
    hours: Hours
    interface: Interface


def broken_promises(notices: Notices, *, promised: Promises) -> tuple[str, ...]:
    """Names of the numbers where what the settings do differs from what the notices say."""
    return tuple(
        name
        for name in Promises.__struct_fields__
        if getattr(notices.promises, name) != getattr(promised, name)
    )


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the service takes conversations at this moment (aware). Periods are read on the wall clock."""
    local = at.astimezone(ZoneInfo(hours.time_zone))
    minute = local.hour * 60 + local.minute
    return any(period.opens <= minute < period.closes for period in periods_on(hours, local.date()))


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first moment from `at` on at which the service is open: `at` itself when it is.

    Aware, in the service's own zone. None when nothing opens within 400 days.
    """
    zone = ZoneInfo(hours.time_zone)
    if is_open(hours, at):
        return at.astimezone(zone)
    today = at.astimezone(zone).date()
    for ahead in range(FURTHEST_OPENING_DAYS):
        day = today + timedelta(days=ahead)
        found = [
            moment
            for moment in _possible_openings(hours, day=day, zone=zone)
            if moment >= at and is_open(hours, moment)
        ]
        if found:
            return min(found).astimezone(zone)
    return None


def periods_on(hours: Hours, day: date) -> tuple[Period, ...]:
    """The periods of one day: an exception's own, none on a public holiday, else the week's."""
    for exception in hours.exceptions:
        if exception.day == day:
            return exception.periods
    if any(_is_holiday(nation, day) for nation in hours.holidays):
        return ()
    return hours.week[day.weekday()]


@lru_cache(maxsize=64)
def _holidays_of(nation: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv=nation, years=year))


def _is_holiday(nation: str, day: date) -> bool:
    return day in _holidays_of(nation, day.year)


def _possible_openings(hours: Hours, *, day: date, zone: ZoneInfo) -> list[datetime]:
    """Moments at which the service may open on a day. A change of clocks opens and closes too."""
    utc = ZoneInfo("UTC")
    walls = (
        datetime.combine(day, time(period.opens // 60, period.opens % 60), zone)
        for period in periods_on(hours, day)
    )
    moments = [wall.replace(fold=fold).astimezone(utc) for wall in walls for fold in (0, 1)]
    midnight = datetime.combine(day, time(), zone).astimezone(utc)
    following = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(utc)
    if (following - midnight) == timedelta(days=1):
        return moments
    return [*moments, _change_of_clocks(midnight, following, zone)]


def _change_of_clocks(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The minute between two moments in UTC at which the zone's offset changes."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=1) // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _unknown(*, kind: str, asked: str, codes: tuple[Code, ...]) -> UnknownCode:
    """Near matches are looked for among ids, labels and synonyms in both languages."""
    names: dict[str, str] = {}
    for code in codes:
        told = (code.id, code.id.rpartition("/")[2], code.label.en, code.label.cy)
        for name in (*told, *code.synonyms.en, *code.synonyms.cy):
            names.setdefault(name.lower(), code.id)
    near = difflib.get_close_matches(asked.strip().lower(), names, n=5, cutoff=0.6)
    matches = list(dict.fromkeys(names[name] for name in near))[:3]
    hint = f"Did you mean {' or '.join(matches)}?" if matches else "The codebook lists all of them."
    return UnknownCode(f"The codebook has no {kind.replace('_', ' ')} “{asked}”.", next_step=hint)
