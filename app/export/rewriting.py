"""What a reviewer's decisions do to anonymised messages; quotes of them stay where they stood."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.anonymise import anonymise
from app.errors import BadRequest, Conflict, NotFound
from app.export import editing
from app.export.editing import Edit, Span
from app.export.models import Quote, QuoteAcceptance, Row, RowGroup, RowLink
from app.export.queries import consented
from app.export.rows import text_of
from app.sealing import KeyRing


async def row_to_change(session: AsyncSession, *, group: UUID, number: int) -> Row:
    """A message whose conversation nobody else changes meanwhile; NotFound also where consent has gone."""
    held = await session.scalar(
        select(RowGroup).where(col(RowGroup.id) == group, consented()).with_for_update()
    )
    row = None if held is None else await session.get(Row, (group, number))
    if row is None:
        raise NotFound("There is no such message.", next_step="Go back to the list.")
    return row


async def mask_everywhere(session: AsyncSession, group: UUID, words: str, *, seen: str) -> None:
    """Mask these words throughout a conversation. BadRequest where the reviewer was not shown them.

    `seen` is what they were shown.
    """
    words, seen = " ".join(words.split()), " ".join(seen.split())
    if not words or words.casefold() not in seen.casefold():
        raise BadRequest(
            "Write words that stand beside the mask.", next_step="Copy them as they stand there."
        )
    masks = 0
    for row in list(await session.scalars(select(Row).where(col(Row.group_id) == group))):
        edits = editing.masking(row.text, row.spans, words)
        masks += len(edits)
        if edits:
            await _rewrite(session, row, edits, *editing.masked_more(row.text, row.spans, words))
    if not masks:
        raise BadRequest(
            "Those are no whole words, or are masked.", next_step="Write whole words beside the mask."
        )


async def unmask(session: AsyncSession, key_ring: KeyRing, row: Row, *, at: int) -> None:
    """Take a mask off, by its number. Conflict where what stood there cannot be found any more."""
    surfaces = await surfaces_of(session, key_ring, row)
    if surfaces is None:
        raise Conflict("What stood here cannot be found any more.", next_step="Keep the mask.")
    shown, spans = surfaces[at], row.spans
    edits = editing.unmasking(spans, at=at, shown=shown)
    await _rewrite(session, row, edits, *editing.unmasked(row.text, spans, at=at, shown=shown))


async def surfaces_of(session: AsyncSession, key_ring: KeyRing, row: Row) -> list[str] | None:
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
    outcome = await asyncio.to_thread(anonymise, texts, read.staff_names)
    spans, text = outcome.spans[row.number - 1], texts[row.number - 1]
    if outcome.texts[row.number - 1] != row.text or len(spans) != len(row.spans):
        return None
    return [text[span.start : span.end] for span in spans]


async def _rewrite(
    session: AsyncSession, row: Row, edits: Sequence[Edit], text: str, spans: list[Span]
) -> None:
    """Store what was made of a message. A quote whose words it changes must be accepted anew."""
    quotes = await session.scalars(
        select(Quote).where(col(Quote.group_id) == row.group_id, col(Quote.number) == row.number)
    )
    for quote in list(quotes):
        if editing.touches(quote.start, quote.end, edits):
            await session.execute(delete(QuoteAcceptance).where(col(QuoteAcceptance.quote_id) == quote.id))
        quote.start, quote.end = editing.moved(quote.start, quote.end, edits)
    row.text, row.spans = text, spans
    await session.flush()
