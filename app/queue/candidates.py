"""What a decision looks at: the first of those who wait, and the coaches on duty. Read for each decision.

Each statement is put together once, reads no objects, and reads no more of a long queue than its head.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Staff
from app.db import table_of
from app.queue.models import (
    NOT_TAKEN,
    STANDS,
    WAITS,
    Assignment,
    Availability,
    Lease,
    Offer,
    ParentLease,
    Shift,
)
from app.queue.queries import AS_WAITING, ENTRY, IN_ORDER, switchboards
from app.queue.rules import ASK_AGAIN, LANGUAGE_WAIT, Coach, Turn, Waiting, in_order, topic_of, wish_of
from app.rows import rows_of

WINDOW = 50  # as many of the waiting as a decision looks at


async def head_of_queue(
    session: AsyncSession,
    *,
    now: datetime,
    languages: Collection[str] | None = None,
    to_offer: bool = False,
    most: int = WINDOW,
) -> list[Waiting]:
    """The first of those who wait and are there, in order, with whom they were lately offered to.

    With `languages`, only whom somebody who speaks these may take now. `to_offer` leaves out who is just now
    being offered to a coach, and everybody while a supervisor has the switchboard.
    """
    given: dict[str, Any] = {"asked_after": now - ASK_AGAIN}
    if languages is not None:
        given["entered_before"] = now - LANGUAGE_WAIT
    spoken = None if languages is None else tuple(sorted(languages))
    chosen = _head(languages=spoken, to_offer=to_offer, most=most)
    rows = await rows_of(session, chosen, given)
    found: dict[UUID, Waiting] = {}
    asked: dict[UUID, list[tuple[UUID, datetime]]] = defaultdict(list)
    for *entry, staff, at in rows:
        waiting = Waiting(*entry)
        found[waiting.conversation] = waiting
        if staff is not None:
            asked[waiting.conversation].append((staff, at))
    for conversation, times in asked.items():
        told = tuple(sorted(times, key=lambda each: (each[1], each[0])))
        found[conversation] = replace(found[conversation], asked=told)
    return in_order(list(found.values()))


@lru_cache(maxsize=64)
def _head(*, languages: tuple[str, ...] | None, to_offer: bool, most: int) -> Select[Any]:
    if languages is None:
        head = _first_of(to_offer=to_offer, most=most).subquery()
    else:  # each part by an index of its own: with one condition for all, the whole queue would be read
        parts = [
            _first_of(ENTRY.language == literal(each), to_offer=to_offer, most=most) for each in languages
        ]
        parts.append(_first_of(ENTRY.turn == Turn.HIGH_RISK, to_offer=to_offer, most=most))
        parts.append(_first_of(ENTRY.entered_at <= bindparam("entered_before"), to_offer=to_offer, most=most))
        found = union(*(select(part.subquery()) for part in parts)).subquery()
        in_order = (found.c.turn, found.c.entered_at, found.c.conversation_id)
        head = select(found).order_by(*in_order).limit(_number(most)).subquery()
    offer = table_of(Offer).c
    lately = (
        select(offer.conversation_id, offer.staff_id, offer.answered_at)
        .where(offer.answered_at > bindparam("asked_after"), NOT_TAKEN)
        .subquery()
    )
    return select(*head.c, lately.c.staff_id, lately.c.answered_at).outerjoin_from(
        head, lately, lately.c.conversation_id == head.c.conversation_id
    )


def _first_of(*whose: ColumnElement[bool], to_offer: bool, most: int) -> Select[Any]:
    """The first of these who are there."""
    chosen = select(*AS_WAITING).where(WAITS, *whose).order_by(*IN_ORDER)
    lease = table_of(ParentLease).c
    left = select(lease.conversation_id).where(
        lease.conversation_id == ENTRY.conversation_id,
        lease.away_at.is_not(None),
        ENTRY.turn != Turn.HIGH_RISK,
        ENTRY.message_left_at.is_(None),
    )
    chosen = chosen.where(~left.exists())
    offer = table_of(Offer).c
    if to_offer:
        pending = select(offer.id).where(offer.conversation_id == ENTRY.conversation_id, STANDS)
        chosen = chosen.where(~pending.exists(), ~switchboards().exists())
    return chosen.limit(_number(most))


async def coaches(session: AsyncSession, *, staff_id: UUID | None = None) -> list[Coach]:
    """Every coach and supervisor whose shift runs, as a decision sees them; or only this one."""
    given = {} if staff_id is None else {"staff_id": staff_id}
    rows = await rows_of(session, _on_shift(one=staff_id is not None), given)
    return [_coach(row) for row in rows]


async def coaches_for(
    session: AsyncSession, parent: Waiting, now: datetime, *, most: int
) -> tuple[list[Coach], bool]:
    """The first coaches on duty for this parent, and whether there are more.

    Who may have them stands before everybody else, as `rules.ranking` has it; then who is free, but not for
    this parent; then the others.
    """
    _, declined = wish_of(parent, now)
    topic = topic_of(parent)
    given: dict[str, Any] = {"now": now, "language": _listed(parent.language)}
    given |= {f"declined_{number}": staff for number, staff in enumerate(declined)}
    if parent.earlier_coach is not None:
        given["known"] = parent.earlier_coach
    if topic is not None:
        given["topic"] = _listed(topic)
    chosen = _on_shift_for(most, declined=len(declined), known="known" in given, topic=topic is not None)
    found = [_coach(row) for row in await rows_of(session, chosen, given)]
    return found[:most], len(found) > most


def _coach(row: Sequence[Any]) -> Coach:
    staff, languages, idle, load, capacity, skills, sees_again, available, alive, high_risk, *rest = row
    return Coach(
        staff,
        _words(languages),
        idle,
        load,
        capacity,
        _words(skills),
        sees_again,
        available,
        alive,
        int(high_risk),
        *rest,
    )


@lru_cache(maxsize=256)
def _words(listed: str | None) -> tuple[str, ...]:
    """Coaches share a few lists of languages and skills."""
    return tuple(listed.split(",")) if listed else ()


@cache
def _on_shift(*, one: bool) -> Select[Any]:
    staff, shift, offer = table_of(Staff), table_of(Shift), table_of(Offer)
    held_by, lease = table_of(Assignment).c, table_of(Lease)
    held = (
        select(
            held_by.staff_id,
            func.count().label("load"),
            func.sum(cast(held_by.high_risk, Integer)).label("high_risk"),
        )
        .where(held_by.ended_at.is_(None))
        .group_by(held_by.staff_id)
    )
    if one:
        held = held.where(held_by.staff_id == bindparam("staff_id"))
    loads = held.subquery()
    chosen = (
        select(
            staff.c.id,
            staff.c.languages,
            func.coalesce(shift.c.last_given_at, shift.c.started_at).label("idle_since"),
            func.coalesce(loads.c.load, _NONE).label("load"),
            staff.c.capacity,
            staff.c.skills,
            staff.c.sees_again,
            shift.c.availability,
            lease.c.lost_at.is_(None).label("alive"),
            func.coalesce(loads.c.high_risk, _NONE).label("high_risk"),
            shift.c.rests_until,
            offer.c.id.is_not(None).label("being_asked"),
            shift.c.break_due_at,
        )
        .select_from(staff)
        .join(shift, shift.c.staff_id == staff.c.id)
        .outerjoin(lease, lease.c.staff_id == staff.c.id)
        .outerjoin(loads, loads.c.staff_id == staff.c.id)
        .outerjoin(offer, (offer.c.staff_id == staff.c.id) & STANDS)
        .where(shift.c.ended_at.is_(None), staff.c.disabled_at.is_(None))
    )
    return chosen.where(staff.c.id == bindparam("staff_id")) if one else chosen


@lru_cache(maxsize=128)
def _on_shift_for(most: int, *, declined: int, known: bool, topic: bool) -> Select[Any]:
    """The first coaches for a parent of whom this is known, and one more.

    One number puts them in order: further keys would cost the database as much as all the reading.
    """
    each = _on_shift(one=False).subquery().c
    barred = or_(  # as rules.bar_of says it
        ~each.alive,
        each.availability != literal_column(f"'{Availability.AVAILABLE.value}'"),
        each.rests_until > bindparam("now"),
        each.break_due_at <= bindparam("now"),
        each.high_risk > _NONE,
        each.load >= each.capacity,
        each.being_asked,
    )
    behind: ColumnElement[int] = case((barred, _number(16)), else_=_NONE)
    if declined:
        by_them = [each.id == bindparam(f"declined_{number}") for number in range(declined)]
        behind += case((or_(*by_them), _number(8)), else_=_NONE)
    behind += case((_among(each.languages).like(bindparam("language")), _NONE), else_=_number(4))
    if known:
        behind += case((and_(each.id == bindparam("known"), each.sees_again), _NONE), else_=_number(2))
    if topic:
        behind += case((_among(each.skills).like(bindparam("topic")), _NONE), else_=_number(1))
    in_order = (behind, each.load, each.idle_since, each.id)
    return select(*each).order_by(*in_order).limit(_number(most + 1))


def _number(written: int) -> ColumnElement[int]:
    """Written out, not given each time."""
    return literal_column(str(written), Integer)


_NONE = _number(0)


def _among(listed: ColumnElement[Any]) -> ColumnElement[str]:
    comma = literal_column("','", String)
    return comma + listed + comma


def _listed(word: str) -> str:
    """In a list with commas around. Languages are letters and top-level topics fixed: none has a wildcard."""
    return f"%,{word},%"
