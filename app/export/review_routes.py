"""The review desk: one page of plain forms for quotes and doubtful masks, for reviewers alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.access import Viewer, require
from app.content.rules import Language
from app.db import transaction
from app.errors import AppError, Forbidden
from app.export import quoting, reviewing
from app.export.pages import review_page
from app.export.quoting import WORDS_MOST, QuoteDecision
from app.export.reviewing import REVIEWS, Decision
from app.export.routes import csrf_of, form_of

router = APIRouter()
Reviewer = Annotated[Viewer, Depends(require(*REVIEWS))]


@router.get("/research/review", response_class=HTMLResponse)
async def review(request: Request, viewer: Reviewer, lang: Language = "en") -> HTMLResponse:
    """The next quotes and doubtful masks, with a little of what stands around each; every view is noted."""
    return await _page(request, viewer, lang)


@router.post("/research/review/{group}/{message}/{at}/{decision}", response_class=HTMLResponse)
async def decide(
    request: Request, group: UUID, message: int, at: int, decision: Decision, lang: Language = "en"
) -> Response:
    """Keep a mask, take it off, or mask more."""
    viewer, fields = await _reviewer_s_form(request)
    state = request.app.state
    try:
        async with transaction(state.database) as session:
            await reviewing.decide(
                session,
                state.key_ring,
                group=group,
                message=message,
                at=at,
                decision=decision,
                words=fields.get("words", "")[: 2 * reviewing.AROUND],
                staff_id=viewer.staff_id,
                actor=viewer.actor,
            )
    except AppError as error:
        return await _page(request, viewer, lang, error=error)
    return _back(lang)


@router.post("/research/review/quotes/{id}/{decision}", response_class=HTMLResponse)
async def decide_quote(
    request: Request,
    id: UUID,  # noqa: A002
    decision: QuoteDecision,
    lang: Language = "en",
) -> Response:
    """Accept a quote, refuse it, mask more, or take one of its masks off."""
    viewer, fields = await _reviewer_s_form(request)
    state = request.app.state
    at = fields.get("at", "")
    try:
        async with transaction(state.database) as session:
            await quoting.decide(
                session,
                state.key_ring,
                quote_id=id,
                decision=decision,
                seen=fields.get("seen", ""),
                words=fields.get("words", "")[:WORDS_MOST],
                at=int(at) if at.isdecimal() and len(at) < 6 else None,
                staff_id=viewer.staff_id,
                actor=viewer.actor,
            )
    except AppError as error:
        return await _page(request, viewer, lang, error=error)
    return _back(lang)


async def _reviewer_s_form(request: Request) -> tuple[Viewer, dict[str, str]]:
    viewer, fields = await form_of(request)
    if viewer.role not in REVIEWS:
        raise Forbidden("Your role does not include this.", next_step="Ask a reviewer.")
    return viewer, fields


def _back(language: Language) -> RedirectResponse:
    return RedirectResponse(
        "/research/review?lang=cy" if language == "cy" else "/research/review", status_code=303
    )


async def _page(
    request: Request, viewer: Viewer, language: Language, *, error: AppError | None = None
) -> HTMLResponse:
    state = request.app.state
    quotes = await quoting.next_quotes(
        state.database, state.key_ring, staff_id=viewer.staff_id, actor=viewer.actor
    )
    doubts = await reviewing.next_doubts(
        state.database, state.key_ring, staff_id=viewer.staff_id, actor=viewer.actor
    )
    page = review_page(
        state.content, language, csrf=csrf_of(request), quotes=quotes, doubts=doubts, error=error
    )
    return HTMLResponse(
        page, status_code=error.status if error else 200, headers={"Cache-Control": "no-store"}
    )
