"""Reports as pages for research staff."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from app import audit
from app.accounts.access import Viewer, require
from app.accounts.models import Role
from app.content.rules import Language
from app.db import transaction
from app.export.periods import parse_period
from app.reports.topic import STYLE, build_report

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


@router.get("/static/report.css", include_in_schema=False)
async def style() -> Response:
    """The style of reports."""
    return Response(
        STYLE, media_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=300"}
    )
