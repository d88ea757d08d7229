"""Reports as pages for research staff."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from app import audit, clock
from app.accounts.access import Viewer, require
from app.accounts.models import Role
from app.content.rules import Language
from app.db import transaction
from app.errors import AppError
from app.export.periods import month_of, parse_period, year_of
from app.reports.articles import articles_page
from app.reports.pages import STYLE, render, words_of
from app.reports.topic import build_report

router = APIRouter()
research_staff = require(Role.RESEARCHER, Role.REVIEWER, Role.MANAGER)


@router.get("/research/report", response_class=HTMLResponse)
async def report(
    request: Request,
    viewer: Annotated[Viewer, Depends(research_staff)],
    period: Annotated[str, Query(max_length=20)],
    topic: Annotated[str, Query(max_length=100)] = "",
    source: Literal["tallies", "rows"] = "tallies",
    lang: Language = "en",
) -> HTMLResponse:
    """The report on a topic (none: all) in a period."""
    state = request.app.state
    try:
        page = await build_report(
            state.database,
            state.content,
            state.settings,
            topic=topic or None,
            period=parse_period(period),
            source=source,
            language=lang,
            standalone=False,
        )
    except AppError as error:
        return _refused(request, error, lang)
    async with transaction(state.database) as session:
        audit.note(
            session,
            actor=viewer.actor,
            action="report.read",
            subject=f"topic:{topic or 'all'}",
            period=period,
            source=source,
        )
    return HTMLResponse(page)


@router.get("/research/articles", response_class=HTMLResponse, dependencies=[Depends(research_staff)])
async def articles(
    request: Request,
    period: Annotated[str, Query(max_length=20)] = "",
    lang: Language = "en",
) -> HTMLResponse:
    """How often each article was opened in a period; without one, in this year from April to March."""
    try:
        asked = parse_period(period) if period.strip() else year_of(month_of(clock.now()))
    except AppError as error:
        return _refused(request, error, lang)
    state = request.app.state
    return HTMLResponse(await articles_page(state.database, state.content, period=asked, language=lang))


@router.get("/static/report.css", include_in_schema=False)
async def style() -> Response:
    """The style of reports."""
    return Response(
        STYLE, media_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=300"}
    )


def _refused(request: Request, error: AppError, language: Language) -> HTMLResponse:
    """Say in a page what was wrong with what was asked for: only browsers ask for these."""
    say = partial(words_of, request.app.state.content, language)
    page = render("refused.html", language=language, say=say, error=error)
    return HTMLResponse(page, status_code=error.status)
