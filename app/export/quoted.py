"""What is read of the register of quotes: which wait for whom, and which may be printed.

Both are conditions of the query, and consent to the conversation is part of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.errors import NotFound
from app.export.models import ExportRun, Quote, QuoteAcceptance, Row, RowGroup
from app.export.queries import PAGE, Selection, available, consented

NEEDED = 2  # people, neither of them of the study


@dataclass(frozen=True, slots=True, repr=False)
class Printed:
    """Words that may be printed, and who said them: parent, coach or supervisor."""

    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a researcher's quote stands."""

    quote: Quote
    accepted: int

    @property
    def state(self) -> str:
        if self.quote.refused_by is not None:
            return "refused"
        return "accepted" if self.accepted >= NEEDED else "waiting"


async def printable(session: AsyncSession, *, selection: Selection) -> list[Printed]:
    """The quotes of a selection that two people accepted, the earliest proposed first."""
    query = (
        select(Quote, Row)
        .join(Row, and_(col(Row.group_id) == col(Quote.group_id), col(Row.number) == col(Quote.number)))
        .join(RowGroup, col(RowGroup.id) == col(Row.group_id))
        .where(available(selection), col(Quote.refused_by).is_(None), acceptances() >= NEEDED)
        .order_by(col(Quote.proposed_at), col(Quote.id))
    )
    return [
        Printed(row.text[quote.start : quote.end], row.speaker) for quote, row in await session.execute(query)
    ]


async def of_researcher(
    session: AsyncSession, staff_id: UUID, *, after: UUID | None = None
) -> Sequence[Standing]:
    """What this person has proposed, the newest first, as far as consent is still given: one more than a page
    where more follow. With `after`, what follows on this quote."""
    query = (
        select(Quote, acceptances())
        .join(RowGroup, col(RowGroup.id) == col(Quote.group_id))
        .where(col(Quote.proposed_by) == staff_id, consented())
        .order_by(col(Quote.proposed_at).desc(), col(Quote.id))
    )
    if after is not None:
        last = await session.get(Quote, after)
        if last is None or last.proposed_by != staff_id:
            raise NotFound("There is no such quote of yours.", next_step="Go back to the research page.")
        query = query.where(
            or_(
                col(Quote.proposed_at) < last.proposed_at,
                and_(col(Quote.proposed_at) == last.proposed_at, col(Quote.id) > last.id),
            )
        )
    query = query.limit(PAGE + 1)
    return [Standing(quote, int(accepted)) for quote, accepted in await session.execute(query)]


def waits_for(staff_id: UUID) -> ColumnElement[bool]:
    """True for a Quote of a RowGroup in use that this reviewer may decide on and has not yet accepted."""
    theirs = exists().where(
        col(QuoteAcceptance.quote_id) == col(Quote.id), col(QuoteAcceptance.staff_id) == staff_id
    )
    return and_(
        consented(),
        col(Quote.refused_by).is_(None),
        ~_of_the_study(staff_id),
        ~theirs,
        acceptances() < NEEDED,
    )


def acceptances() -> ColumnElement[int]:
    """How many people accept a Quote as it stands, those of its own study not counted."""
    return (
        select(func.count())
        .select_from(QuoteAcceptance)
        .join(ExportRun, col(ExportRun.id) == col(Quote.run_id))
        .where(
            col(QuoteAcceptance.quote_id) == col(Quote.id),
            col(QuoteAcceptance.staff_id) != col(Quote.proposed_by),
            col(QuoteAcceptance.staff_id) != col(ExportRun.requested_by),
        )
        .correlate(Quote)
        .scalar_subquery()
    )


def _of_the_study(staff_id: UUID) -> ColumnElement[bool]:
    asked = exists().where(col(ExportRun.id) == col(Quote.run_id), col(ExportRun.requested_by) == staff_id)
    return or_(col(Quote.proposed_by) == staff_id, asked)
