"""Bringing a socket up to date: what it missed where that is little, and otherwise the stream whole.

The subscription begins before the reading, so that nothing falls between what is read and what is live.
Reading a transcript is noted in the audit record before a word of it is sent. A log is read a frame's portion
at a time, as fast as the socket takes it: a long one must not stand in memory for each who comes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import clock
from app.accounts.models import Staff
from app.chat import transcript
from app.chat.access import Place, owned, staff_place
from app.chat.log import Entry
from app.chat.models import Participant
from app.chat.rules import Stream
from app.db import DATABASE_ERRORS, reading
from app.errors import AppError, NotFound
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.hub import Connection, Subscription, stream_name
from app.safeguarding import queries as concerns
from app.topics.queries import parents_topics

POSITION_LOST = 4003

logger = structlog.get_logger(__name__)


class PositionLost(AppError):
    """A client claims to be ahead of the log: it must come back without cursors (4003)."""


@dataclass(frozen=True, slots=True, repr=False)
class Missed:
    """What one stream owes a socket: state and head of one moment, and the first of the events up to it.

    The others are read when those have left: the log up to a head never changes. Holds what a family wrote,
    so no repr.
    """

    name: str
    standing: transcript.Standing
    recovered: bool
    first: Sequence[Entry]
    state: dict[str, object]


def streams_of(role: str) -> tuple[Stream, ...]:
    """Parents have the stream of both sides; staff have their own as well."""
    return (Stream.CONV,) if role == "parent" else (Stream.CONV, Stream.STAFF)


async def join(
    realtime: Realtime, connection: Connection, places: Sequence[Place], cursors: dict[str, frames.Cursor]
) -> list[Missed]:
    """Subscribe to all streams of these places and read what each of them owes the socket."""
    for place in places:
        conversation = place.conversation
        connection.participants[conversation.id] = place.participant.id
        for stream in streams_of(connection.role):
            name = stream_name(stream, conversation.id)
            generation = None if connection.role == "parent" else place.participant.generation
            realtime.hub.subscribe(
                connection, Subscription(stream=name, epoch=conversation.epoch, generation=generation)
            )
    if not places:
        return []
    async with reading(realtime.database) as session:
        theirs = await _still_theirs(realtime, session, connection, places)
        owed = await _read(realtime, session, theirs, streams_of(connection.role), cursors)
    read = {UUID(missed.name.partition(":")[2]) for missed in owed if missed.first}
    await _note_reading(realtime, connection, read)
    return owed


async def deliver(realtime: Realtime, connection: Connection, owed: Sequence[Missed]) -> None:
    """Send what is owed, a portion of events a frame, each when the one before has left; then go live."""
    for missed in owed:
        await _deliver(realtime, connection, missed)


async def _deliver(realtime: Realtime, connection: Connection, missed: Missed) -> None:
    """A stream that is lost meanwhile ends where it is: a former owner is shown nothing more."""
    head, part = missed.standing.head, missed.first
    while missed.name in connection.subscriptions and connection.outbound.closing is None:
        more = bool(part) and part[-1].seq < head
        if part or not missed.recovered:
            connection.outbound.put(encode(_frame(missed, part, more=more)), counted=False)
            await connection.outbound.drained()
        if not more:
            realtime.hub.caught_up(connection, missed.name, up_to=head)
            _tell_who_is_here(realtime, connection, missed.name)
            return
        part = await _read_on(realtime, connection, missed, after=part[-1].seq)


def _frame(missed: Missed, part: Sequence[Entry], *, more: bool) -> frames.Frame:
    epoch = missed.standing.epoch
    events = tuple(
        frames.EventBody(
            seq=entry.seq,
            k=entry.kind,  # type: ignore[arg-type]  # the log holds these kinds only
            at=clock.wire(entry.at),
            gen=entry.generation,
            d=entry.wire,
        )
        for entry in part
    )
    if missed.recovered:
        return frames.Batch(s=missed.name, epoch=epoch, d=frames.BatchData(events=events, more=more))
    snapshot = frames.SnapshotData(seq=missed.standing.head, state=missed.state, events=events, more=more)
    return frames.Snapshot(s=missed.name, epoch=epoch, d=snapshot)


async def _read_on(
    realtime: Realtime, connection: Connection, missed: Missed, *, after: int
) -> Sequence[Entry]:
    """The next portion; none, and no more to come, where it may not be shown or is there no longer."""
    stream, _, conversation = missed.name.partition(":")
    async with reading(realtime.database) as session:
        try:
            await _require_theirs(realtime, session, connection, UUID(conversation))
        except NotFound:
            return ()
        part = await _portion(realtime, session, UUID(conversation), stream, missed.standing, after=after)
    if not part:
        connection.outbound.close(POSITION_LOST)
    return part


async def _portion(
    realtime: Realtime,
    session: AsyncSession,
    conversation_id: UUID,
    stream: str,
    standing: transcript.Standing,
    *,
    after: int,
) -> Sequence[Entry]:
    """The events of one frame: those that follow `after`, none past the head."""
    return await transcript.read_entries(
        session,
        realtime.key_ring,
        conversation_id=conversation_id,
        stream=stream,
        after=after,
        up_to=min(standing.head, after + realtime.settings.limits.batch_events),
    )


async def sync(realtime: Realtime, connection: Connection, name: str, *, after: int) -> int:
    """Send the events after `after` in batches; the head that they reach. The socket is subscribed.

    PositionLost where `after` lies past the head.
    """
    stream, _, conversation = name.partition(":")
    conversation_id = UUID(conversation)
    connection.subscriptions[name].catching_up = True  # what is live meanwhile waits behind what is missing
    async with reading(realtime.database) as session:
        await _require_theirs(realtime, session, connection, conversation_id)
        standing = await transcript.standing(session, conversation_id=conversation_id, stream=stream)
        if after > standing.head:
            raise PositionLost("That position does not exist.", next_step="Come back without cursors.")
        first = await _portion(realtime, session, conversation_id, stream, standing, after=after)
    if first:
        await _note_reading(realtime, connection, {conversation_id})
    missed = Missed(name=name, standing=standing, recovered=True, first=first, state={})
    await deliver(realtime, connection, [missed])
    return standing.head


async def _still_theirs(
    realtime: Realtime, session: AsyncSession, connection: Connection, places: Sequence[Place]
) -> Sequence[Place]:
    """The places of which this transaction's readings may be shown: a former owner gets none of it.

    Who held one a moment ago may have lost it since, in another worker too, and then no longer listens.
    """
    if connection.staff is None:
        return places
    now = {conversation for _, conversation, _ in await owned(session, staff=[connection.staff])}
    for place in places:
        if place.conversation.id not in now:
            _stop_listening(realtime, connection, place.conversation.id)
    return [place for place in places if place.conversation.id in now]


async def _require_theirs(
    realtime: Realtime, session: AsyncSession, connection: Connection, conversation_id: UUID
) -> None:
    if connection.staff is None:
        return
    try:
        await staff_place(session, staff_id=connection.staff, conversation_id=conversation_id)
    except NotFound:
        _stop_listening(realtime, connection, conversation_id)
        raise NotFound("You do not listen to that stream.", next_step="Say hello again.") from None


def _stop_listening(realtime: Realtime, connection: Connection, conversation_id: UUID) -> None:
    for stream in streams_of(connection.role):
        realtime.hub.unsubscribe(connection, stream_name(stream, conversation_id))


async def _read(
    realtime: Realtime,
    session: AsyncSession,
    places: Sequence[Place],
    streams: Sequence[Stream],
    cursors: dict[str, frames.Cursor],
) -> list[Missed]:
    """What each stream of these places owes, in as many queries for one place as for three."""
    standings = await transcript.standings(session, [place.conversation.id for place in places])
    wanted = {
        stream_name(stream, place.conversation.id): (stream, place) for place in places for stream in streams
    }
    after = {
        name: _held(cursors.get(name), standings[name], most=realtime.settings.limits.recovery_events)
        for name in wanted
    }
    behind = {name: seq or 0 for name, seq in after.items() if (seq or 0) < standings[name].head}
    most = realtime.settings.limits.batch_events
    found = await transcript.read_missing(session, realtime.key_ring, behind, most=most) if behind else {}
    owed = []
    for name, (stream, place) in wanted.items():
        recovered = after[name] is not None
        state: dict[str, object] = {}
        if not recovered:
            state = await (_conv_state if stream == Stream.CONV else _staff_state)(session, place=place)
        _, first = found.get(name, ("", []))
        owed.append(
            Missed(name=name, standing=standings[name], recovered=recovered, first=first, state=state)
        )
    return owed


def _held(cursor: frames.Cursor | None, standing: transcript.Standing, *, most: int) -> int | None:
    """Up to where a client has the stream already; None where it must have it whole."""
    if cursor is None or cursor.epoch != standing.epoch or not 0 <= standing.head - cursor.seq <= most:
        return None
    return cursor.seq


async def _conv_state(session: AsyncSession, *, place: Place) -> dict[str, object]:
    conversation = place.conversation
    people = (
        await session.execute(
            select(Participant.role, Participant.read_up_to, Participant.left_at, Staff.name)
            .outerjoin(Staff, col(Staff.id) == col(Participant.staff_id))
            .where(Participant.conversation_id == conversation.id)
        )
    ).all()
    staff_now = [person for person in people if person[0] != "parent" and person[2] is None]
    state: dict[str, object] = {
        "status": conversation.status,
        "language": conversation.language,
        "coach": staff_now[0][3].split(" ")[0] if staff_now else None,
        "read": {
            "parent": max((person[1] for person in people if person[0] == "parent"), default=0),
            "coach": max((person[1] for person in staff_now), default=0),
        },
    }
    if place.participant.role != "parent":
        topics = await parents_topics(session, [conversation.id])
        state |= {
            "topic": topics.get(conversation.id),
            "age_band": conversation.age_band,
            "stage": conversation.stage,
            "send": conversation.send,
            "attendance": conversation.attendance,
            "region": conversation.region,
            "origin": conversation.origin,
        }
    return state


async def _staff_state(session: AsyncSession, *, place: Place) -> dict[str, object]:
    found = await concerns.of_conversation(session, conversation_id=place.conversation.id)
    return {
        "concerns": [
            {"id": str(concern.id), "category": concern.category, "state": concern.state} for concern in found
        ]
    }


async def _note_reading(realtime: Realtime, connection: Connection, read: set[UUID]) -> None:
    """Staff see nothing that is not noted. A parent's own words are theirs, even where no disk has room."""
    if not read:
        return
    actor = f"{connection.role}:{connection.staff or connection.conversation}"
    try:
        await realtime.readings.note(actor, read)
    except DATABASE_ERRORS as error:
        if connection.staff is not None:
            raise
        logger.warning("reading.not_noted", kind=type(error).__name__)


def _tell_who_is_here(realtime: Realtime, connection: Connection, name: str) -> None:
    if not name.startswith("conv:"):
        return
    for role in sorted(realtime.hub.who_is_here(name) - {connection.role}):
        connection.send(frames.Eph(s=name, k="presence", d={"from": role, "here": True}))
