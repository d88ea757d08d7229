"""Leaves nobody behind: what a rehearsal did not finish is ended, so that no coach waits for a ghost."""

from collections.abc import Collection
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
from app.rehearsal.concerns import work_through
from app.safeguarding.queries import unclosed
from app.sealing import KeyRing

UNFINISHED = (Status.WAITING, Status.OPEN, Status.WRAP_UP)


async def leave_nobody(
    database: Database,
    key_ring: KeyRing,
    codebook: Codebook,
    *,
    rehearsed: Collection[UUID],
    supervisor: UUID,
) -> int:
    """End and close the unfinished of these; how many. Every concern of them is worked through."""
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
            await end(session, key_ring, place=await parent_place(session, conversation))
        if staff_id is None:
            continue
        plain = WrapUp(topics=("practical",), disposition=codebook.dispositions[0].id)
        closed = False
        while not closed:  # its last words may raise one more concern
            async with transaction(database) as session:
                place = await staff_place(session, staff_id=staff_id, conversation_id=conversation)
                await work_through(session, key_ring, conversation_id=conversation, supervisor=supervisor)
                closed = await wrap_up(session, key_ring, codebook, place=place, wrap_up=plain)
    for conversation in await _worried_about(database, rehearsed):
        async with transaction(database) as session:
            await work_through(session, key_ring, conversation_id=conversation, supervisor=supervisor)
    return len(unfinished)


async def _worried_about(database: Database, rehearsed: Collection[UUID]) -> set[UUID]:
    async with reading(database) as session:
        open_ones = await unclosed(session)
        simulated = await session.scalars(
            select(col(Conversation.id)).where(
                col(Conversation.origin) == Origin.SIMULATED,
                col(Conversation.id).in_({concern.conversation_id for concern in open_ones}),
            )
        )
        return set(simulated).intersection(rehearsed)
