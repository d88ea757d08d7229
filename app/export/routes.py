"""Export runs over HTTP: the research page with plain forms, and the same steps as JSON."""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from app import audit, clock
from app.accounts import queries as accounts
from app.accounts.access import COOKIE, Viewer, require, require_own_origin, signed_in
from app.accounts.actions import sign_out
from app.accounts.tokens import csrf_token
from app.content.rules import Language
from app.db import reading, transaction
from app.errors import AppError, BadRequest, Forbidden, NotFound, Unauthorized
from app.export import manifest, queries, quoted, quoting, runs
from app.export.models import ExportRun
from app.export.pages import STYLE, research_page
from app.export.periods import parse_period
from app.export.quoted import Standing
from app.export.rules import SEES, Step

router = APIRouter()
research_staff = require(*SEES)
FORM_BYTES = 8192
MEDIA_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
}

ResearchStaff = Annotated[Viewer, Depends(research_staff)]


class RunAsked(BaseModel):
    """A request for an export; `topic` left out means all. A `sample` is drawn by chance from `seed`."""

    model_config = ConfigDict(extra="forbid")

    purpose: Annotated[str, StringConstraints(max_length=1000)]
    period: Annotated[str, StringConstraints(max_length=20)]
    topic: Annotated[str, StringConstraints(max_length=100)] | None = None
    sample: int | None = None
    seed: int | None = None


@router.get("/api/v1/runs", dependencies=[Depends(research_staff)])
async def list_runs(request: Request, after: UUID | None = None) -> list[dict[str, object]]:
    """A page of export runs, the newest first; with `after` those that follow on this one."""
    async with reading(request.app.state.database) as session:
        return [_wire(run) for run in (await queries.runs_page(session, after=after))[: queries.PAGE]]


@router.post("/api/v1/runs", status_code=201)
async def ask(request: Request, viewer: ResearchStaff, asked: RunAsked) -> dict[str, object]:
    """Ask for an export."""
    return _wire(await _ask(request, viewer, asked))


@router.post("/api/v1/runs/{id}/{step}")
async def take_step(
    request: Request,
    response: Response,
    viewer: ResearchStaff,
    id: UUID,  # noqa: A002
    step: Step,
) -> dict[str, object]:
    """Approve, build, release or withdraw a run; one that is to be built is `building` until it is."""
    run = await _step(request, viewer, id, step)
    response.status_code = 202 if step is Step.BUILD else 200
    return _wire(run)


@router.get("/api/v1/runs/{id}/files/{name:path}")
async def download(request: Request, viewer: ResearchStaff, id: UUID, name: str) -> FileResponse:  # noqa: A002
    """One file of a released run, for some weeks and while consent to all of its rows is in force.

    Each download is in the audit record.
    """
    state = request.app.state
    async with transaction(state.database) as session:
        run = await queries.released_run(session, id, now=clock.now())
        path: Path = runs.run_folder(state.settings, run.id) / name
        described = run.manifest.get("files")
        known = {*described, manifest.NAME} if isinstance(described, dict) else set()
        if name not in known:
            raise NotFound("There is no such file.", next_step="The list of exports names them.")
        await runs.require_consent(session, run.id, next_step="Have it taken back, and ask for a new one.")
        if not await asyncio.to_thread(path.is_file):
            raise NotFound(
                "This file is gone.", next_step="Have the export taken back, and ask for a new one."
            )
        audit.note(
            session, actor=viewer.actor, action="export.downloaded", subject=f"export:{run.id}", file=name
        )
    return FileResponse(
        path,
        media_type=MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        filename=f"earshot-{run.id}-{name.replace('/', '-')}",
        headers={"Cache-Control": "no-store"},
    )


@router.get("/research", response_class=HTMLResponse)
async def research(
    request: Request,
    lang: Language = "en",
    runs_after: UUID | None = None,
    quotes_after: UUID | None = None,
) -> HTMLResponse:
    """The research page, its lists going on after a run or quote; who is not signed in is told where to."""
    try:
        viewer = await signed_in(request)
    except Unauthorized:
        return HTMLResponse(research_page(request.app.state.content, lang, viewer=None))
    return await _page(request, viewer, lang, runs_after=runs_after, quotes_after=quotes_after)


@router.post("/research/runs", response_class=HTMLResponse)
async def ask_by_form(request: Request, lang: Language = "en") -> Response:
    """Ask for an export with the page's form."""
    viewer, fields = await form_of(request)
    try:
        asked = RunAsked(
            purpose=fields.get("purpose", "")[:1000],
            period=fields.get("period", "")[:20],
            topic=fields.get("topic", "")[:100] or None,
            sample=_number(fields.get("sample", "")),
            seed=_number(fields.get("seed", "")),
        )
        await _ask(request, viewer, asked)
    except AppError as error:
        return await _page(request, viewer, lang, error=error, typed=fields)
    return _back(lang)


@router.post("/research/quotes", response_class=HTMLResponse)
async def quote_by_form(request: Request, lang: Language = "en") -> Response:
    """Ask with the page's form that words of a released export may be printed."""
    viewer, fields = await form_of(request)
    try:
        async with transaction(request.app.state.database) as session:
            await quoting.propose(
                session,
                staff_id=viewer.staff_id,
                role=viewer.role,
                run_id=_id(fields.get("run", "")),
                group=_id(fields.get("conversation", "")),
                number=_number(fields.get("message", "")) or 0,
                words=fields.get("words", ""),
            )
    except AppError as error:
        return await _page(request, viewer, lang, error=error, typed=fields)
    return _back(lang)


@router.post("/research/runs/{id}/{step}", response_class=HTMLResponse)
async def step_by_form(request: Request, id: UUID, step: Step, lang: Language = "en") -> Response:  # noqa: A002
    """Approve, build, release or withdraw a run with one of the page's buttons."""
    viewer, _ = await form_of(request)
    try:
        await _step(request, viewer, id, step)
    except AppError as error:
        return await _page(request, viewer, lang, error=error)
    return _back(lang)


@router.post("/research/sign-out", response_class=HTMLResponse)
async def sign_out_by_form(request: Request, lang: Language = "en") -> Response:
    """End this session with the page's button."""
    viewer, _ = await form_of(request)
    async with transaction(request.app.state.database) as session:
        await sign_out(session, viewer=viewer)
    response = _back(lang)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


@router.get("/static/research.css", include_in_schema=False)
async def style() -> Response:
    """The style of the research page."""
    return Response(
        STYLE, media_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=300"}
    )


async def _ask(request: Request, viewer: Viewer, asked: RunAsked) -> ExportRun:
    state = request.app.state
    period = parse_period(asked.period)
    async with transaction(state.database) as session:
        return await runs.request_run(
            session,
            state.content.codebook,
            staff_id=viewer.staff_id,
            role=viewer.role,
            purpose=asked.purpose,
            topic=asked.topic,
            period=period,
            sample=asked.sample,
            seed=asked.seed,
        )


async def _step(request: Request, viewer: Viewer, run_id: UUID, step: Step) -> ExportRun:
    state = request.app.state
    staff_id, role = viewer.staff_id, viewer.role
    if step is Step.APPROVE:
        async with transaction(state.database) as session:
            return await runs.approve_run(session, run_id=run_id, staff_id=staff_id, role=role)
    if step is Step.BUILD:
        async with transaction(state.database) as session:
            run = await runs.ask_build(session, run_id=run_id, staff_id=staff_id, role=role)
        state.builds.asked.set()
        return run
    follow = runs.release_run if step is Step.RELEASE else runs.withdraw_run
    return await follow(state.database, state.settings, run_id=run_id, staff_id=staff_id, role=role)


async def _page(
    request: Request,
    viewer: Viewer,
    language: Language,
    *,
    error: AppError | None = None,
    typed: Mapping[str, str] | None = None,
    runs_after: UUID | None = None,
    quotes_after: UUID | None = None,
) -> HTMLResponse:
    """The research page, with an error and what had been typed where there was one."""
    state = request.app.state
    found: list[ExportRun] = []
    quotable: list[ExportRun] = []
    names: dict[UUID, str] = {}
    recall: dict[UUID, int] = {}
    quotes: Sequence[Standing] = ()
    if viewer.role in SEES:
        async with reading(state.database) as session:
            found = await queries.runs_page(session, after=runs_after)
            quotable = await queries.quotable_runs(session, viewer.staff_id, now=clock.now())
            shown = [run.id for run in found[: queries.PAGE]]
            recall = {run.id: count for run, count in await queries.to_recall(session, among=shown)}
            names = {staff.id: staff.name for staff in await accounts.all_staff(session)}
            quotes = await quoted.of_researcher(session, viewer.staff_id, after=quotes_after)
    page = research_page(
        state.content,
        language,
        viewer=viewer,
        csrf=csrf_of(request),
        runs=found,
        quotable=quotable,
        runs_after=runs_after,
        names=names,
        recall=recall,
        quotes=quotes,
        error=error,
        typed=typed,
    )
    return HTMLResponse(
        page, status_code=error.status if error else 200, headers={"Cache-Control": "no-store"}
    )


async def form_of(request: Request) -> tuple[Viewer, dict[str, str]]:
    """Who sent a form of this page, and its fields; a form sends no header, so a field holds the token."""
    require_own_origin(request)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES:
            raise BadRequest("This form is too long.", next_step="Shorten it and send it again.", status=413)
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    async with reading(request.app.state.database) as session:
        found = await accounts.live_session(session, request.cookies.get(COOKIE, ""))
    if found is None:
        raise Unauthorized("You are not signed in.", next_step="Sign in and try again.")
    if not hmac.compare_digest(fields.get("csrf", "").encode(), csrf_of(request).encode()):
        raise Forbidden("The page is out of date.", next_step="Reload the page and try again.")
    return accounts.viewer_of(*found), fields


def _number(field: str) -> int | None:
    """The number in a form's field; None where it is left empty."""
    if not field.strip():
        return None
    if not field.strip().isdecimal() or len(field) > 9:
        raise BadRequest("That is not a number.", next_step="Write digits alone, or leave it empty.")
    return int(field)


def _id(field: str) -> UUID:
    try:
        return UUID(field.strip())
    except ValueError:
        raise BadRequest(
            "That is no conversation of an export.", next_step="Copy it from the column “conversation”."
        ) from None


def csrf_of(request: Request) -> str:
    return csrf_token(request.cookies.get(COOKIE, ""), secret=request.app.state.settings.server_secret)


def _back(language: Language) -> RedirectResponse:
    return RedirectResponse("/research?lang=cy" if language == "cy" else "/research", status_code=303)


def _wire(run: ExportRun) -> dict[str, object]:
    moments = ("requested_at", "approved_at", "built_at", "released_at", "expires_at", "withdrawn_at")
    return {
        "id": str(run.id),
        "state": run.state,
        "topic": run.topic,
        "period": run.period,
        "first_month": f"{run.first_month:%Y-%m}",
        "last_month": f"{run.last_month:%Y-%m}",
        "purpose": run.purpose,
        "sample": run.sample,
        "seed": run.seed,
        "done": run.done,
        "found": run.found,
        "failure": run.failure,
        "requested_by": str(run.requested_by),
        "approved_by": str(run.approved_by) if run.approved_by else None,
        **{name: clock.wire(at) if (at := getattr(run, name)) else None for name in moments},
        "manifest": run.manifest,
    }
