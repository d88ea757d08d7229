"""The register of quotes: no report prints a parent's words before two reviewers have read and accepted them.

A researcher proposes words of an export that was released to them. Reviewers, who are never the study's
researcher, see them with a little of what stands around, and accept, mask more, take a mask off or refuse.
Who looked at what and what they decided stands in the audit record, apart from the rows; it holds no text.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.db import Database, reading, transaction
from app.errors import BadRequest, Conflict, Forbidden, NotFound
from app.export import queries, quoted, rewriting
from app.export.editing import bounds
from app.export.models import ExportMember, ExportRun, Quote, QuoteAcceptance, Row, RowGroup
from app.export.quoted import NEEDED
from app.export.reviewing import AROUND, AT_ONCE
from app.export.rules import REQUESTS
from app.sealing import KeyRing

WORDS_LEAST, WORDS_MOST = 3, 300


class QuoteDecision(StrEnum):
    ACCEPT = "accept"
    MASK_MORE = "mask-more"
    UNMASK = "unmask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, repr=False)
class Inside:
    """A doubtful mask within a quote, which may be taken off; `at` is its number within the message."""

    at: int
    mask: str
    reason: str
    shown: str | None  # what stands behind it, as long as its conversation is kept


@dataclass(frozen=True, slots=True, repr=False)
class Proposed:
    """A quote as a reviewer sees it: `seen` names its words as they are, `accepted` says how many accept."""

    id: UUID
    before: str
    text: str
    after: str
    seen: str
    accepted: int
    masks: Sequence[Inside] = ()


async def propose(
    session: AsyncSession,
    *,
    staff_id: UUID,
    role: str,
    run_id: UUID,
    group: UUID,
    number: int,
    words: str,
) -> Quote:
    """Ask that these words of a released export may be printed. Only the researcher who asked for it may."""
    if role not in REQUESTS:
        raise Forbidden("Your role does not include this.", next_step="It takes a researcher.")
    run = await queries.released_run(session, run_id, now=clock.now())
    if run.requested_by != staff_id:
        raise Forbidden("This is another person's export.", next_step="Quote from an export of your own.")
    row = await rewriting.row_to_change(session, group=group, number=number)
    if await session.get(ExportMember, (run_id, group)) is None:
        raise NotFound("This export has no such message.", next_step="Take both numbers from the export.")
    start, end = _stretch(row, words)
    known = select(func.count()).where(
        *(col(Quote.group_id) == group, col(Quote.number) == number),
        *(col(Quote.start) == start, col(Quote.end) == end),
    )
    if (await session.execute(known)).scalar_one():
        raise Conflict("This quote has been proposed already.", next_step="The list shows how it stands.")
    quote = Quote(
        run_id=run_id,
        group_id=group,
        number=number,
        start=start,
        end=end,
        proposed_by=staff_id,
        proposed_at=clock.now(),
    )
    session.add(quote)
    await session.flush()
    audit.note(session, actor=f"{role}:{staff_id}", action="quote.proposed", subject=f"quote:{quote.id}")
    return quote


async def next_quotes(database: Database, key_ring: KeyRing, *, staff_id: UUID, actor: str) -> list[Proposed]:
    """The next quotes that this reviewer may decide on.

    Each view is noted. What stands behind a mask is looked up before that, so that nobody who writes waits.
    """
    shown = []
    async with reading(database) as session:
        found = await session.execute(
            select(Quote, Row, quoted.acceptances())
            .join(Row, (col(Row.group_id) == col(Quote.group_id)) & (col(Row.number) == col(Quote.number)))
            .join(RowGroup, col(RowGroup.id) == col(Row.group_id))
            .where(quoted.waits_for(staff_id))
            .order_by(col(Quote.proposed_at), col(Quote.id))
            .limit(AT_ONCE)
        )
        for quote, row, accepted in list(found):
            shown.append(
                Proposed(
                    id=quote.id,
                    before=row.text[max(0, quote.start - AROUND) : quote.start],
                    text=row.text[quote.start : quote.end],
                    after=row.text[quote.end : quote.end + AROUND],
                    seen=named(row.text[quote.start : quote.end]),
                    accepted=accepted,
                    masks=await _inside(session, key_ring, quote, row),
                )
            )
    async with transaction(database) as session:
        for each in shown:
            audit.note(session, actor=actor, action="quote.read", subject=f"quote:{each.id}")
    return shown


async def decide(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    quote_id: UUID,
    decision: QuoteDecision,
    seen: str,
    words: str,
    at: int | None,
    staff_id: UUID,
    actor: str,
) -> None:
    """Accept a quote, refuse it, mask these `words` throughout its conversation, or take off its mask `at`.

    Whatever changes its words takes earlier acceptances away. Conflict if they are no longer those that were
    seen; Forbidden to whoever proposed it or asked for the export.
    """
    quote = await session.get(Quote, quote_id)
    if quote is None:
        raise _no_such_quote()
    row = await rewriting.row_to_change(session, group=quote.group_id, number=quote.number)
    await session.refresh(quote)  # as it is now that nobody else changes it
    run = await session.get_one(ExportRun, quote.run_id)
    if staff_id in (quote.proposed_by, run.requested_by):
        raise Forbidden("Nobody decides on a quote of their own study.", next_step="Ask another reviewer.")
    if quote.refused_by is not None or await _acceptances(session, quote_id) >= NEEDED:
        raise Conflict("This quote has been decided on.", next_step="Go on with the next one.")
    if seen != named(row.text[quote.start : quote.end]):
        raise Conflict("These words have changed since you saw them.", next_step="Read them again.")
    match decision:
        case QuoteDecision.ACCEPT:
            await _accept(session, quote_id, staff_id)
        case QuoteDecision.REFUSE:
            quote.refused_by = staff_id
        case QuoteDecision.MASK_MORE:
            shown = row.text[max(0, quote.start - AROUND) : quote.end + AROUND]
            await rewriting.mask_everywhere(session, quote.group_id, words, seen=shown)
        case QuoteDecision.UNMASK:
            if at not in _may_come_off(quote, row):
                raise NotFound("There is no such mask.", next_step="Go back to the list.")
            await rewriting.unmask(session, key_ring, row, at=at)
    await session.flush()
    audit.note(session, actor=actor, action=f"quote.{decision}", subject=f"quote:{quote_id}")


def _stretch(row: Row, words: str) -> tuple[int, int]:
    """Where these words stand in the message, grown over masks that they cut through."""
    if not WORDS_LEAST <= len(words.strip()) <= WORDS_MOST:
        raise BadRequest(
            f"A quote has {WORDS_LEAST} to {WORDS_MOST} characters.",
            next_step="Copy the words from the export.",
        )
    found = re.search(r"\s+".join(map(re.escape, words.split())), row.text)
    if found is None:
        raise BadRequest(
            "These words do not stand in that message.",
            next_step="Copy them from the export. More may have been masked since it was built.",
        )
    start, end = found.span()
    for since, until in map(bounds, row.spans):
        if since < end and start < until:
            start, end = min(start, since), max(end, until)
    return start, end


async def _accept(session: AsyncSession, quote_id: UUID, staff_id: UUID) -> None:
    if await session.get(QuoteAcceptance, (quote_id, staff_id)) is not None:
        raise Conflict("You have accepted this quote.", next_step="It needs a second person.")
    session.add(QuoteAcceptance(quote_id=quote_id, staff_id=staff_id, at=clock.now()))


async def _acceptances(session: AsyncSession, quote_id: UUID) -> int:
    query = select(quoted.acceptances()).where(col(Quote.id) == quote_id)
    return int((await session.execute(query)).scalar_one())


async def _inside(session: AsyncSession, key_ring: KeyRing, quote: Quote, row: Row) -> list[Inside]:
    masks = _may_come_off(quote, row)
    surfaces = await rewriting.surfaces_of(session, key_ring, row) if masks else None
    return [
        Inside(
            at,
            row.text[slice(*bounds(row.spans[at]))],
            str(row.spans[at]["reason"]),
            surfaces[at] if surfaces else None,
        )
        for at in masks
    ]


def _may_come_off(quote: Quote, row: Row) -> list[int]:
    """The doubtful masks within a quote: what surely identifies is shown to nobody, and printed nowhere."""
    return [
        at
        for at, span in enumerate(row.spans)
        if span["doubtful"] and quote.start <= bounds(span)[0] < quote.end
    ]


def named(words: str) -> str:
    """A name for these words and no others, which does not tell them."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _no_such_quote() -> NotFound:
    return NotFound("There is no such quote.", next_step="Go back to the list.")
