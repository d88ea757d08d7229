"""Bringing a socket up to date: what it missed where that is little, and otherwise the stream whole.

The subscription begins before the reading, so that nothing falls between what is read and what is live.
Reading a transcript is noted in the audit record before a word of it is sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app import clock
from app.accounts.models import Staff
from app.chat import transcript
from app.chat.access import Place, owned, staff_place
from app.chat.log import Entry
from app.chat.models import Participant
from app.chat.rules import Stream
from app.db import reading
from app.errors import AppError, NotFound
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.hub import Connection, Subscription, stream_name
from app.safeguarding import queries as concerns
from app.topics.queries import parents_topics


class PositionLost(AppError):
    """A client claims to be ahead of the log: it must come back without cursors (4003)."""


@dataclass(frozen=True, slots=True, repr=False)
class Missed:
    """What one stream owes a socket, read in one transaction. Holds what a family wrote, so no repr."""

    name: str
    standing: transcript.Standing
    recovered: bool
    events: Sequence[Entry]
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
    read = {UUID(missed.name.partition(":")[2]) for missed in owed if missed.events}
    await _note_reading(realtime, connection, read)
    return owed


async def deliver(realtime: Realtime, connection: Connection, owed: Sequence[Missed]) -> None:
    """Send what is owed, a batch of events a frame, each when the one before has left; then go live."""
    for missed in owed:
        seq = missed.standing.head
        for part, more in _parts(missed, realtime.settings.limits.batch_events):
            if missed.name not in connection.subscriptions:
                break  # lost meanwhile: a former owner is shown nothing more
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
            frame: frames.Frame
            if missed.recovered:
                data = frames.BatchData(events=events, more=more)
                frame = frames.Batch(s=missed.name, epoch=missed.standing.epoch, d=data)
            else:
                snapshot = frames.SnapshotData(seq=seq, state=missed.state, events=events, more=more)
                frame = frames.Snapshot(s=missed.name, epoch=missed.standing.epoch, d=snapshot)
            connection.outbound.put(encode(frame), counted=False)
            await connection.outbound.drained()
        else:
            realtime.hub.caught_up(connection, missed.name, up_to=seq)
            _tell_who_is_here(realtime, connection, missed.name)


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
        events = await transcript.read_entries(
            session,
            realtime.key_ring,
            conversation_id=conversation_id,
            stream=stream,
            after=after,
            up_to=standing.head,
        )
    if events:
        await _note_reading(realtime, connection, {conversation_id})
    missed = Missed(name=name, standing=standing, recovered=True, events=events, state={})
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


def _parts(missed: Missed, size: int) -> Iterator[tuple[Sequence[Entry], bool]]:
    """What is owed in frames' portions, each with whether more follow; a snapshot has one even when empty."""
    if missed.recovered and not missed.events:
        return
    for start in range(0, max(1, len(missed.events)), size):
        yield missed.events[start : start + size], start + size < len(missed.events)


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
    found = await transcript.read_missing(session, realtime.key_ring, behind) if behind else {}
    owed = []
    for name, (stream, place) in wanted.items():
        recovered = after[name] is not None
        state: dict[str, object] = {}
        if not recovered:
            state = await (_conv_state if stream == Stream.CONV else _staff_state)(session, place=place)
        _, events = found.get(name, ("", []))
        owed.append(
            Missed(name=name, standing=standings[name], recovered=recovered, events=events, state=state)
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
    if read:
        actor = f"{connection.role}:{connection.staff or connection.conversation}"
        await realtime.readings.note(actor, read)


def _tell_who_is_here(realtime: Realtime, connection: Connection, name: str) -> None:
    if not name.startswith("conv:"):
        return
    for role in sorted(realtime.hub.who_is_here(name) - {connection.role}):
        connection.send(frames.Eph(s=name, k="presence", d={"from": role, "here": True}))
