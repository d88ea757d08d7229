"""How errors are answered over HTTP, how long a request may be, and the headers that every answer carries."""

from html import escape

import structlog
from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import DATABASE_ERRORS
from app.errors import AppError, BadRequest

logger = structlog.get_logger(__name__)

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types lit-html; "
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{message} Earshot</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/pages.css"></head>
<body><main class="wide"><h1>{message}</h1><p>{next_step}</p></main></body></html>
"""


def answer_errors(app: FastAPI) -> None:
    """Answer every error in the same three parts: what happened, what to do, and a code."""
    app.add_exception_handler(AppError, _say_error)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    app.add_exception_handler(HTTPException, _say_nothing_there)
    app.add_exception_handler(UnicodeEncodeError, _say_no_text)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _say_unreachable)


async def _say_error(request: Request, error: Exception) -> Response:
    """In JSON, and as a page where somebody's browser asked for one."""
    assert isinstance(error, AppError)
    body: dict[str, object] = {
        "code": error.code,
        "message": error.message,
        "next_step": error.next_step,
    }
    headers = {}
    if error.retry_ms is not None:
        body["retry_ms"] = error.retry_ms
        headers["Retry-After"] = str(-(-error.retry_ms // 1000))
    if "text/html" in request.headers.get("accept", ""):
        message, next_step = escape(error.message), escape(error.next_step)
        page = PAGE.format(message=message, next_step=next_step)
        return HTMLResponse(page, status_code=error.status, headers=headers)
    return JSONResponse(body, status_code=error.status, headers=headers)


async def _say_invalid(request: Request, error: Exception) -> Response:
    """Name the fields and what is wrong with them; never what was written in them."""
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'the request'}: {fault['msg']}"
        for fault in error.errors()
    )
    refused = BadRequest(
        f"That request is not right: {faults}.", next_step="Mend the named fields and send it again."
    )
    return await _say_error(request, refused)


async def _say_nothing_there(request: Request, error: Exception) -> Response:
    """An address that nothing stands at, or that does not take this method."""
    assert isinstance(error, HTTPException)
    refused = AppError(
        "There is nothing at this address, or it takes no such request.",
        next_step="Check the address.",
        code="not_found" if error.status_code == status.HTTP_404_NOT_FOUND else "bad_request",
        status=error.status_code,
    )
    answer = await _say_error(request, refused)
    answer.headers.update(error.headers or {})
    return answer


async def _say_no_text(request: Request, _: Exception) -> Response:
    """JSON can spell half of a surrogate pair, which is no text: nothing stores, hashes or compares it."""
    refused = BadRequest("That holds characters that cannot be read.", next_step="Write it again.")
    return await _say_error(request, refused)


async def _say_unreachable(request: Request, error: Exception) -> Response:
    """The database is away. Its own words and a traceback may quote what somebody wrote: none is logged."""
    route = request.scope.get("route")
    logger.error("request.failed", kind=type(error).__name__, path=getattr(route, "path", ""))
    away = AppError(
        "Earshot cannot do that just now.", next_step="Try again in a moment.", status=503, retry_ms=1000
    )
    return await _say_error(request, away)


class BoundedBodies:
    """Refuses a request that is longer than any that is asked for, instead of holding it in memory."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_long = BadRequest(
            "That request is too long.", next_step="Shorten it.", code="too_large", status=413
        )
        request, taken = Request(scope), 0
        announced = request.headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > self._most:
            await (await _say_error(request, too_long))(scope, receive, send)
            return

        async def receive_bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))  # where no length was announced
            if taken > self._most:
                raise too_long
            return message

        await self._app(scope, receive_bounded, send)


class StrictHeaders:
    """Puts the security headers on every response; only `/embed` may stand in a frame, on the named sites."""

    def __init__(self, app: ASGIApp, *, sites: tuple[str, ...]) -> None:
        self._app = app
        self._sites = " ".join(("'self'", *sites))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ancestors = self._sites if scope["path"] == "/embed" else "'none'"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", f"{STRICT}frame-ancestors {ancestors}")
                headers["X-Content-Type-Options"] = "nosniff"
                # Other sites learn nothing; under no-referrer our own forms would have no origin.
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                kept = "public, max-age=300" if scope["path"].startswith("/static/") else "no-store"
                headers.setdefault("Cache-Control", kept)
            await send(message)

        await self._app(scope, receive, send_with_headers)
