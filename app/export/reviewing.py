"""Doubtful masks, looked at by a reviewer: kept, taken off, or joined by further masks nearby.

Who looked at what and what they decided stands in the audit record, apart from the rows; it holds no text.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit
from app.errors import BadRequest, Conflict, NotFound
from app.export.masking import masked
from app.export.models import Row, RowGroup, RowLink
from app.export.queries import consented
from app.export.rows import text_of
from app.sealing import KeyRing

REVIEWS = ("reviewer",)
AROUND = 60  # characters on each side of a mask
AT_ONCE = 10
MASK = "[MASKED]"


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


async def next_doubts(session: AsyncSession, key_ring: KeyRing, *, actor: str) -> list[Doubt]:
    """The next doubtful masks that nobody has decided on; each view is noted."""
    doubtful = cast(col(Row.spans), Text).like('%"doubtful": true%')
    found = await session.scalars(
        select(Row)
        .join(RowGroup, col(RowGroup.id) == col(Row.group_id))
        .where(doubtful, consented())
        .order_by(col(Row.group_id), col(Row.number))
        .limit(AT_ONCE)
    )
    doubts: list[Doubt] = []
    for row in list(found):
        if len(doubts) < AT_ONCE:
            surfaces = await _surfaces(session, key_ring, row)
            doubts += [
                replace(doubt, shown=surfaces[doubt.at] if surfaces else None) for doubt in doubts_of(row)
            ]
    doubts = doubts[:AT_ONCE]
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
            start, end = int(str(span["start"])), int(str(span["end"]))
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
    actor: str,
) -> None:
    """Keep a doubtful mask, take it off, or keep it and mask these `words` throughout the conversation.

    Conflict if it has been decided on, or cannot be unmasked as the conversation is erased.
    """
    row = await session.scalar(
        select(Row)
        .join(RowGroup, col(RowGroup.id) == col(Row.group_id))
        .where(col(Row.group_id) == group, col(Row.number) == message, consented())
        .with_for_update(of=Row)
    )
    if row is None or not 0 <= at < len(row.spans):
        raise NotFound("There is no such mask.", next_step="Go back to the list.")
    if not row.spans[at]["doubtful"]:
        raise Conflict("Somebody has decided on this mask.", next_step="Go on with the next one.")
    if decision is Decision.UNMASK:
        surfaces = await _surfaces(session, key_ring, row)
        if surfaces is None:
            raise Conflict("What stood here cannot be found any more.", next_step="Keep the mask.")
        row.text, row.spans = unmasked(row.text, row.spans, at=at, shown=surfaces[at])
    else:
        row.spans = [
            {**span, "doubtful": False, "reviewed": decision} if place == at else span
            for place, span in enumerate(row.spans)
        ]
    if decision is Decision.MASK_MORE:
        await _mask_everywhere(session, group, _tidy(words, row, at))
    await session.flush()
    audit.note(
        session,
        actor=actor,
        action=f"review.{decision}",
        subject=f"rows:{group}",
        message=str(message),
        mask=str(at),
    )


def unmasked(
    text: str, spans: Sequence[dict[str, object]], *, at: int, shown: str
) -> tuple[str, list[dict[str, object]]]:
    """The text with one mask taken off, and the other masks where they are now."""
    start, end = int(str(spans[at]["start"])), int(str(spans[at]["end"]))
    longer = len(shown) - (end - start)
    return text[:start] + shown + text[end:], [
        _moved(span, longer) if int(str(span["start"])) > start else span
        for place, span in enumerate(spans)
        if place != at
    ]


def masked_more(
    text: str, spans: Sequence[dict[str, object]], words: str
) -> tuple[str, list[dict[str, object]]]:
    """The text with these words masked outside of masks, and all masks where they are now."""
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
    kept = list(spans)
    place = 0
    while found := pattern.search(text, place):
        start, end = found.span()
        inside = [span for span in kept if int(str(span["start"])) < end and start < int(str(span["end"]))]
        if inside:
            place = max(int(str(span["end"])) for span in inside)
            continue
        text = text[:start] + MASK + text[end:]
        longer = len(MASK) - (end - start)
        kept = [_moved(span, longer) if int(str(span["start"])) >= end else span for span in kept]
        kept.append(_by_hand(start))
        place = start + len(MASK)
    return text, sorted(kept, key=lambda span: int(str(span["start"])))


async def _mask_everywhere(session: AsyncSession, group: UUID, words: str) -> None:
    rows = await session.scalars(select(Row).where(col(Row.group_id) == group).with_for_update())
    for row in list(rows):
        text, spans = masked_more(row.text, row.spans, words)
        if text != row.text:
            row.text, row.spans = text, spans


async def _surfaces(session: AsyncSession, key_ring: KeyRing, row: Row) -> list[str] | None:
    """What stood in the place of each mask of a message, found by masking the conversation's own text again.

    None where the conversation is erased, or would be masked otherwise today.
    """
    conversation = await session.scalar(
        select(col(RowLink.conversation_id)).where(col(RowLink.group_id) == row.group_id)
    )
    read = None if conversation is None else await text_of(session, key_ring, conversation)
    if read is None:
        return None
    texts = [message.body for message in read.messages]
    outcome = await asyncio.to_thread(masked, texts, read.staff_names)
    spans, text = outcome.spans[row.number - 1], texts[row.number - 1]
    if outcome.texts[row.number - 1] != row.text or len(spans) != len(row.spans):
        return None
    return [text[span.start : span.end] for span in spans]


def _tidy(words: str, row: Row, at: int) -> str:
    """Words that the reviewer was shown beside this mask: nothing else may be asked for."""
    words = " ".join(words.split())
    (doubt,) = [doubt for doubt in doubts_of(_as_doubtful(row, at)) if doubt.at == at]
    seen = " ".join(f"{doubt.before} {doubt.after}".split())
    if not words or words.casefold() not in seen.casefold():
        raise BadRequest(
            "Write words that stand beside the mask.", next_step="Copy them as they stand there."
        )
    return words


def _as_doubtful(row: Row, at: int) -> Row:
    spans = [{**span, "doubtful": place == at} for place, span in enumerate(row.spans)]
    return Row(group_id=row.group_id, number=row.number, speaker=row.speaker, text=row.text, spans=spans)


def _moved(span: dict[str, object], by: int) -> dict[str, object]:
    return {**span, "start": int(str(span["start"])) + by, "end": int(str(span["end"])) + by}


def _by_hand(start: int) -> dict[str, object]:
    return {
        "start": start,
        "end": start + len(MASK),
        "type": "REVIEW",
        "class": "direct",
        "score": 1.0,
        "detector": "reviewer",
        "reason": "masked by a reviewer",
        "doubtful": False,
    }
