"""The cast of the tests: always the same invented people, brought in quickly.

Alys is a parent and Carys her coach. Bron is another parent, Dewi another coach. Esther supervises, Farid
researches, Gwen reviews and Huw manages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

import httpx
from fastapi import FastAPI
from pwdlib import PasswordHash

from app.accounts.access import COOKIE
from app.accounts.actions import add_staff, issue_parent_token, set_password, sign_in
from app.accounts.models import Role, Staff
from app.accounts.rules import Viewer
from app.accounts.tokens import csrf_token
from app.chat.actions import create_conversation
from app.chat.rules import ChildFacts, Origin
from app.db import Database, transaction
from app.sealing import KeyRing
from app.settings import Settings

PASSWORD = "seven kettles on a lighthouse"
ORIGIN = "https://testserver"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be hired."""

    name: str
    email: str
    role: Role
    languages: str = "en"
    capacity: int = 3


CARYS = Person("Carys Vane", "carys@example.org", Role.COACH, "cy,en")
DEWI = Person("Dewi Marlow", "dewi@example.org", Role.COACH)
ESTHER = Person("Esther Quill", "esther@example.org", Role.SUPERVISOR)
FARID = Person("Farid Osgood", "farid@example.org", Role.RESEARCHER)
GWEN = Person("Gwen Tallis", "gwen@example.org", Role.REVIEWER)
HUW = Person("Huw Penrose", "huw@example.org", Role.MANAGER)
STAFF = (CARYS, DEWI, ESTHER, FARID, GWEN, HUW)


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent by the conversation and the token that opens it."""

    conversation: UUID
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What the parent's browser sends."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member of staff with a live session."""

    viewer: Viewer
    token: str = field(repr=False)


@cache
def password_hash() -> str:
    """The hash of PASSWORD with the real parameters, made once a run."""
    return PasswordHash.recommended().hash(PASSWORD)


async def hire(database: Database, person: Person) -> Staff:
    """Add the person to the staff, with PASSWORD for a password."""
    async with transaction(database) as session:
        staff, _ = await add_staff(
            session,
            email=person.email,
            name=person.name,
            role=person.role,
            languages=person.languages,
            capacity=person.capacity,
        )
        await set_password(session, staff_id=staff.id, password_hash=password_hash())
    return staff


async def open_session(database: Database, staff: Staff) -> SignedIn:
    """Sign a hired person in without the wait for argon2."""
    async with transaction(database) as session:
        viewer, token = await sign_in(session, staff_id=staff.id, verified_hash=password_hash())
    return SignedIn(viewer=viewer, token=token)


async def hire_and_sign_in(database: Database, person: Person) -> SignedIn:
    """Both at once."""
    return await open_session(database, await hire(database, person))


async def arrive(database: Database, settings: Settings, *, language: str = "en") -> Parent:
    """A parent with a waiting conversation of their own."""
    async with transaction(database) as session:
        conversation = await create_conversation(
            session,
            KeyRing(settings.key_ring),
            start_mac=None,
            origin=Origin.PARENT,
            language=language,
            child=ChildFacts(),
            follows=None,
        )
        token = await issue_parent_token(session, conversation_id=conversation.id)
    return Parent(conversation=conversation.id, token=token)


@asynccontextmanager
async def browser_of(
    app: FastAPI, who: SignedIn | Parent | None = None, *, address: str = "192.0.2.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application as this person's browser; a stranger's without a person."""
    cookies: dict[str, str] = {}
    headers: dict[str, str] = {}
    if isinstance(who, SignedIn):
        cookies[COOKIE] = who.token
        headers["X-CSRF-Token"] = csrf_token(who.token, secret=app.state.settings.server_secret)
    elif isinstance(who, Parent):
        headers = who.headers
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 4711)),
        base_url=ORIGIN,
        cookies=cookies,
        headers=headers,
    ) as client:
        yield client
