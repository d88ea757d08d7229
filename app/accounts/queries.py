"""What is read of accounts; nothing here writes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.models import (
    Consent,
    FirstSignIn,
    ParentToken,
    ReturnCode,
    SocketPass,
    Staff,
    StaffSession,
)
from app.accounts.rules import Viewer, email_fault, session_lives, tidy_code, tidy_email
from app.accounts.tokens import code_mac, token_hash


async def all_staff(session: AsyncSession) -> list[Staff]:
    """Everybody, the disabled too, by name."""
    return list(await session.scalars(select(Staff).order_by(col(Staff.name), col(Staff.email))))


async def staff_by_email(session: AsyncSession, email: str) -> Staff | None:
    """The member of staff with this address, however it is written; the disabled too."""
    address = tidy_email(email)
    if email_fault(address):  # nobody's, and PostgreSQL cannot even be asked for one with a NUL in it
        return None
    return await session.scalar(select(Staff).where(col(Staff.email) == address))


async def live_session(session: AsyncSession, token: str) -> tuple[StaffSession, Staff] | None:
    """The live session that this cookie opens, and whose it is."""
    found = await _live(session, col(StaffSession.token_hash) == token_hash(token))
    return found[0] if found else None


async def viewer_for_session(session: AsyncSession, session_id: UUID) -> Viewer | None:
    """The viewer of a session that is still live, or None."""
    found = await _live(session, col(StaffSession.id) == session_id)
    return viewer_of(*found[0]) if found else None


async def live_among(session: AsyncSession, sessions: Collection[UUID]) -> set[UUID]:
    """Which of these sessions are still live: for sockets, which outlive the request."""
    return {found.id for found, _ in await _live(session, col(StaffSession.id).in_(sessions))}


def viewer_of(staff_session: StaffSession, staff: Staff) -> Viewer:
    """The plain value that says who is asking."""
    return Viewer(staff_id=staff.id, session_id=staff_session.id, role=staff.role, name=staff.name)


async def staff_for_first_sign_in(session: AsyncSession, token: str) -> Staff | None:
    """Whose one-time link this is, while it is good."""
    return await session.scalar(
        select(Staff)
        .join(FirstSignIn, col(FirstSignIn.staff_id) == col(Staff.id))
        .where(
            col(FirstSignIn.token_hash) == token_hash(token),
            col(FirstSignIn.used_at).is_(None),
            col(FirstSignIn.expires_at) > clock.now(),
            col(Staff.disabled_at).is_(None),
        )
    )


async def conversation_for_token(session: AsyncSession, token: str) -> UUID | None:
    """The conversation that a parent's live token opens."""
    return await session.scalar(
        select(col(ParentToken.conversation_id)).where(
            col(ParentToken.token_hash) == token_hash(token), col(ParentToken.revoked_at).is_(None)
        )
    )


async def pass_is_good(session: AsyncSession, token: str) -> bool:
    """Whether this is a socket pass that nobody has used yet: guesses cost no write."""
    found = await session.scalar(
        select(col(SocketPass.expires_at)).where(col(SocketPass.pass_hash) == token_hash(token))
    )
    return found is not None and found > clock.now()


async def tokens_among(session: AsyncSession, hashes: Collection[bytes]) -> set[bytes]:
    """Which of these parents' tokens, by their hashes, still open something: for sockets, as above."""
    asked, live = list(hashes), set[bytes]()
    for start in range(0, len(asked), 1000):
        live.update(
            await session.scalars(
                select(col(ParentToken.token_hash)).where(
                    col(ParentToken.token_hash).in_(asked[start : start + 1000]),
                    col(ParentToken.revoked_at).is_(None),
                )
            )
        )
    return live


async def conversation_for_code(session: AsyncSession, code: str, *, secret: bytes) -> UUID | None:
    """The conversation that a return code resumes, however the code is written."""
    tidied = tidy_code(code)
    if tidied is None:
        return None
    return await session.scalar(
        select(col(ReturnCode.conversation_id)).where(
            col(ReturnCode.code_mac) == code_mac(tidied, secret=secret)
        )
    )


async def research_consent(session: AsyncSession, conversation_id: UUID) -> Consent | None:
    """What the parent last said about research use; None where nothing was ever given."""
    return await session.get(Consent, (conversation_id, "research"))


async def _live(session: AsyncSession, chosen: ColumnElement[bool]) -> list[tuple[StaffSession, Staff]]:
    rows = await session.execute(
        select(StaffSession, Staff)
        .join(Staff, col(Staff.id) == col(StaffSession.staff_id))
        .where(chosen, col(Staff.disabled_at).is_(None))
    )
    now = clock.now()
    return [
        (found, staff)
        for found, staff in rows
        if session_lives(created_at=found.created_at, seen_at=found.seen_at, ended_at=found.ended_at, now=now)
    ]
