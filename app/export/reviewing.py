"""Doubtful masks, looked at by a reviewer: kept, taken off, or joined by further masks nearby.

Who looked at what and what they decided stands in the audit record, apart from the rows; it holds no text.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit
from app.db import Database, reading, transaction
from app.errors import Conflict, Forbidden, NotFound
from app.export import rewriting
from app.export.editing import bounds
from app.export.models import Row, RowGroup
from app.export.queries import consented, of_own_study
from app.sealing import KeyRing

REVIEWS = ("reviewer",)
AROUND = 60  # characters on each side of a mask
AT_ONCE = 10


class Decision(StrEnum):
    ACCEPT = "accept"
    MASK_MORE = "mask-more"
    UNMASK = "unmask"


@dataclass(frozen=True, slots=True, repr=False)
class Doubt:
    """A doubtful mask in its surroundings; `at` is its number within the message."""

    group: UUID
    message: int
    at: int
    before: str
    mask: str
    after: str
    reason: str
    shown: str | None = None  # what stands behind the mask, as long as its conversation is kept


async def next_doubts(database: Database, key_ring: KeyRing, *, staff_id: UUID, actor: str) -> list[Doubt]:
    """The next doubtful masks that nobody has decided on, outside of this person's studies.

    Each view is noted. What stands behind a mask is looked up before that, so that nobody who writes waits.
    """
    doubtful = cast(col(Row.spans), Text).like('%"doubtful": true%')
    doubts: list[Doubt] = []
    async with reading(database) as session:
        found = await session.scalars(
            select(Row)
            .join(RowGroup, col(RowGroup.id) == col(Row.group_id))
            .where(doubtful, consented(), ~of_own_study(staff_id))
            .order_by(col(Row.group_id), col(Row.number))
            .limit(AT_ONCE)
        )
        for row in list(found):
            if len(doubts) < AT_ONCE:
                surfaces = await rewriting.surfaces_of(session, key_ring, row)
                doubts += [
                    replace(doubt, shown=surfaces[doubt.at] if surfaces else None) for doubt in doubts_of(row)
                ]
    doubts = doubts[:AT_ONCE]
    async with transaction(database) as session:
        for doubt in doubts:
            audit.note(
                session,
                actor=actor,
                action="review.read",
                subject=f"rows:{doubt.group}",
                message=str(doubt.message),
                mask=str(doubt.at),
            )
    return doubts


def doubts_of(row: Row) -> list[Doubt]:
    """The doubtful masks of one message, each with at most `AROUND` characters on each side."""
    doubts = []
    for at, span in enumerate(row.spans):
        if span["doubtful"]:
            start, end = bounds(span)
            doubts.append(
                Doubt(
                    group=row.group_id,
                    message=row.number,
                    at=at,
                    before=row.text[max(0, start - AROUND) : start],
                    mask=row.text[start:end],
                    after=row.text[end : end + AROUND],
                    reason=str(span["reason"]),
                )
            )
    return doubts


async def decide(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    group: UUID,
    message: int,
    at: int,
    decision: Decision,
    words: str,
    staff_id: UUID,
    actor: str,
) -> None:
    """Keep a doubtful mask, take it off, or keep it and mask these `words` throughout the conversation.

    Conflict if it has been decided on, or cannot be unmasked as the conversation is erased; Forbidden to
    whoever asked for an export that holds it.
    """
    row = await rewriting.row_to_change(session, group=group, number=message)
    if await session.scalar(
        select(col(RowGroup.id)).where(col(RowGroup.id) == group, of_own_study(staff_id))
    ):
        raise Forbidden("Nobody reviews what is in a study of their own.", next_step="Ask another reviewer.")
    if not 0 <= at < len(row.spans):
        raise NotFound("There is no such mask.", next_step="Go back to the list.")
    if not row.spans[at]["doubtful"]:
        raise Conflict("Somebody has decided on this mask.", next_step="Go on with the next one.")
    if decision is Decision.UNMASK:
        await rewriting.unmask(session, key_ring, row, at=at)
    else:
        (seen,) = [doubt for doubt in doubts_of(row) if doubt.at == at]
        row.spans = [
            {**span, "doubtful": False, "reviewed": decision} if place == at else span
            for place, span in enumerate(row.spans)
        ]
    if decision is Decision.MASK_MORE:
        await rewriting.mask_everywhere(session, group, words, seen=f"{seen.before} {seen.after}")
    await session.flush()
    audit.note(
        session,
        actor=actor,
        action=f"review.{decision}",
        subject=f"rows:{group}",
        message=str(message),
        mask=str(at),
    )
