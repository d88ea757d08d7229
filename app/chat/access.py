"""Access is the query: a conversation is only ever fetched through the viewer's own participation."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.chat.models import Conversation, Participant
from app.errors import NotFound

Owned = tuple[UUID, UUID, int]  # staff, conversation, generation

NOBODY_HERE = "There is no such conversation."


@dataclass(frozen=True, slots=True)
class Place:
    """A person's standing in a conversation that they may see."""

    conversation: Conversation
    participant: Participant


async def parent_place(session: AsyncSession, conversation_id: UUID) -> Place:
    """The parent's place in the conversation that their token opened; NotFound where it is erased."""
    row = (
        await session.execute(
            select(Conversation, Participant)
            .join(Participant, col(Participant.conversation_id) == Conversation.id)
            .where(Conversation.id == conversation_id, Participant.role == "parent")
        )
    ).one_or_none()
    if row is None:
        raise NotFound(NOBODY_HERE, next_step="It may have been deleted. You can start a new one.")
    return Place(conversation=row[0], participant=row[1])


async def staff_place(session: AsyncSession, *, staff_id: UUID, conversation_id: UUID) -> Place:
    """The place of a member of staff who owns the conversation now; NotFound for everybody else."""
    row = (
        await session.execute(
            select(Conversation, Participant)
            .join(Participant, col(Participant.conversation_id) == Conversation.id)
            .where(
                Conversation.id == conversation_id,
                Participant.staff_id == staff_id,
                col(Participant.left_at).is_(None),
                col(Participant.generation) == col(Conversation.generation),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound(NOBODY_HERE, next_step="Your own conversations are on your board.")
    return Place(conversation=row[0], participant=row[1])


async def places_of(session: AsyncSession, *, staff_id: UUID) -> list[Place]:
    """The conversations that a member of staff owns now, oldest first."""
    rows = await session.execute(
        select(Conversation, Participant)
        .join(Participant, col(Participant.conversation_id) == Conversation.id)
        .where(
            Participant.staff_id == staff_id,
            col(Participant.left_at).is_(None),
            col(Participant.generation) == col(Conversation.generation),
            col(Conversation.status).in_(("open", "wrap_up")),
        )
        .order_by(col(Participant.joined_at), col(Participant.id))
    )
    return [Place(conversation=conversation, participant=participant) for conversation, participant in rows]


async def owned(session: AsyncSession, *, staff: Collection[UUID]) -> set[Owned]:
    """The conversations that these members of staff own now, each under the generation then in force."""
    if not staff:
        return set()
    rows = await session.execute(
        select(Participant.staff_id, Participant.conversation_id, Participant.generation)
        .join(Conversation, col(Participant.conversation_id) == col(Conversation.id))
        .where(
            col(Participant.staff_id).in_(staff),
            col(Participant.left_at).is_(None),
            col(Participant.generation) == col(Conversation.generation),
            col(Conversation.status).in_(("open", "wrap_up")),
        )
    )
    return {(person, conversation, generation) for person, conversation, generation in rows if person}
