"""Who was last heard from, and when: leases by the database's clock, renewed from live sockets.

A worker says for all of its people at once how many seconds ago each was heard. Who is not renewed, because
they or their worker have vanished, is found by `stranded`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
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


def last_heard(came: datetime, seen: datetime | None) -> datetime:
    """A parent was there when they came to this place, and whenever they were heard since."""
    return came if seen is None else max(came, seen)


def away_since(came: datetime, left: datetime | None) -> datetime | None:
    """When a parent left this place; what was written down before they came to it says nothing of now."""
    return left if left is not None and left >= came else None


async def mark_away(session: AsyncSession, *, conversation_id: UUID, came: datetime, away: timedelta) -> bool:
    """Write down that a parent has left who came then and was not heard for so long.

    False where that is known, or they were heard. The caller holds a lock of their place.
    """
    now = await db.time_of(session)
    lease = await session.get(ParentLease, conversation_id)
    lease = lease or ParentLease(conversation_id=conversation_id, seen_at=came)
    if away_since(came, lease.away_at) or last_heard(came, lease.seen_at) > now - away:
        return False
    lease.away_at = now
    session.add(lease)
    await session.flush()
    return True


async def mark_here(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """Write down that a parent who had left is heard again; False where they are not."""
    lease = await session.get(ParentLease, conversation_id)
    if lease is None or lease.away_at is None or lease.seen_at <= lease.away_at:
        return False
    lease.away_at = None
    session.add(lease)
    await session.flush()
    return True


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
