"""HTTP for parents: whether the service is open, and starting a conversation."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app import audit, clock
from app.accounts import limits
from app.accounts.access import conversation_of_code, require
from app.accounts.models import Role
from app.accounts.rules import Viewer
from app.chat.rules import ChildFacts, Origin, Stream
from app.chat.writer import refuse_text
from app.content.rules import Content, is_open, next_opening
from app.db import reading, transaction
from app.errors import BadRequest, Conflict, Forbidden
from app.queue.explaining import explain
from app.queue.nuisance import blocked_until, session_mac
from app.queue.starts import Start, first_message_id, start_conversation
from app.safeguarding import detect
from app.settings import Settings

router = APIRouter()

Code = Annotated[str, StringConstraints(max_length=80)]


class Service(BaseModel):
    """Whether coaches are there now, and if not, when they are next (RFC 3339), where that is known."""

    open: bool
    next_opening: str | None


class StartRequest(BaseModel):
    """Everything but `start_id` is optional, and consent is off unless it is given.

    `session` is any id that the browser's tab keeps, by which nuisance from it can be kept out for a time.
    `leave_message` counts only while the service is closed: `first_message` is answered when it opens.
    """

    model_config = ConfigDict(extra="forbid")

    start_id: UUID
    language: Literal["en", "cy"] = "en"
    topic: Code | None = None
    age_band: Code | None = None
    stage: Code | None = None
    send: Code | None = None
    attendance: Code | None = None
    region: Code | None = None
    research_consent: bool = False
    consent_version: Code | None = None
    return_code: Annotated[str, StringConstraints(max_length=120)] | None = Field(default=None, repr=False)
    same_coach: bool = False
    leave_message: bool = False
    session: UUID | None = Field(default=None, repr=False)
    first_message: str | None = Field(default=None, repr=False)
    origin: Literal["parent", "simulated"] = "parent"


class StartResponse(BaseModel):
    """`token` opens the conversation and is shown only here."""

    conversation: UUID
    token: str


@router.get("/api/v1/service")
async def service(request: Request) -> Service:
    """Say whether the service is open."""
    return opening_now(request.app.state.settings, request.app.state.content)


def opening_now(settings: Settings, content: Content) -> Service:
    """Whether a conversation may be started now."""
    if settings.always_open:
        return Service(open=True, next_opening=None)
    now = clock.now()
    if is_open(content.hours, now):
        return Service(open=True, next_opening=None)
    following = next_opening(content.hours, now)
    return Service(open=False, next_opening=clock.wire(following) if following else None)


@router.post("/api/v1/conversations", status_code=201)
async def start(request: Request, response: Response, asked: StartRequest) -> StartResponse:
    """Start a conversation and enter the queue; the same `start_id` again gives the same conversation."""
    settings: Settings = request.app.state.settings
    content: Content = request.app.state.content
    await limits.check(request, "start", per_minute=settings.limits.starts_per_minute)
    opening = opening_now(settings, content)
    if not opening.open and not asked.leave_message:
        raise Conflict(
            f"The chat is closed now. It opens again {_in_words(opening.next_opening)}.",
            next_step="In danger call 999. You can leave a message. Our advice pages are always open.",
            code="blocked",
        )
    start = replace(_checked(settings, content, asked), message=not opening.open)
    if start.message and asked.first_message is None:
        raise BadRequest("There is no message yet.", next_step="Write it first, then leave it here.")
    if asked.return_code:
        follows = await conversation_of_code(request, asked.return_code)
        start = replace(start, follows=follows, same_coach=asked.same_coach)
    await _refuse_blocked(request, start, asked.first_message)
    async with transaction(request.app.state.database) as session:
        started = await start_conversation(
            session,
            request.app.state.key_ring,
            content.codebook,
            secret=settings.server_secret,
            start=start,
        )
    if asked.first_message is not None:
        await request.app.state.writer.posted(
            conversation=started.conversation_id,
            participant=started.participant_id,
            client_message_id=first_message_id(asked.start_id, secret=settings.server_secret),
            body=asked.first_message,
            stream=Stream.CONV,
        )
    if started.repeated:
        response.status_code = 200
    return StartResponse(conversation=started.conversation_id, token=started.token)


async def _refuse_blocked(request: Request, start: Start, first_message: str | None) -> None:
    """Refuse a session that is blocked, unless its first words tell of a risk."""
    async with reading(request.app.state.database) as session:
        until = await blocked_until(session, session_mac=start.session_mac, follows=start.follows)
    if until is None or (first_message and detect(first_message)):
        return
    raise Forbidden(
        f"You cannot start a chat until {_day(until)}, because of what was written before.",
        next_step="In danger call 999. If you or a child are not safe, write that, and a coach reads it.",
        code="blocked",
    )


class Explained(BaseModel):
    """A decision in words. `same` is null where a person chose, else whether the rules still say the same."""

    headline: str
    lines: list[str]
    same: bool | None


@router.get("/api/v1/conversations/{id}/explanation")
async def explanation(
    request: Request,
    id: UUID,  # noqa: A002 (the path's word)
    viewer: Annotated[Viewer, Depends(require(Role.SUPERVISOR))],
    language: Literal["en", "cy"] = "en",
) -> list[Explained]:
    """Why this coach and not another: each decision about a conversation, first to last. No text of it."""
    state = request.app.state
    async with transaction(state.database) as session:
        found = await explain(session, state.content, conversation_id=id, language=language)
        audit.note(session, actor=viewer.actor, action="assignment.explained", subject=f"conversation:{id}")
    return [Explained(headline=each.headline, lines=list(each.lines), same=each.same) for each in found]


def _day(moment: datetime) -> str:
    """As a parent says it, in London's time: `Tuesday 3 March at 9:30`."""
    local = moment.astimezone(clock.LONDON)
    return f"{local:%A} {local.day} {local:%B} at {local.hour}:{local:%M}"


def _in_words(next_opening: str | None) -> str:
    """A moment as a parent says it, in London's time: `on Tuesday 3 March at 9:30`."""
    if next_opening is None:
        return "on a day that we will announce"
    return f"on {_day(datetime.fromisoformat(next_opening))}"


def _checked(settings: Settings, content: Content, asked: StartRequest) -> Start:
    if asked.origin == "simulated" and not settings.development:
        raise Forbidden("Rehearsals run in development only.", next_step="Leave `origin` out.")
    if asked.research_consent and asked.consent_version != content.notices.consent.version:
        raise BadRequest(
            "The consent wording has changed since this page was opened.",
            next_step="Reload the page and read it again; nothing you wrote is lost.",
        )
    if asked.first_message is not None:
        refuse_text(asked.first_message, limit=settings.limits.text_characters)
    codebook = content.codebook
    child = ChildFacts(
        age_band=_code(content, "age_band", asked.age_band),
        stage=_code(content, "stage", asked.stage),
        send=_code(content, "send", asked.send),
        attendance=_code(content, "attendance", asked.attendance),
        region=_code(content, "region", asked.region),
    )
    return Start(
        start_id=asked.start_id,
        language=asked.language,
        topic=codebook.resolve(asked.topic) if asked.topic else None,
        session_mac=session_mac(asked.session, secret=settings.server_secret) if asked.session else None,
        child=child,
        consent_version=asked.consent_version if asked.research_consent else None,
        origin=Origin(asked.origin),
    )


def _code(content: Content, kind: str, asked: str | None) -> str | None:
    return content.codebook.code(kind, asked).id if asked else None
