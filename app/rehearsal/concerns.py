"""Works concerns of rehearsed conversations through to their end, where no supervisor plays on a socket."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.safeguarding.actions import step_concern
from app.safeguarding.queries import of_conversation
from app.safeguarding.rules import NEXT, ConcernState
from app.sealing import KeyRing

NOTE = "Rehearsed: the family was asked how they are, and told who can help."


async def work_through(
    session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, supervisor: UUID
) -> None:
    """Take every open concern of this conversation to its end, as this supervisor."""
    for concern in await of_conversation(session, conversation_id=conversation_id):
        following = NEXT.get(ConcernState(concern.state))
        while following is not None:
            await step_concern(
                session,
                key_ring,
                concern_id=concern.id,
                staff_id=supervisor,
                by="Rehearsed",
                state=following,
                note=NOTE,
            )
            following = NEXT.get(following)
