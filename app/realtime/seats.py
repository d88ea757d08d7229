"""Whose a connection is: the places in conversations that it may act from."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.access import Place, parent_place, staff_place
from app.errors import BadRequest, Forbidden, NotFound
from app.realtime.hub import Connection

Answer = dict[str, object]


async def own_place(session: AsyncSession, connection: Connection, conversation: UUID) -> Place:
    """This person's place in a conversation, or NotFound."""
    if connection.staff is not None:
        return await staff_place(session, staff_id=connection.staff, conversation_id=conversation)
    if connection.conversation != conversation:
        raise NotFound("There is no such conversation.", next_step="Go back to your own conversation.")
    return await parent_place(session, conversation)


def participant_of(connection: Connection, conversation: UUID) -> UUID:
    """The participant that this socket writes as; whether it still may is decided when it is written."""
    participant = connection.participants.get(conversation)
    if participant is None:
        raise NotFound("There is no such conversation.", next_step="Go back to your own conversations.")
    return participant


@lru_cache(maxsize=4096)
def conversation_of(stream: str) -> UUID:
    """The conversation of a `conv:` stream's name: what is said goes nowhere else, notes have their verb."""
    try:
        return UUID(stream.removeprefix("conv:"))
    except ValueError:
        raise BadRequest("That is not a conversation's stream.", next_step="See docs/protocol.md.") from None


def staff_of(connection: Connection) -> UUID:
    """The member of staff whose it is, or Forbidden."""
    if connection.staff is None:
        raise Forbidden("Only staff may do this.", next_step="Nothing was changed.")
    return connection.staff
