"""The advice pages, the directory, and the content as JSON. No cookie is read or set here."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app import clock
from app.content import pages
from app.content.actions import count_use
from app.content.publishing import published
from app.content.rules import Content, Language
from app.db import DATABASE_ERRORS, Database, transaction

logger = structlog.get_logger(__name__)
router = APIRouter()
STYLE = (Path(__file__).parent / "pages.css").read_bytes()
ASKED_LENGTH = 200
FIVE_MINUTES = "public, max-age=300"


@router.get("/advice", response_class=HTMLResponse)
async def advice(
    request: Request,
    q: Annotated[str, Query(max_length=ASKED_LENGTH)] = "",
    topic: Annotated[str, Query(max_length=ASKED_LENGTH)] = "",
    lang: str = "en",
) -> HTMLResponse:
    """List the articles, all or those that fit."""
    return HTMLResponse(pages.advice_page(_content(request), _language(lang), asked=q, topic=topic))


@router.get("/advice/{slug}", response_class=HTMLResponse)
async def article(request: Request, slug: str, lang: str = "en") -> HTMLResponse:
    """Show an article and count its use."""
    content, language = _content(request), _language(lang)
    for known in content.articles:
        if known.slug == slug:
            page = pages.article_page(content, language, known)
            database: Database = request.app.state.database
            today = clock.now().astimezone(ZoneInfo(content.hours.time_zone)).date()
            try:
                async with transaction(database) as session:
                    await count_use(session, slug=slug, language=language, day=today)
            except DATABASE_ERRORS as error:  # advice is there even when nothing else is
                logger.warning("use.not_counted", kind=type(error).__name__)
            return HTMLResponse(page)
    return HTMLResponse(pages.not_found_page(content, language), status_code=404)


@router.get("/directory", response_class=HTMLResponse)
async def directory(request: Request, lang: str = "en") -> HTMLResponse:
    """List the services that can help."""
    return HTMLResponse(pages.directory_page(_content(request), _language(lang)))


@router.get("/static/pages.css", include_in_schema=False)
async def style(request: Request) -> Response:
    """The style of every page that the server makes."""
    return _cached(request, STYLE, media_type="text/css; charset=utf-8")


@router.get("/strings/{language}.json")
async def strings(
    request: Request, language: Language, part: Annotated[tuple[str, ...], Query(max_length=20)] = ()
) -> Response:
    """The interface's strings by key; `part` names the first words of the keys wanted (all without it)."""
    chosen = _content(request).interface.subset(part, language)
    return _cached(request, msgspec.json.encode(chosen), media_type="application/json")


@router.get("/api/v1/content/{language}.json")
async def content_in(request: Request, language: Language) -> Response:
    """Topics, child facts, notices, consent, emergency numbers, articles, services, ready replies."""
    body = msgspec.json.encode(published(_content(request), language))
    return _cached(request, body, media_type="application/json")


def _content(request: Request) -> Content:
    content: Content = request.app.state.content
    return content


def _language(asked: str) -> Language:
    return "cy" if asked == "cy" else "en"


def _cached(request: Request, body: bytes, *, media_type: str) -> Response:
    """The body with a fingerprint, packed for slow lines, or 304 to a browser that holds it already."""
    headers = {
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Cache-Control": FIVE_MINUTES,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = _packed(body)
    return Response(body, media_type=media_type, headers=headers)


@lru_cache(maxsize=32)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
