"""What changes a concern; every step is sealed, logged to the staff stream and noted in the audit record."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit, clock
from app.accounts.models import Staff
from app.chat import log
from app.chat.models import Conversation, LogEntry
from app.chat.rules import Status, Stream
from app.chat.transcript import data_key
from app.db import record
from app.errors import BadRequest, Conflict, NotFound
from app.events import QueueChanged
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.queries import second_people
from app.safeguarding.records import Record, key_of, seal
from app.safeguarding.rules import ConcernState, Decision, may_become, missing
from app.safeguarding.unread import Flagged, Unread, move_on
from app.sealing import KeyRing, place

_TALKING = (Status.WAITING, Status.OPEN, Status.WRAP_UP)


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
    return await _raise(
        session,
        key_ring,
        conversation_id=conversation_id,
        staff_id=staff_id,
        by=by,
        category=category,
        note=note,
    )


async def raise_flags(
    session: AsyncSession, key_ring: KeyRing, *, unread: Unread, flagged: Sequence[Flagged]
) -> bool:
    """Put what the risk check found on the staff stream, and the check's place behind it, together.

    Raises a concern for each text, unless one stands open that has a category of its flags, and shows the
    parent who can help, once. It closes nothing and answers nobody. False where the conversation has gone, or
    has been read by another worker meanwhile. The caller holds no lock of the conversation yet.
    """
    conversation_id = unread.conversation
    await log.lock(session, [conversation_id])
    status = await move_on(session, unread)
    if status is None:
        return False
    key = await data_key(session, key_ring, conversation_id)
    open_ones = set(
        await session.scalars(
            select(Concern.category).where(
                Concern.conversation_id == conversation_id, Concern.state != ConcernState.CLOSED
            )
        )
    )
    for text, flags in flagged:
        item, words = uuid4(), [list(flag.words) for flag in flags]
        data: dict[str, object] = {
            "seq": text.seq,
            "from": text.speaker,
            "flags": [{"category": flag.category.value, "score": round(flag.score, 2)} for flag in flags],
        }
        body = key.seal(json.dumps(words), bound_to=place(conversation_id, item, text.sender))
        await log.append(
            session,
            conversation_id=conversation_id,
            stream=Stream.STAFF,
            happened=log.Happened("risk.flagged", data),
            sealed=log.Sealed(item, text.sender, text.speaker, body, log.flag_wire(data, words=words)),
        )
        if open_ones.isdisjoint(flag.category for flag in flags):
            surest = flags[0]
            open_ones.add(surest.category)
            await _raise(
                session,
                key_ring,
                conversation_id=conversation_id,
                staff_id=None,
                by="",
                category=surest.category,
                note=" … ".join(surest.words),
            )
    if status in _TALKING and not await _help_was_shown(session, conversation_id):
        await log.append(session, conversation_id=conversation_id, happened=log.Happened("help.shown", {}))
    return True


async def _help_was_shown(session: AsyncSession, conversation_id: UUID) -> bool:
    shown = await session.scalar(
        select(LogEntry.seq)
        .where(
            LogEntry.conversation_id == conversation_id,
            LogEntry.stream == Stream.CONV,
            LogEntry.kind == "help.shown",
        )
        .limit(1)
    )
    return shown is not None


async def _raise(
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    conversation_id: UUID,
    staff_id: UUID | None,
    by: str,
    category: str,
    note: str,
) -> Concern:
    """A new concern of a locked conversation, which is held back from erasure until it is closed."""
    now = clock.now()
    concern = Concern(conversation_id=conversation_id, category=category, raised_at=now, changed_at=now)
    concern.key = key_ring.new_key(concern.id)
    session.add(concern)
    await session.execute(
        update(Conversation).where(col(Conversation.id) == conversation_id).values(on_hold=True)
    )
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
    decision: Decision | None = None,
) -> None:
    """Take a concern one step further; the caller has checked that this person is a supervisor.

    Refused: a step that does not follow (conflict), and a decision that is not complete: it has its reason, a
    second person, what was shared with whom, and what the parent was told.
    """
    lacking = missing(state, note=note, decision=decision)
    if lacking:
        raise BadRequest(
            f"This step needs {', '.join(lacking)}.",
            next_step="Write it down, then decide; where nothing was shared or told, say so and why.",
        )
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
    if decision is not None:
        await _refuse_alone(session, staff_id=staff_id, second=decision.second)
    await _take_step(session, key_ring, concern=concern, staff_id=staff_id, note=note, decision=decision)
    if not await has_unclosed(session, conversation_id=conversation_id):
        await session.execute(
            update(Conversation).where(col(Conversation.id) == conversation_id).values(on_hold=False)
        )
    await log.append(
        session,
        conversation_id=conversation_id,
        stream=Stream.STAFF,
        happened=log.Happened("concern.stepped", {"concern": str(concern_id), "state": state, "by": by}),
    )


async def _refuse_alone(session: AsyncSession, *, staff_id: UUID, second: UUID) -> None:
    known = await second_people(session)
    if second == staff_id or second not in {person.id for person in known}:
        raise BadRequest(
            "A decision needs a second person, who is somebody else of the staff.",
            next_step="Talk it through with a colleague, then name them.",
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
    session: AsyncSession,
    key_ring: KeyRing,
    *,
    concern: Concern,
    staff_id: UUID | None,
    note: str,
    decision: Decision | None = None,
) -> None:
    step_id = uuid4()
    key = await key_of(session, key_ring, concern)
    assert key is not None  # an open concern keeps its conversation from erasure, and so its key
    record_of = Record(note)
    if decision is not None:
        record_of = Record(note, decision.shared, decision.parent_told, decision.references)
    sealed = seal(key, concern, step_id=step_id, staff_id=staff_id, record=record_of)
    session.add(
        ConcernStep(
            id=step_id,
            concern_id=concern.id,
            state=concern.state,
            staff_id=staff_id,
            at=clock.now(),
            note=sealed,
            second_id=decision.second if decision else None,
        )
    )
    await session.flush()
    role = await session.scalar(select(Staff.role).where(Staff.id == staff_id))
    audit.note(
        session,
        actor=f"{role}:{staff_id}" if staff_id else "system:risk-check",
        action=f"concern.{concern.state}",
        subject=f"conversation:{concern.conversation_id}",
        concern=str(concern.id),
        **({"second": f"staff:{decision.second}"} if decision else {}),
    )
    record(session, QueueChanged())
