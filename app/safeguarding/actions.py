"""What changes a concern; every step is sealed, logged to the staff stream and noted in the audit record."""

from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit, clock
from app.accounts.models import Staff
from app.chat import log
from app.chat.models import Conversation
from app.chat.rules import Status, Stream
from app.chat.transcript import data_key
from app.db import record
from app.errors import BadRequest, Conflict, NotFound
from app.events import QueueChanged
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.rules import ConcernState, may_become, must_give_reason
from app.sealing import KeyRing, place


async def raise_concern(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    conversation_id: UUID,
    staff_id: UUID,
    by: str,
    category: str,
    note: str,
) -> Concern:
    """Raise a concern about a conversation that the caller has checked to be this member of staff's own.

    Refused where the conversation was closed in the same moment: an open concern on it would hold nothing.
    """
    await log.lock(session, [conversation_id])
    status = await session.scalar(select(Conversation.status).where(Conversation.id == conversation_id))
    if status == Status.CLOSED:
        raise Conflict(
            "This conversation has just been closed, so the concern was not raised.",
            next_step="Tell a supervisor now, in person.",
            code="conversation_closed",
        )
    now = clock.now()
    concern = Concern(conversation_id=conversation_id, category=category, raised_at=now, changed_at=now)
    session.add(concern)
    await session.flush()
    await _take_step(session, key_ring, concern=concern, staff_id=staff_id, note=note)
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened("concern.raised", {"concern": str(concern.id), "category": category, "by": by}),
    )
    return concern


async def step_concern(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    concern_id: UUID,
    staff_id: UUID,
    by: str,
    state: str,
    note: str,
) -> None:
    """Take a concern one step further; the caller has checked that this person is a supervisor.

    Refused: a step that does not follow (conflict), and a decision without its reason.
    """
    if must_give_reason(state) and not note.strip():
        raise BadRequest("A decision needs its reason.", next_step="Write why, then decide.")
    conversation_id = (
        await session.execute(select(Concern.conversation_id).where(Concern.id == concern_id))
    ).scalar_one_or_none()
    if conversation_id is None:
        raise NotFound("There is no such concern.", next_step="The open ones are on your board.")
    await log.lock(session, [conversation_id])
    concern = (await session.execute(select(Concern).where(Concern.id == concern_id))).scalar_one()
    if not may_become(concern.state, state):
        raise Conflict(
            f"This concern is {concern.state}, so it cannot become {state} now.",
            next_step="Look at where it stands; somebody may have been quicker.",
        )
    await session.execute(
        update(Concern).where(col(Concern.id) == concern_id).values(state=state, changed_at=clock.now())
    )
    concern.state = state
    await _take_step(session, key_ring, concern=concern, staff_id=staff_id, note=note)
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened("concern.stepped", {"concern": str(concern_id), "state": state, "by": by}),
    )


async def has_unclosed(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """Whether a concern of this conversation is still open; its lock keeps the answer true."""
    found = await session.execute(
        select(Concern.id)
        .where(Concern.conversation_id == conversation_id, Concern.state != ConcernState.CLOSED)
        .limit(1)
    )
    return found.first() is not None


async def _take_step(
    session: AsyncSession, key_ring: KeyRing, *, concern: Concern, staff_id: UUID, note: str
) -> None:
    step_id = uuid4()
    sealed = None
    if note:
        key = await data_key(session, key_ring, concern.conversation_id)
        sealed = key.seal(note, bound_to=place(concern.conversation_id, step_id, staff_id))
    session.add(
        ConcernStep(
            id=step_id,
            concern_id=concern.id,
            state=concern.state,
            staff_id=staff_id,
            at=clock.now(),
            note=sealed,
        )
    )
    await session.flush()
    role = await session.scalar(select(Staff.role).where(Staff.id == staff_id))
    audit.note(
        session,
        actor=f"{role}:{staff_id}",
        action=f"concern.{concern.state}",
        subject=f"conversation:{concern.conversation_id}",
        concern=str(concern.id),
    )
    record(session, QueueChanged())
