"""Staff for a rehearsal: added in the database, signed in over HTTP as everybody is, disabled at its end."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx

from app.accounts.access import COOKIE
from app.accounts.actions import add_staff, disable_staff, set_password
from app.accounts.models import Role
from app.accounts.passwords import hash_password
from app.db import Database, transaction
from app.rehearsal.asking import ask

SIGN_INS_AT_ONCE = 4
NAMES = ("Ash", "Bryn", "Cerys", "Dev", "Eira", "Femi", "Gwen", "Hana", "Idris", "Jo", "Kit", "Lowri")


@dataclass(frozen=True, slots=True)
class Hired:
    """A rehearsed member of staff; `socket_pass` gets a fresh pass for each socket."""

    staff_id: UUID
    role: Role
    socket_pass: Callable[[], Awaitable[str]]


def lead_of(staff: Sequence[Hired]) -> UUID:
    """The supervisor among them."""
    return next(person.staff_id for person in staff if person.role == Role.SUPERVISOR)


@asynccontextmanager
async def hired_staff(
    database: Database,
    http: httpx.AsyncClient,
    url: str,
    *,
    coaches: int,
    capacity: int,
    signed_in: Callable[[], None],
) -> AsyncIterator[list[Hired]]:
    """So many coaches and one supervisor, signed in; `signed_in` is called after each."""
    run = secrets.token_hex(3)
    password = secrets.token_urlsafe(24)
    password_hash = await hash_password(password)  # one for all: argon2 is slow by design
    people = [(Role.SUPERVISOR, "Sam", f"supervisor-{run}@example.org")]
    for number in range(1, coaches + 1):
        name = NAMES[(number - 1) % len(NAMES)]
        people.append((Role.COACH, name, f"coach-{number}-{run}@example.org"))
    added: list[tuple[UUID, Role, str]] = []
    async with transaction(database) as session:
        for role, name, email in people:
            staff, _ = await add_staff(
                session,
                email=email,
                name=f"{name} (rehearsed)",
                role=role,
                languages="en,cy",
                capacity=capacity,
            )
            await set_password(session, staff_id=staff.id, password_hash=password_hash)
            added.append((staff.id, role, email))
    at_once = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def enter(staff_id: UUID, role: Role, email: str) -> Hired:
        async with at_once:
            hired = Hired(staff_id, role, await sign_in(http, url, email=email, password=password))
        signed_in()
        return hired

    try:
        yield list(await asyncio.gather(*(enter(*person) for person in added)))
    finally:
        await _dismiss(database, [staff_id for staff_id, _, _ in added])


async def sign_in(
    http: httpx.AsyncClient, url: str, *, email: str, password: str
) -> Callable[[], Awaitable[str]]:
    """Sign in over HTTP; what gets a socket pass for this session, as often as it is called."""
    answer, headers = await ask(
        http, f"{url}/api/v1/staff/sign-in", {"email": email, "password": password}, headers={"Origin": url}
    )
    cookie = headers["set-cookie"].partition(";")[0]  # Secure: a jar would not send it over plain HTTP
    assert cookie.startswith(f"{COOKIE}=")
    shown = {"Cookie": cookie, "X-CSRF-Token": answer["csrf"], "Origin": url}

    async def socket_pass() -> str:
        told, _ = await ask(http, f"{url}/api/v1/staff/socket-pass", {}, headers=shown)
        token: str = told["token"]
        return token

    return socket_pass


async def _dismiss(database: Database, staff: Sequence[UUID]) -> None:
    async with transaction(database) as session:
        for staff_id in staff:
            await disable_staff(session, staff_id=staff_id)
