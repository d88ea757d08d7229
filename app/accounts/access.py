"""Who is asking: the dependencies with which every route of every room opens.

Staff show a `__Host-` cookie and, with everything that changes something, the CSRF token made from it.
Parents show their conversation's token as a bearer. Nobody is told that something exists which is not theirs.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Path, Request
from starlette.requests import HTTPConnection

from app import clock
from app.accounts import actions, queries
from app.accounts.limits import check, uncount
from app.accounts.models import Staff, StaffSession
from app.accounts.rules import SEEN_EVERY, Viewer, tidy_code
from app.accounts.tokens import csrf_token
from app.db import reading, transaction
from app.errors import BadRequest, Forbidden, NotFound, Unauthorized
from app.settings import Settings

__all__ = [
    "COOKIE",
    "Viewer",
    "bearer",
    "bearers_conversation",
    "conversation_of_code",
    "own_origin",
    "parent_of",
    "present",
    "require",
    "require_own_origin",
    "signed_in",
]

COOKIE = "__Host-earshot"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def signed_in(request: Request) -> Viewer:
    """The member of staff whose live session the cookie opens; Unauthorized without one.

    Methods that change something need the session's CSRF token in `X-CSRF-Token` as well: Forbidden without.
    """
    staff_session, staff = await _live_session(request)
    if clock.now() - staff_session.seen_at >= SEEN_EVERY:
        async with transaction(request.app.state.database) as session:
            await actions.note_seen(session, sessions=[staff_session.id])
    return queries.viewer_of(staff_session, staff)


async def present(request: Request) -> Viewer:
    """As `signed_in`, for what a page asks for by itself: that does not put off the session's idle end."""
    return queries.viewer_of(*await _live_session(request))


async def _live_session(request: Request) -> tuple[StaffSession, Staff]:
    token = request.cookies.get(COOKIE, "")
    found = None
    if token:
        async with reading(request.app.state.database) as session:
            found = await queries.live_session(session, token)
    if found is None:
        raise Unauthorized("You are not signed in.", next_step="Sign in and try again.")
    if request.method not in SAFE_METHODS:
        require_own_origin(request)
        _require_csrf(request, token)
    return found


def require(*roles: str) -> Callable[[Viewer], Awaitable[Viewer]]:
    """A dependency: the signed-in viewer, who has one of these roles; Forbidden otherwise."""

    async def with_role(viewer: Annotated[Viewer, Depends(signed_in)]) -> Viewer:
        if viewer.role not in roles:
            raise Forbidden("Your role does not include this.", next_step="Ask a manager if it should.")
        return viewer

    return with_role


async def parent_of(request: Request, conversation: Annotated[UUID, Path(alias="id")]) -> UUID:
    """The conversation of the path's `{id}`, when the bearer token opens it as its parent.

    Unauthorized without a live token; NotFound for any conversation but the token's own.
    """
    if await bearers_conversation(request) != conversation:
        raise NotFound("There is no such conversation.", next_step="Go back to your own conversation.")
    return conversation


async def bearers_conversation(request: Request) -> UUID:
    """The conversation that the bearer token opens as its parent; Unauthorized without a live token."""
    token = bearer(request)
    async with reading(request.app.state.database) as session:
        owned = await queries.conversation_for_token(session, token)
    if owned is None:
        raise _no_parent()
    return owned


def bearer(request: Request) -> str:
    """The bearer token that a request shows, whether it opens anything or not; Unauthorized without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _no_parent()
    return token.strip()


async def conversation_of_code(request: Request, code: str) -> UUID:
    """The conversation that a return code resumes; wrong tries are counted and, past the limits, refused."""
    settings = request.app.state.settings
    await check(request, "return code", settings.limits.return_codes_per_minute)
    await check(request, "return code", settings.limits.return_codes_per_minute_in_all, in_all=True)
    if tidy_code(code) is None:
        raise BadRequest("A return code is four short words.", next_step="Check the words and try again.")
    async with reading(request.app.state.database) as session:
        conversation = await queries.conversation_for_code(session, code, secret=settings.server_secret)
    if conversation is None:
        raise NotFound(
            "We do not know this return code.",
            next_step="Check the four words and try again, or start a new chat.",
        )
    await uncount(request, "return code")
    await uncount(request, "return code", in_all=True)
    return conversation


def require_own_origin(request: HTTPConnection) -> None:
    """Refuse what another site's page had a browser send."""
    if not own_origin(request):
        raise Forbidden("This came from another website.", next_step="Open Earshot itself and try again.")


def own_origin(request: HTTPConnection) -> bool:
    """Whether the `Origin` header is missing, as outside browsers, or names this service."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    settings: Settings = request.app.state.settings
    public = urlsplit(settings.public_url)
    host = request.headers.get("host", "")
    own = [f"{public.scheme}://{public.netloc}", f"https://{host}"]
    if settings.development:
        own.append(f"http://{host}")
    return origin.lower() in [address.lower() for address in own]


def _require_csrf(request: Request, token: str) -> None:
    shown = request.headers.get("x-csrf-token", "")
    right = csrf_token(token, secret=request.app.state.settings.server_secret)
    if not hmac.compare_digest(shown.encode(), right.encode()):
        raise Forbidden("The page is out of date.", next_step="Reload the page and try again.")


def _no_parent() -> Unauthorized:
    return Unauthorized(
        "This chat cannot be opened from here.", next_step="Use your return code, or start a new chat."
    )
