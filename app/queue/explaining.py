"""Why this coach and not another: what is stored of each decision about a conversation, in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.content.rules import Content, Language
from app.errors import NotFound
from app.queue.decisions import difference, replayed
from app.queue.models import Assignment, Offer, QueueEntry
from app.queue.rules import Turn

Words = Callable[..., str]
Stored = dict[str, Any]  # a decision's record, whose shape is `decisions.record_of`


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision: what was done in one line, and why in further ones.

    `same` says whether the rules decide the same again from what is stored; None where a person chose.
    """

    headline: str
    lines: tuple[str, ...]
    same: bool | None


async def explain(
    session: AsyncSession, content: Content, *, conversation_id: UUID, language: Language
) -> list[Explanation]:
    """Every decision about who gets this conversation, first to last; NotFound where it never waited."""
    known = await session.scalar(
        select(col(QueueEntry.id)).where(col(QueueEntry.conversation_id) == conversation_id).limit(1)
    )
    if known is None:
        raise NotFound("There is no such conversation.", next_step="Check its id.")
    offers = await session.scalars(select(Offer).where(col(Offer.conversation_id) == conversation_id))
    taken = await session.scalars(
        select(Assignment).where(col(Assignment.conversation_id) == conversation_id)
    )
    decisions: list[tuple[datetime, UUID, str, Stored]] = [
        (offer.offered_at, offer.staff_id, f"offer_{offer.state}", offer.why) for offer in offers
    ]
    decisions += [
        (each.assigned_at, each.staff_id, str(each.why.get("how", "picked")), each.why) for each in taken
    ]
    # An accepted offer stands twice: once as the offer, once as what came of it.
    shown = [each for each in sorted(decisions, key=lambda each: each[:2]) if each[2] != "offered"]
    names = await _names(session, [why for *_, why in shown], {staff for _, staff, *_ in shown})

    def words(key: str, **values: object) -> str:
        return content.interface.text(f"explain.{key}", language).format(**values)

    def topic(code: str) -> str:
        return next((each.label.of(language) for each in content.codebook.topics if each.id == code), code)

    explained = []
    for at, staff, how, why in shown:
        when = at.astimezone(clock.LONDON)
        headline = words(how, time=f"{when:%d.%m.%Y %H:%M:%S}", coach=_name(names, str(staff)))
        decided = "compared" in why
        if how in ("by_hand", "transferred"):
            headline += " " + words("by", name=_name(names, str(why["by"])))
        explained.append(
            Explanation(
                headline=headline,
                lines=tuple(in_words(why, names, words, topic)) if decided else (),
                same=replayed(why) == why if decided else None,
            )
        )
    return explained


def in_words(
    why: Stored, names: Mapping[str, str], words: Words, topic: Callable[[str], str]
) -> Iterator[str]:
    """What was compared, line by line."""
    parent, best = why["parent"], why["compared"][0]
    waited = datetime.fromisoformat(why["at"]) - datetime.fromisoformat(parent["entered_at"])
    yield words(
        "parent",
        minutes=waited // timedelta(minutes=1),
        language=words(f"language_{parent['language']}"),
        topic=topic(parent["topic"]) if parent["topic"] else words("no_topic"),
    )
    if parent["turn"] != Turn.ORDINARY:
        yield words(Turn(parent["turn"]).name.lower())
    passed = len(why["passed"]) + int(why["passed_more"])
    if passed:
        yield words("passed", count=passed)
    if len(why["compared"]) == 1 and not why["unfit"]:
        yield words("only_one", coach=_name(names, best["staff"]))
    for other in why["compared"][1:]:
        yield words(
            f"before_{difference(parent, best, other)}",
            coach=_name(names, best["staff"]),
            other=_name(names, other["staff"]),
            load=best["load"],
            other_load=other["load"],
        )

    yield from _further(why, names, words)


def _further(why: Stored, names: Mapping[str, str], words: Words) -> Iterator[str]:
    """Who else was there, and why they were not compared one by one."""

    def named(staff: list[str], more: str) -> str:
        told = ", ".join(_name(names, each) for each in staff)
        left = why.get("more", {}).get(more)
        return words("and_more", names=told, count=left) if left else told

    if why["others"]:
        yield words("others", names=named(why["others"], "others"))
    for misfit in why["unfit"]:
        yield words(f"unfit_{misfit['why']}", other=_name(names, misfit["staff"]))
    if why["unfit_others"]:
        yield words("unfit_others", names=named(why["unfit_others"], "unfit_others"))
    for bar, staff in why["barred"].items():
        yield words(f"barred_{bar}", names=named(staff, f"barred_{bar}"))
    if why.get("unread"):
        yield words("unread")


async def _names(session: AsyncSession, records: list[Stored], staff: set[UUID]) -> dict[str, str]:
    """The names of all whom these records speak of, by their ids as text."""
    told = {str(each) for each in staff}
    for why in records:
        told |= {each["staff"] for each in (*why.get("compared", ()), *why.get("unfit", ()))}
        told |= {*why.get("others", ()), *why.get("unfit_others", ())}
        told |= {each for barred in why.get("barred", {}).values() for each in barred}
        if "by" in why:
            told.add(why["by"])
    rows = await session.execute(
        select(col(Staff.id), col(Staff.name)).where(col(Staff.id).in_([UUID(each) for each in told]))
    )
    return {str(staff_id): name for staff_id, name in rows}


def _name(names: Mapping[str, str], staff: str) -> str:
    return names.get(staff, staff[:8])
