"""The only writers of accounts.

Passwords arrive here hashed: hashing is slow, and a transaction waits for nobody. Secrets (tokens, links,
codes) are returned once and kept only in their one-way form.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts import queries
from app.accounts.locks import lock_parents
from app.accounts.models import (
    Consent,
    FirstSignIn,
    ParentToken,
    ReturnCode,
    Role,
    SocketPass,
    Staff,
    StaffSession,
)
from app.accounts.rules import (
    FIRST_SIGN_IN,
    Viewer,
    email_fault,
    languages_fault,
    tidy_email,
    tidy_languages,
)
from app.accounts.tokens import code_mac, new_code, new_token, token_hash
from app.db import record
from app.errors import BadRequest, Conflict, NotFound, Unauthorized
from app.events import ParentRevoked, StaffSignedOut

OPERATOR = "operator"  # whoever runs the command line


async def add_staff(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    role: str,
    languages: str = "en",
    capacity: int = 3,
    skills: Collection[str] = (),
    sees_again: bool = True,
    actor: str = OPERATOR,
) -> tuple[Staff, str]:
    """A new member of staff and the one-time token of their first sign-in, good for seven days.

    `languages` is comma-separated, in order of preference. `skills` are codes of top-level topics, known to
    the caller to exist.
    """
    address, spoken = tidy_email(email), tidy_languages(languages)
    if fault := email_fault(address) or languages_fault(spoken):
        raise BadRequest(fault, next_step="Correct it and try again.")
    if role not in set(Role):
        raise BadRequest("There is no such role.", next_step=f"Choose one of: {', '.join(Role)}.")
    if not name.strip() or not 1 <= capacity <= 10:
        raise BadRequest(
            "A member of staff has a name, and a capacity from 1 to 10.",
            next_step="Correct it and try again.",
        )
    if await queries.staff_by_email(session, address) is not None:
        raise Conflict(
            "Somebody with this address is there already.", next_step="Use `earshot staff list` to find them."
        )
    staff = Staff(
        email=address,
        name=" ".join(name.split()),
        role=Role(role).value,
        languages=",".join(spoken),
        capacity=capacity,
        skills=",".join(sorted(skills)) or None,
        sees_again=sees_again,
        created_at=clock.now(),
    )
    session.add(staff)
    await session.flush()
    audit.note(session, actor=actor, action="staff.added", subject=f"staff:{staff.id}", role=staff.role)
    return staff, await issue_first_sign_in(session, staff_id=staff.id, actor=actor)


async def issue_first_sign_in(session: AsyncSession, *, staff_id: UUID, actor: str = OPERATOR) -> str:
    """A one-time token with which to set a first or a forgotten password; earlier ones stop working."""
    staff = await session.get(Staff, staff_id)
    if staff is None or staff.disabled_at is not None:
        raise NotFound("There is no such member of staff.", next_step="Check the address.")
    await _drop_links(session, staff_id)
    token = new_token()
    session.add(
        FirstSignIn(token_hash=token_hash(token), staff_id=staff_id, expires_at=clock.now() + FIRST_SIGN_IN)
    )
    await session.flush()
    audit.note(session, actor=actor, action="first_sign_in.issued", subject=f"staff:{staff_id}")
    return token


async def first_sign_in(session: AsyncSession, *, token: str, password_hash: str) -> tuple[Viewer, str]:
    """Use up a one-time link: the password is set, other sessions end; the viewer and a session token."""
    now = clock.now()
    staff_id = await session.scalar(
        update(FirstSignIn)
        .where(
            col(FirstSignIn.token_hash) == token_hash(token),
            col(FirstSignIn.used_at).is_(None),
            col(FirstSignIn.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(FirstSignIn.staff_id))
    )
    staff = await session.get(Staff, staff_id) if staff_id else None
    if staff is None or staff.disabled_at is not None:
        raise link_refused()
    await set_password(session, staff_id=staff.id, password_hash=password_hash, actor=_actor(staff))
    return await _open_session(session, staff)


async def sign_in(
    session: AsyncSession, *, staff_id: UUID, verified_hash: str, instead_of: str | None = None
) -> tuple[Viewer, str]:
    """The viewer and a session token, for somebody whose password was found to match `verified_hash`.

    The session of the token `instead_of`, which the same browser showed, ends.
    """
    staff = await session.scalar(
        select(Staff).where(
            col(Staff.id) == staff_id,
            col(Staff.password_hash) == verified_hash,  # it may have changed while it was being verified
            col(Staff.disabled_at).is_(None),
        )
    )
    if staff is None:
        raise sign_in_refused()
    if instead_of and (former := await queries.live_session(session, instead_of)):
        await _end_sessions(session, former[1].id, only=former[0].id)
    return await _open_session(session, staff)


async def sign_out(session: AsyncSession, *, viewer: Viewer) -> None:
    """End the viewer's session; its sockets close."""
    await _end_sessions(session, viewer.staff_id, only=viewer.session_id)
    audit.note(session, actor=viewer.actor, action="staff.signed_out", subject=f"staff:{viewer.staff_id}")


async def change_password(
    session: AsyncSession, *, viewer: Viewer, verified_hash: str, password_hash: str
) -> None:
    """Replace the viewer's own password, whose old one was found to match; every other session ends."""
    staff = await session.get(Staff, viewer.staff_id)
    if staff is None or staff.password_hash != verified_hash:
        raise Conflict("Your password has changed meanwhile.", next_step="Sign in again.")
    await set_password(
        session,
        staff_id=viewer.staff_id,
        password_hash=password_hash,
        keep=viewer.session_id,
        actor=viewer.actor,
    )


async def set_password(
    session: AsyncSession,
    *,
    staff_id: UUID,
    password_hash: str,
    keep: UUID | None = None,
    actor: str = OPERATOR,
) -> None:
    """Set a password and end every session of that person but `keep`; open one-time links stop working."""
    found = await session.scalar(
        update(Staff)
        .where(col(Staff.id) == staff_id, col(Staff.disabled_at).is_(None))
        .values(password_hash=password_hash)
        .returning(col(Staff.id))
    )
    if found is None:
        raise NotFound("There is no such member of staff.", next_step="Check the address.")
    await _drop_links(session, staff_id)
    await _end_sessions(session, staff_id, keep=keep)
    audit.note(session, actor=actor, action="password.set", subject=f"staff:{staff_id}")


async def disable_staff(session: AsyncSession, *, staff_id: UUID, actor: str = OPERATOR) -> None:
    """Shut somebody out at once: sessions, sockets, one-time links. Done twice it changes nothing more."""
    found = await session.scalar(
        update(Staff)
        .where(col(Staff.id) == staff_id, col(Staff.disabled_at).is_(None))
        .values(disabled_at=clock.now())
        .returning(col(Staff.id))
    )
    if found is None:
        if await session.get(Staff, staff_id) is None:
            raise NotFound("There is no such member of staff.", next_step="Check the address.")
        return
    await _drop_links(session, staff_id)
    await _end_sessions(session, staff_id)
    audit.note(session, actor=actor, action="staff.disabled", subject=f"staff:{staff_id}")


async def note_seen(session: AsyncSession, *, sessions: Collection[UUID]) -> None:
    """Remember that these sessions are in use, which puts off their idle end."""
    await session.execute(
        update(StaffSession).where(col(StaffSession.id).in_(sessions)).values(seen_at=clock.now())
    )


async def issue_socket_pass(session: AsyncSession, *, session_id: UUID, seconds: float) -> str:
    """A token with which this session may open one socket within so many seconds."""
    now, token = clock.now(), new_token()
    await session.execute(delete(SocketPass).where(col(SocketPass.expires_at) <= now))
    session.add(
        SocketPass(
            pass_hash=token_hash(token), session_id=session_id, expires_at=now + timedelta(seconds=seconds)
        )
    )
    await session.flush()
    return token


async def use_socket_pass(session: AsyncSession, token: str) -> Viewer | None:
    """Use up a socket pass: whose it is; None where it is spent, late, unknown, or its session has ended."""
    used = (
        await session.execute(
            delete(SocketPass)
            .where(col(SocketPass.pass_hash) == token_hash(token))
            .returning(col(SocketPass.session_id), col(SocketPass.expires_at))
        )
    ).one_or_none()
    if used is None or used.expires_at <= clock.now():
        return None
    return await queries.viewer_for_session(session, used.session_id)


async def issue_parent_token(session: AsyncSession, *, conversation_id: UUID) -> str:
    """A further token that opens the conversation as its parent; earlier ones stay good."""
    token = new_token()
    session.add(
        ParentToken(token_hash=token_hash(token), conversation_id=conversation_id, created_at=clock.now())
    )
    await session.flush()
    return token


async def revoke_parent_tokens(session: AsyncSession, *, conversation_id: UUID, actor: str) -> None:
    """No token given out so far opens the conversation any more; a return code still does."""
    await session.execute(
        update(ParentToken)
        .where(col(ParentToken.conversation_id) == conversation_id, col(ParentToken.revoked_at).is_(None))
        .values(revoked_at=clock.now())
    )
    record(session, ParentRevoked(conversation=conversation_id))
    audit.note(
        session, actor=actor, action="parent_tokens.revoked", subject=f"conversation:{conversation_id}"
    )


async def make_return_code(session: AsyncSession, *, conversation_id: UUID, secret: bytes) -> str:
    """Four short words that resume the conversation from now on, instead of any earlier ones."""
    await lock_parents(session, [conversation_id])
    await session.execute(delete(ReturnCode).where(col(ReturnCode.conversation_id) == conversation_id))
    code = new_code()
    while await queries.conversation_for_code(session, code, secret=secret) is not None:
        code = new_code()
    session.add(
        ReturnCode(
            code_mac=code_mac(code, secret=secret), conversation_id=conversation_id, created_at=clock.now()
        )
    )
    await session.flush()
    audit.note(
        session,
        actor=f"parent:{conversation_id}",
        action="return_code.made",
        subject=f"conversation:{conversation_id}",
    )
    return code


async def resume_with_code(session: AsyncSession, *, code: str, secret: bytes) -> tuple[UUID, str] | None:
    """The conversation that a return code resumes and a fresh token for it, or None for a wrong code."""
    conversation_id = await queries.conversation_for_code(session, code, secret=secret)
    if conversation_id is None:
        return None
    audit.note(
        session,
        actor=f"parent:{conversation_id}",
        action="return_code.used",
        subject=f"conversation:{conversation_id}",
    )
    return conversation_id, await issue_parent_token(session, conversation_id=conversation_id)


async def give_consent(session: AsyncSession, *, conversation_id: UUID, wording_version: str) -> Consent:
    """Consent to research use, to this wording. Given again unchanged, it keeps its first moment."""
    await lock_parents(session, [conversation_id])
    consent = await queries.research_consent(session, conversation_id)
    if consent is not None and consent.withdrawn_at is None and consent.wording_version == wording_version:
        return consent
    if consent is None:
        consent = Consent(
            conversation_id=conversation_id,
            purpose="research",
            wording_version=wording_version,
            given_at=clock.now(),
        )
    else:
        consent.wording_version, consent.given_at, consent.withdrawn_at = wording_version, clock.now(), None
    session.add(consent)
    await session.flush()
    _note_consent(session, consent, "consent.given")
    return consent


async def withdraw_consent(session: AsyncSession, *, conversation_id: UUID) -> Consent | None:
    """Withdraw consent to research use; what was never given or is withdrawn already stays as it is."""
    await lock_parents(session, [conversation_id])
    consent = await queries.research_consent(session, conversation_id)
    if consent is None or consent.withdrawn_at is not None:
        return consent
    consent.withdrawn_at = clock.now()
    await session.flush()
    _note_consent(session, consent, "consent.withdrawn")
    return consent


def sign_in_refused() -> Unauthorized:
    """One answer for every failed sign-in: it must not tell which addresses exist."""
    return Unauthorized(
        "The email address or the password is wrong.",
        next_step="Check both and try again, or ask a manager for a new sign-in link.",
    )


def link_refused() -> Unauthorized:
    """One answer for a link that is used, late or unknown."""
    return Unauthorized(
        "This sign-in link does not work any more.", next_step="Ask a manager for a new sign-in link."
    )


async def _open_session(session: AsyncSession, staff: Staff) -> tuple[Viewer, str]:
    now, token = clock.now(), new_token()
    opened = StaffSession(staff_id=staff.id, token_hash=token_hash(token), created_at=now, seen_at=now)
    session.add(opened)
    await session.flush()
    audit.note(session, actor=_actor(staff), action="staff.signed_in", subject=f"staff:{staff.id}")
    return queries.viewer_of(opened, staff), token


async def _end_sessions(
    session: AsyncSession, staff_id: UUID, *, only: UUID | None = None, keep: UUID | None = None
) -> None:
    chosen = update(StaffSession).where(
        col(StaffSession.staff_id) == staff_id, col(StaffSession.ended_at).is_(None)
    )
    if only is not None:
        chosen = chosen.where(col(StaffSession.id) == only)
    if keep is not None:
        chosen = chosen.where(col(StaffSession.id) != keep)
    ended = list(await session.scalars(chosen.values(ended_at=clock.now()).returning(col(StaffSession.id))))
    await session.execute(delete(SocketPass).where(col(SocketPass.session_id).in_(ended)))
    for session_id in ended:
        record(session, StaffSignedOut(staff=staff_id, session=session_id))


async def _drop_links(session: AsyncSession, staff_id: UUID) -> None:
    await session.execute(
        delete(FirstSignIn).where(col(FirstSignIn.staff_id) == staff_id, col(FirstSignIn.used_at).is_(None))
    )


def _note_consent(session: AsyncSession, consent: Consent, action: str) -> None:
    audit.note(
        session,
        actor=f"parent:{consent.conversation_id}",
        action=action,
        subject=f"conversation:{consent.conversation_id}",
        wording_version=consent.wording_version,
    )


def _actor(staff: Staff) -> str:
    return f"{staff.role}:{staff.id}"
