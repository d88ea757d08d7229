"""Who was last heard from, and when: leases by the database's clock, renewed from live sockets.

A worker says for all of its people at once how many seconds ago each was heard. Who is not renewed, because
they or their worker have vanished, is found by `stranded`.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import db
from app.chat.models import Conversation
from app.chat.rules import Status
from app.queue.models import Lease, ParentLease

PORTION = 1000


async def renew(session: AsyncSession, *, heard: Mapping[UUID, float]) -> None:
    """Members of staff were heard so many seconds ago."""
    await _renew(session, Lease, "staff_id", heard)


async def renew_parents(session: AsyncSession, *, heard: Mapping[UUID, float]) -> None:
    """The parents of these conversations were heard so many seconds ago; who waits or talks is kept."""
    expected = await session.scalars(
        select(col(Conversation.id)).where(col(Conversation.status).in_((Status.OPEN, Status.WAITING)))
    )
    await _renew(
        session, ParentLease, "conversation_id", {key: heard[key] for key in expected if key in heard}
    )


async def _renew(
    session: AsyncSession, table: type[Lease] | type[ParentLease], key: str, heard: Mapping[UUID, float]
) -> None:
    """In one order for everybody: two workers cannot wait for each other. A lease is never shortened."""
    if not heard:
        return
    now = await db.time_of(session)
    rows = [{key: each, "seen_at": now - timedelta(seconds=heard[each])} for each in sorted(heard)]
    into = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for start in range(0, len(rows), PORTION):
        insert = into(table).values(rows[start : start + PORTION])
        newer = insert.excluded["seen_at"]
        seen = col(table.seen_at)
        await session.execute(
            insert.on_conflict_do_update(
                index_elements=[key], set_={"seen_at": case((newer > seen, newer), else_=seen)}
            )
        )
