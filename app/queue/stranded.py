"""Nobody is left talking to nobody: coaches and parents who vanished are found, told of, and made good.

A coach who is not heard is lost: their parents are told, and a while later lead the queue. A parent who is
not heard is waited for, and in the end the conversation is ended kindly. A wrap-up that never comes closes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock, db
from app.chat import log
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import Database, reading, record, transaction
from app.events import QueueChanged
from app.queue.absent import sweep_waiting
from app.queue.closing import close_unwrapped, end_unattended
from app.queue.handover import give_back
from app.queue.models import Assignment, Lease, Offer, OfferState, ParentLease, QueueEntry
from app.queue.presence import away_since, last_heard, mark_away, mark_here
from app.sealing import KeyRing
from app.settings import Timers

OPEN_NOW = (col(Assignment.ended_at).is_(None), col(Conversation.status) == Status.OPEN)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long somebody may be silent. `lost` and `rescue` are a coach's, `away` and `gone` a parent's."""

    lost: timedelta
    rescue: timedelta
    away: timedelta
    gone: timedelta
    wrap_up: timedelta


@dataclass(frozen=True, slots=True)
class Stranded:
    """What is to be done now."""

    lost: list[UUID]
    back: list[UUID]
    due: list[UUID]
    away: list[UUID]
    here: list[UUID]
    gone: list[UUID]
    unwrapped: list[UUID]


def bounds_of(timers: Timers) -> Bounds:
    """As the settings have them: whoever lives is heard once a ping, and a worker says so once a renewal."""
    return Bounds(
        lost=timedelta(seconds=timers.ping + timers.pong + timers.renew),
        rescue=timedelta(seconds=timers.rescue),
        away=timedelta(seconds=timers.parent_away),
        gone=timedelta(seconds=timers.parent_gone),
        wrap_up=timedelta(seconds=timers.wrap_up),
    )


async def sweep(database: Database, key_ring: KeyRing, bounds: Bounds) -> None:
    """Do all that is due, each in a transaction of its own that looks again under its lock."""
    async with reading(database) as session:
        found = await find(session, bounds)
    await sweep_waiting(database, key_ring, away=bounds.away, gone=bounds.gone)
    for staff_id in found.lost:
        async with transaction(database) as session:
            await lose(session, staff_id=staff_id, bounds=bounds)
    for staff_id in found.back:
        async with transaction(database) as session:
            await welcome_back(session, staff_id=staff_id)
    for staff_id in found.due:
        async with transaction(database) as session:
            await rescue(session, staff_id=staff_id, bounds=bounds)
    for conversation in found.away:
        async with transaction(database) as session:
            await note_away(session, conversation_id=conversation, bounds=bounds)
    for conversation in found.here:
        async with transaction(database) as session:
            await note_here(session, conversation_id=conversation)
    for conversation in found.gone:
        async with transaction(database) as session:
            await end_unattended(session, conversation_id=conversation)
    for conversation in found.unwrapped:
        async with transaction(database) as session:
            await close_unwrapped(session, key_ring, conversation_id=conversation)


async def find(session: AsyncSession, bounds: Bounds) -> Stranded:
    """Who is stranded now, from a few indexed queries without a lock."""
    now = await db.time_of(session)
    leases = await session.execute(
        select(col(Lease.staff_id), col(Lease.seen_at), col(Lease.lost_at)).where(
            or_(
                (col(Lease.seen_at) <= now - bounds.lost) & col(Lease.lost_at).is_(None),
                col(Lease.lost_at) < col(Lease.seen_at),
                col(Lease.lost_at).is_not(None) & _holds_open(),
            )
        )
    )
    lost, back, due = [], [], []
    for staff_id, seen_at, lost_at in leases:
        if lost_at is None:
            lost.append(staff_id)
        elif lost_at < seen_at:
            back.append(staff_id)
        elif _is_due(seen_at, lost_at, now, bounds):
            due.append(staff_id)
    parents = await session.execute(
        select(
            col(Assignment.conversation_id),
            col(Assignment.assigned_at),
            col(ParentLease.seen_at),
            col(ParentLease.away_at),
            _left_message(),
        )
        .join(Conversation, col(Conversation.id) == col(Assignment.conversation_id))
        .outerjoin(ParentLease, col(ParentLease.conversation_id) == col(Assignment.conversation_id))
        .where(*OPEN_NOW)
    )
    away, here, gone = [], [], []
    for conversation, came, renewed, left, message in parents:
        seen_at, away_at = last_heard(came, renewed), away_since(came, left)
        if message and seen_at == came:
            continue  # whoever left a message is not expected before they are seen
        if away_at is None:
            away += [conversation] * (seen_at <= now - bounds.away)
        elif away_at < seen_at:
            here.append(conversation)
        elif seen_at <= now - bounds.gone:
            gone.append(conversation)
    unwrapped = await session.scalars(
        select(col(Conversation.id))
        .join(Assignment, col(Assignment.conversation_id) == col(Conversation.id))
        .where(
            col(Assignment.ended_at).is_(None),
            col(Conversation.status) == Status.WRAP_UP,
            col(Conversation.ended_at) <= clock.now() - bounds.wrap_up,
        )
    )
    return Stranded(lost, back, due, away, here, gone, list(unwrapped))


async def lose(session: AsyncSession, *, staff_id: UUID, bounds: Bounds) -> bool:
    """A coach is not heard any more: nobody new comes to them, and their parents are told."""
    lease = await _lease(session, staff_id)
    now = await db.time_of(session)
    if lease is None or lease.lost_at is not None or lease.seen_at > now - bounds.lost:
        return False
    lease.lost_at = now
    session.add(lease)
    await session.flush()
    await session.execute(
        update(Offer)
        .where(col(Offer.staff_id) == staff_id, col(Offer.state) == OfferState.PENDING)
        .values(state=OfferState.WITHDRAWN, answered_at=clock.now())
    )
    await _tell(session, await _open_of(session, staff_id), "conversation.paused", by="coach")
    record(session, QueueChanged())
    return True


async def welcome_back(session: AsyncSession, *, staff_id: UUID) -> bool:
    """A lost coach is heard again: the parents whom they still hold are told."""
    lease = await _lease(session, staff_id)
    if lease is None or lease.lost_at is None or lease.seen_at <= lease.lost_at:
        return False
    lease.lost_at = None
    session.add(lease)
    await session.flush()
    await _tell(session, await _open_of(session, staff_id), "conversation.resumed", by="coach")
    record(session, QueueChanged())
    return True


async def rescue(session: AsyncSession, *, staff_id: UUID, bounds: Bounds) -> int:
    """A coach has been lost for so long that their parents lead the queue now; how many."""
    lease = await _lease(session, staff_id)
    now = await db.time_of(session)
    if lease is None or lease.lost_at is None or not _is_due(lease.seen_at, lease.lost_at, now, bounds):
        return 0
    rescued = 0
    for conversation in await _open_of(session, staff_id):
        rescued += await give_back(session, conversation_id=conversation, staff_id=staff_id, why="lost")
    return rescued


async def note_away(session: AsyncSession, *, conversation_id: UUID, bounds: Bounds) -> bool:
    """A parent has left an open conversation: it is kept for them, and the coach sees so."""
    came = await _lock_open(session, conversation_id)
    if came is None:
        return False
    if not await mark_away(session, conversation_id=conversation_id, came=came, away=bounds.away):
        return False
    await _tell(session, [conversation_id], "conversation.paused", by="parent")
    return True


async def note_here(session: AsyncSession, *, conversation_id: UUID) -> bool:
    """The parent is in their conversation again."""
    if await _lock_open(session, conversation_id) is None:
        return False
    if not await mark_here(session, conversation_id=conversation_id):
        return False
    await _tell(session, [conversation_id], "conversation.resumed", by="parent")
    return True


def _is_due(seen_at: datetime, lost_at: datetime, now: datetime, bounds: Bounds) -> bool:
    """After a time without any worker everybody seems lost for long: they get their time to come back."""
    return seen_at <= now - bounds.rescue and lost_at <= now - (bounds.rescue - bounds.lost)


async def _lease(session: AsyncSession, staff_id: UUID) -> Lease | None:
    """The lease, locked; None also where another worker is at it."""
    return (
        await session.execute(
            select(Lease).where(col(Lease.staff_id) == staff_id).with_for_update(skip_locked=True)
        )
    ).scalar_one_or_none()


async def _lock_open(session: AsyncSession, conversation_id: UUID) -> datetime | None:
    """Lock a conversation; when its coach came, or None where nobody holds it open."""
    await log.lock(session, [conversation_id])
    found: datetime | None = await session.scalar(
        select(col(Assignment.assigned_at))
        .join(Conversation, col(Conversation.id) == col(Assignment.conversation_id))
        .where(*OPEN_NOW, col(Assignment.conversation_id) == conversation_id)
    )
    return found


async def _open_of(session: AsyncSession, staff_id: UUID) -> list[UUID]:
    """The open conversations of a coach, locked."""
    held = list(
        await session.scalars(
            select(col(Assignment.conversation_id))
            .join(Conversation, col(Conversation.id) == col(Assignment.conversation_id))
            .where(*OPEN_NOW, col(Assignment.staff_id) == staff_id)
            .order_by(col(Assignment.conversation_id))
        )
    )
    await log.lock(session, held)
    return held


async def _tell(session: AsyncSession, conversations: list[UUID], kind: str, *, by: str) -> None:
    for conversation in conversations:
        await log.append(session, conversation_id=conversation, happened=log.Happened(kind, {"by": by}))


def _left_message() -> ColumnElement[bool]:
    return exists().where(
        col(QueueEntry.conversation_id) == col(Assignment.conversation_id),
        col(QueueEntry.message_left_at).is_not(None),
    )


def _holds_open() -> object:
    return exists().where(
        col(Assignment.staff_id) == col(Lease.staff_id),
        col(Assignment.conversation_id) == col(Conversation.id),
        *OPEN_NOW,
    )
