"""The review desk: one page of plain forms, for reviewers alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.access import Viewer, require
from app.content.rules import Language
from app.db import transaction
from app.errors import AppError, Forbidden
from app.export import reviewing
from app.export.pages import review_page
from app.export.reviewing import REVIEWS, Decision
from app.export.routes import csrf_of, form_of

router = APIRouter()
Reviewer = Annotated[Viewer, Depends(require(*REVIEWS))]


@router.get("/research/review", response_class=HTMLResponse)
async def review(request: Request, viewer: Reviewer, lang: Language = "en") -> HTMLResponse:
    """The next doubtful masks, each with a little of what stands around it; every view is noted."""
    return await _page(request, viewer, lang)


@router.post("/research/review/{group}/{message}/{at}/{decision}", response_class=HTMLResponse)
async def decide(
    request: Request, group: UUID, message: int, at: int, decision: Decision, lang: Language = "en"
) -> Response:
    """Keep a mask, take it off, or mask more."""
    viewer, fields = await form_of(request)
    if viewer.role not in REVIEWS:
        raise Forbidden("Your role does not include this.", next_step="Ask a reviewer.")
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
                actor=viewer.actor,
            )
    except AppError as error:
        return await _page(request, viewer, lang, error=error)
    return RedirectResponse(
        "/research/review?lang=cy" if lang == "cy" else "/research/review", status_code=303
    )


async def _page(
    request: Request, viewer: Viewer, language: Language, *, error: AppError | None = None
) -> HTMLResponse:
    state = request.app.state
    async with transaction(state.database) as session:
        doubts = await reviewing.next_doubts(session, state.key_ring, actor=viewer.actor)
    page = review_page(state.content, language, csrf=csrf_of(request), doubts=doubts, error=error)
    return HTMLResponse(
        page, status_code=error.status if error else 200, headers={"Cache-Control": "no-store"}
    )
