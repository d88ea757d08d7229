"""HTTP of accounts: staff sign in and out; parents make and use return codes, give and withdraw consent."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from app import clock
from app.accounts import actions, queries
from app.accounts.access import (
    COOKIE,
    conversation_of_code,
    parent_of,
    require_own_origin,
    signed_in,
)
from app.accounts.limits import check
from app.accounts.models import Consent, Staff
from app.accounts.passwords import hash_password, password_matches
from app.accounts.rules import PASSWORD_MOST, Viewer, password_fault
from app.accounts.tokens import csrf_token
from app.db import reading, transaction
from app.errors import BadRequest, Conflict, NotFound, Unauthorized

Password = Annotated[SecretStr, Field(max_length=PASSWORD_MOST)]
Token = Annotated[SecretStr, Field(max_length=100)]


router = APIRouter(prefix="/api/v1")


class Asked(BaseModel):
    """A request's body: what is not foreseen is refused."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Asked):
    email: Annotated[str, StringConstraints(max_length=254)] = Field(repr=False)
    password: Password


class FirstSignInAsked(Asked):
    token: Token
    password: Password


class PasswordChange(Asked):
    old: Password
    new: Password


class CodeAsked(Asked):
    code: Annotated[str, StringConstraints(max_length=120)] = Field(repr=False)


class ConsentAsked(Asked):
    research: bool
    consent_version: Annotated[str, StringConstraints(max_length=80)] | None = None


class Colleague(BaseModel):
    id: UUID
    name: str
    role: str
    email: str
    languages: list[str]


class SignedIn(BaseModel):
    """`csrf` goes into `X-CSRF-Token` with everything that changes something."""

    staff: Colleague
    csrf: str


class SocketPassAnswer(BaseModel):
    """`token` goes into the socket's first frame; it is good once and briefly."""

    token: str


class CodeAnswer(BaseModel):
    code: str


class Resumed(BaseModel):
    conversation: UUID
    token: str


class ConsentAnswer(BaseModel):
    """Whether research use is allowed now, to which wording, and when that was given and withdrawn."""

    research: bool
    consent_version: str | None
    given_at: str | None
    withdrawn_at: str | None


@router.post("/staff/sign-in")
async def sign_in(request: Request, response: Response, asked: SignIn) -> SignedIn:
    """Sign in with email address and password; sets the session's cookie."""
    require_own_origin(request)
    await check(request, "sign in", request.app.state.settings.limits.sign_ins_per_minute)
    database = request.app.state.database
    async with reading(database) as session:
        staff = await queries.staff_by_email(session, asked.email)
    known_hash = staff.password_hash if staff else None
    right = await password_matches(asked.password.get_secret_value(), known_hash)
    if not right or staff is None or known_hash is None:
        raise actions.sign_in_refused()
    async with transaction(database) as session:
        _, token = await actions.sign_in(
            session, staff_id=staff.id, verified_hash=known_hash, instead_of=request.cookies.get(COOKIE)
        )
    _set_cookie(response, token)
    return _signed_in(request, staff, token)


@router.post("/staff/first-sign-in")
async def first_sign_in(request: Request, response: Response, asked: FirstSignInAsked) -> SignedIn:
    """Set a password with a one-time link's token, and be signed in."""
    require_own_origin(request)
    await check(request, "sign in", request.app.state.settings.limits.sign_ins_per_minute)
    database = request.app.state.database
    link, password = asked.token.get_secret_value(), asked.password.get_secret_value()
    async with reading(database) as session:
        staff = await queries.staff_for_first_sign_in(session, link)
    if staff is None:
        raise actions.link_refused()
    _require_good(password, staff)
    password_hash = await hash_password(password)
    async with transaction(database) as session:
        _, token = await actions.first_sign_in(session, token=link, password_hash=password_hash)
    _set_cookie(response, token)
    return _signed_in(request, staff, token)


@router.get("/staff/me")
async def me(request: Request, viewer: Annotated[Viewer, Depends(signed_in)]) -> SignedIn:
    """Who is signed in, and the session's CSRF token for a page that was loaded anew."""
    return _signed_in(request, await _self(request, viewer), request.cookies[COOKIE])


@router.post("/staff/sign-out", status_code=204)
async def sign_out(
    request: Request, response: Response, viewer: Annotated[Viewer, Depends(signed_in)]
) -> None:
    """End this session; its sockets close."""
    async with transaction(request.app.state.database) as session:
        await actions.sign_out(session, viewer=viewer)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.post("/staff/password", status_code=204)
async def change_password(
    request: Request, asked: PasswordChange, viewer: Annotated[Viewer, Depends(signed_in)]
) -> None:
    """Change one's own password; every other session of this person ends."""
    await check(request, "sign in", request.app.state.settings.limits.sign_ins_per_minute)
    staff = await _self(request, viewer)
    known_hash, new = staff.password_hash, asked.new.get_secret_value()
    right = await password_matches(asked.old.get_secret_value(), known_hash)
    if not right or known_hash is None:
        raise BadRequest("The old password is wrong.", next_step="Check it and try again.")
    _require_good(new, staff)
    password_hash = await hash_password(new)
    async with transaction(request.app.state.database) as session:
        await actions.change_password(
            session, viewer=viewer, verified_hash=known_hash, password_hash=password_hash
        )


@router.post("/staff/socket-pass", status_code=201)
async def socket_pass(request: Request, viewer: Annotated[Viewer, Depends(signed_in)]) -> SocketPassAnswer:
    """A pass with which this session may open one socket."""
    async with transaction(request.app.state.database) as session:
        token = await actions.issue_socket_pass(
            session,
            session_id=viewer.session_id,
            seconds=request.app.state.settings.timers.socket_pass,
        )
    return SocketPassAnswer(token=token)


@router.post("/conversations/{id}/return-code", status_code=201)
async def make_return_code(request: Request, conversation: Annotated[UUID, Depends(parent_of)]) -> CodeAnswer:
    """Four short words that resume this conversation; earlier ones stop working."""
    async with transaction(request.app.state.database) as session:
        code = await actions.make_return_code(
            session, conversation_id=conversation, secret=request.app.state.settings.server_secret
        )
    return CodeAnswer(code=code)


@router.post("/return")
async def resume(request: Request, asked: CodeAsked) -> Resumed:
    """Resume a conversation on another device with its return code."""
    await conversation_of_code(request, asked.code)
    async with transaction(request.app.state.database) as session:
        resumed = await actions.resume_with_code(
            session, code=asked.code, secret=request.app.state.settings.server_secret
        )
    if resumed is None:
        raise NotFound("This return code was replaced just now.", next_step="Use the newer one.")
    conversation, token = resumed
    return Resumed(conversation=conversation, token=token)


@router.get("/conversations/{id}/consent")
async def consent(request: Request, conversation: Annotated[UUID, Depends(parent_of)]) -> ConsentAnswer:
    """What the parent said about research use."""
    async with reading(request.app.state.database) as session:
        return _consent_answer(await queries.research_consent(session, conversation))


@router.put("/conversations/{id}/consent")
async def set_consent(
    request: Request, asked: ConsentAsked, conversation: Annotated[UUID, Depends(parent_of)]
) -> ConsentAnswer:
    """Give consent to the present wording, or withdraw it; withdrawing asks for nothing else."""
    if asked.research and asked.consent_version != _present_wording(request):
        raise Conflict(
            "The words about research have changed since you read them.",
            next_step="Reload the page, read them again and then choose.",
        )
    async with transaction(request.app.state.database) as session:
        if asked.research:
            given = await actions.give_consent(
                session, conversation_id=conversation, wording_version=_present_wording(request)
            )
            return _consent_answer(given)
        return _consent_answer(await actions.withdraw_consent(session, conversation_id=conversation))


def _present_wording(request: Request) -> str:
    version: str = request.app.state.content.notices.consent.version
    return version


def _consent_answer(given: Consent | None) -> ConsentAnswer:
    if given is None:
        return ConsentAnswer(research=False, consent_version=None, given_at=None, withdrawn_at=None)
    return ConsentAnswer(
        research=given.withdrawn_at is None,
        consent_version=given.wording_version,
        given_at=clock.wire(given.given_at),
        withdrawn_at=clock.wire(given.withdrawn_at) if given.withdrawn_at else None,
    )


async def _self(request: Request, viewer: Viewer) -> Staff:
    async with reading(request.app.state.database) as session:
        staff = await session.get(Staff, viewer.staff_id)
    if staff is None:
        raise Unauthorized("You are not signed in.", next_step="Sign in and try again.")
    return staff


def _require_good(password: str, staff: Staff) -> None:
    if fault := password_fault(password, email=staff.email, name=staff.name):
        raise BadRequest(fault, next_step="Choose another: three or four unrelated words are good.")


def _set_cookie(response: Response, token: str) -> None:
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def _signed_in(request: Request, staff: Staff, token: str) -> SignedIn:
    colleague = Colleague(
        id=staff.id,
        name=staff.name,
        role=staff.role,
        email=staff.email,
        languages=staff.languages.split(","),
    )
    return SignedIn(staff=colleague, csrf=csrf_token(token, secret=request.app.state.settings.server_secret))
