"""Leaves nobody behind: what a rehearsal did not finish is ended, so that no coach waits for a ghost."""

from collections.abc import Container
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.chat.access import parent_place, staff_place
from app.chat.models import Conversation
from app.chat.rules import Origin, Status
from app.content.rules import Codebook
from app.db import Database, reading, transaction
from app.queue.closing import WrapUp, end, wrap_up
from app.queue.models import Assignment
from app.safeguarding.actions import has_unclosed

UNFINISHED = (Status.WAITING, Status.OPEN, Status.WRAP_UP)


async def leave_nobody(database: Database, codebook: Codebook, *, rehearsed: Container[UUID]) -> int:
    """End and close the unfinished among these conversations; how many. One with an open concern stays."""
    async with reading(database) as session:
        found = await session.execute(
            select(col(Conversation.id), col(Assignment.staff_id))
            .outerjoin(
                Assignment,
                (col(Assignment.conversation_id) == col(Conversation.id))
                & col(Assignment.ended_at).is_(None),
            )
            .where(col(Conversation.origin) == Origin.SIMULATED, col(Conversation.status).in_(UNFINISHED))
        )
        unfinished: list[tuple[UUID, UUID | None]] = [
            (key, staff_id) for key, staff_id in found if key in rehearsed
        ]
    for conversation, staff_id in unfinished:
        async with transaction(database) as session:
            await end(session, place=await parent_place(session, conversation))
            if staff_id is None or await has_unclosed(session, conversation_id=conversation):
                continue
            place = await staff_place(session, staff_id=staff_id, conversation_id=conversation)
            plain = WrapUp(topics=("practical",), disposition=codebook.dispositions[0].id)
            await wrap_up(session, codebook, place=place, wrap_up=plain)
    return len(unfinished)
