"""Works concerns of rehearsed conversations through to their end, where no supervisor plays on a socket."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.safeguarding.actions import step_concern
from app.safeguarding.queries import of_conversation, second_people
from app.safeguarding.rules import NEXT, ConcernState, Decision
from app.sealing import KeyRing

NOTE = "Rehearsed: the family was asked how they are, and told who can help."
NOBODY_ELSE = "Rehearsed: nothing was shared with anybody."


async def work_through(
    session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID, supervisor: UUID
) -> None:
    """Take every open concern of this conversation to its end, as this supervisor, with a colleague."""
    second = next(person.id for person in await second_people(session) if person.id != supervisor)
    decision = Decision(second, shared=NOBODY_ELSE, parent_told=NOTE)
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
                decision=decision if following == ConcernState.DECIDED else None,
            )
            following = NEXT.get(following)
