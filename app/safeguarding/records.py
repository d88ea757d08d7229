"""What is written about a concern, sealed under a key of the concern's own.

A concern outlives its conversation, whose key is destroyed with it; so nothing here hangs on that key.
Concerns from before they had their own key are read with the conversation's, as long as it is there.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import audit
from app.chat.keys import Opened
from app.chat.models import ConversationKey
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.rules import NOBODY, ConcernState
from app.sealing import DataKey, KeyRing, SealBroken, place, wrapped_by


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """The words of a step; only a decision has more than a note. Holds what a family said, so no repr."""

    note: str = ""
    shared: str = ""
    parent_told: str = ""
    references: str = ""


async def key_of(session: AsyncSession, key_ring: KeyRing, concern: Concern) -> DataKey | None:
    """The key that this concern's words are sealed under; None where they went with their conversation."""
    if concern.key is not None:
        return key_ring.unwrap(concern.id, concern.key)
    wrapped = await session.scalar(
        select(ConversationKey.wrapped).where(ConversationKey.conversation_id == concern.conversation_id)
    )
    return key_ring.unwrap(concern.conversation_id, wrapped) if wrapped else None


def seal(
    key: DataKey, concern: Concern, *, step_id: UUID, staff_id: UUID | None, record: Record
) -> bytes | None:
    """The words of a step, bound to it and to who took it; None where there are none."""
    if record == Record():
        return None
    words = record.note if concern.key is None else json.dumps(asdict(record))
    return key.seal(words, bound_to=_place(concern, step_id, staff_id))


def opened(key: DataKey | None, concern: Concern, step: ConcernStep) -> Record:
    """The words of a step again; none where their key is gone."""
    if key is None or step.note is None:
        return Record()
    words = key.open(step.note, bound_to=_place(concern, step.id, step.staff_id))
    return Record(note=words) if concern.key is None else Record(**json.loads(words))


async def try_keys(session: AsyncSession, key_ring: KeyRing) -> Opened:
    """Try the key of every concern that has its own."""
    found = Opened()
    keys = await session.stream(select(Concern.id, Concern.key).where(col(Concern.key).is_not(None)))
    async for concern, wrapped in keys:
        found.tried += 1
        try:
            key_ring.unwrap(concern, wrapped)
        except SealBroken:
            found.shut[wrapped_by(wrapped)] += 1
    return found


async def erase(session: AsyncSession, key_ring: KeyRing, *, closed_before: datetime) -> int:
    """Erase concerns that were closed before this moment, with their keys; how many. An open one stays."""
    erased = list(
        await session.scalars(
            delete(Concern)
            .where(col(Concern.state) == ConcernState.CLOSED, col(Concern.changed_at) < closed_before)
            .returning(col(Concern.id))
        )
    )
    for concern in erased:
        key_ring.forget(concern)
        audit.note(session, actor="system:retention", action="concern.erased", subject=f"concern:{concern}")
    return len(erased)


def _place(concern: Concern, step_id: UUID, staff_id: UUID | None) -> bytes:
    whose = concern.conversation_id if concern.key is None else concern.id
    return place(whose, step_id, staff_id or NOBODY)
