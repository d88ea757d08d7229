"""Who listens to which stream in this worker, and the fan-out to them. In memory; the database is the truth.

A subscription delivers each `seq` once and in order: what arrives out of turn is held until the gap closes,
and while a client is still catching up, live events wait behind what it missed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import structlog

from app.events import CoachAssigned, CoachReleased, LogAppended, ParentRevoked, StaffSignedOut
from app.realtime import frames
from app.realtime.elsewhere import Elsewhere, Nowhere
from app.realtime.frames import encode
from app.realtime.outbound import Outbound

MOST_HELD = 256
RESTART = 4000
SPREAD_MS, MOST_SPREAD_MS = 5, 30_000  # between two who come back, and in all
LEAVE_S = 5

logger = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Subscription:
    """One connection's place in one stream. `generation` fences staff; parents have none."""

    stream: str
    epoch: str
    generation: int | None
    sent: int = 0
    catching_up: bool = True
    held: dict[int, str] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The newest `seq` that this worker knows of."""
        return max(self.held, default=self.sent)


@dataclass(slots=True, eq=False)
class Connection:
    """One greeted socket: whose it is, what it listens to, and its way out."""

    role: str
    outbound: Outbound
    conversation: UUID | None = None  # a parent's
    token_hash: bytes = field(default=b"", repr=False)  # and what opened it
    over_http: bool = False  # one tab may then leave places at several workers
    staff: UUID | None = None
    staff_session: UUID | None = None
    name: str = ""
    participants: dict[UUID, UUID] = field(default_factory=dict)  # conversation → participant
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    welcomed: bool = True  # until then nothing is said to it that the welcome must precede
    _unanswered: int = 0
    _settled: asyncio.Event | None = None

    def asked(self) -> None:
        """A frame of this socket is being carried out."""
        self._unanswered += 1

    def answered(self) -> None:
        """One of them has its answer."""
        self._unanswered -= 1
        if not self._unanswered and self._settled is not None:
            self._settled.set()

    async def all_answered(self) -> None:
        """Wait until everything that this socket asked for has its answer."""
        while self._unanswered:
            if self._settled is None or self._settled.is_set():
                self._settled = asyncio.Event()
            await self._settled.wait()

    def send(self, frame: frames.Frame) -> None:
        """Queue one frame for this socket."""
        self.outbound.put(encode(frame))

    def send_state(self, stream: str, state: dict[str, object]) -> None:
        """Queue the whole of `me` or `queue`, under its next version."""
        version = self.versions.get(stream, 0) + 1
        self.versions[stream] = version
        self.send(frames.State(s=stream, version=version, d=state))


@lru_cache(maxsize=8192)
def stream_name(stream: str, conversation: UUID) -> str:
    """The name of a conversation's stream on the wire."""
    return f"{stream}:{conversation}"


class Hub:
    """All connections of this worker."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.leaving = False
        self._listeners: dict[str, set[Connection]] = {}
        self.claimed: Callable[[Connection, UUID, int], Awaitable[None]] | None = None
        self.elsewhere: Elsewhere = Nowhere()
        self._tasks: set[asyncio.Task[None]] = set()
        self._untold: set[tuple[str, str]] = set()  # streams and roles: presence that staff were not told

    def add(self, connection: Connection) -> None:
        """A socket was greeted; while this worker is leaving, it is sent away again."""
        self.connections.add(connection)
        self.elsewhere.moved(staff=connection.staff)
        if self.leaving:
            connection.outbound.close(RESTART)

    def remove(self, connection: Connection) -> None:
        """A socket is gone: it listens to nothing any more, and the others are told where it was the last."""
        self.connections.discard(connection)
        for stream in list(connection.subscriptions):
            self.unsubscribe(connection, stream)
        self.elsewhere.moved(staff=connection.staff)

    def count(self, *, conversation: UUID | None = None, staff: UUID | None = None) -> int:
        """How many sockets this parent or this member of staff has, here and at other workers."""
        away = self.elsewhere.sockets(conversation=conversation, staff=staff)
        if staff is not None:
            return away + len(self.of_staff(staff))
        return away + sum(connection.conversation == conversation for connection in self.connections)

    def of_staff(self, staff: UUID) -> list[Connection]:
        """The sockets of one member of staff."""
        return [connection for connection in self.connections if connection.staff == staff]

    def of_parents(self) -> list[Connection]:
        """All parents' sockets."""
        return [connection for connection in self.connections if connection.conversation is not None]

    def all_staff(self) -> list[Connection]:
        """All sockets of staff."""
        return [connection for connection in self.connections if connection.staff is not None]

    def subscribe(self, connection: Connection, subscription: Subscription) -> None:
        """From now on live events of the stream are held for this connection until it has caught up.

        A connection that has gone meanwhile stays gone.
        """
        if connection not in self.connections:
            return
        first = connection.role not in self.who_is_here(subscription.stream)
        connection.subscriptions[subscription.stream] = subscription
        self._listeners.setdefault(subscription.stream, set()).add(connection)
        self.elsewhere.moved(stream=subscription.stream)
        if first:
            self._tell_presence(subscription.stream, connection, here=True)

    def unsubscribe(self, connection: Connection, stream: str) -> None:
        """Nothing more of this stream reaches this connection."""
        connection.subscriptions.pop(stream, None)
        listeners = self._listeners.get(stream, set())
        listeners.discard(connection)
        self.elsewhere.moved(stream=stream)
        if not listeners:
            self._listeners.pop(stream, None)
        elif connection.role not in self.who_is_here(stream):
            self._tell_presence(stream, connection, here=False)

    def who_is_here(self, stream: str) -> set[str]:
        """The roles that listen to a stream now, here or at another worker."""
        away = self.elsewhere.roles(stream)
        return away.union(connection.role for connection in self._listeners.get(stream, ()))

    def caught_up(self, connection: Connection, stream: str, *, up_to: int) -> None:
        """The client has been sent everything to `up_to`: what was held since goes out, in order."""
        subscription = connection.subscriptions.get(stream)
        if subscription is None:
            return
        subscription.sent = max(subscription.sent, up_to)
        subscription.catching_up = False
        self._flush(connection, subscription)

    def fan_out(self, event: LogAppended) -> None:
        """Deliver a committed event to everybody who may see it, here and at other workers, encoded once."""
        stream = stream_name(event.stream, event.conversation)
        holders = self.elsewhere.holders(stream)
        if not holders and stream not in self._listeners:
            return
        text = encode(
            frames.Ev(
                s=stream,
                epoch=event.epoch,
                seq=event.seq,
                k=event.kind,  # type: ignore[arg-type]  # the log's CHECK-free column holds these kinds only
                at=event.at,
                gen=event.generation,
                d=event.wire,  # type: ignore[arg-type]  # of a message as a struct: encoding a dict costs thrice
            )
        )
        if holders:
            self.elsewhere.push(holders, stream, event.seq, event.generation, text)
        self._deliver(stream, event.seq, event.generation, text, checked=False)

    def deliver(self, stream: str, seq: int, generation: int, text: str, *, checked: bool = False) -> None:
        """Deliver an event that another worker committed to everybody here who may see it.

        `checked` says that the listeners' ownership was compared with the database just now. Staff are handed
        nothing else while the other workers cannot be heard: a hint that they lost it may have been missed.
        """
        self._deliver(stream, seq, generation, text, checked=checked)

    def _deliver(self, stream: str, seq: int, generation: int, text: str, *, checked: bool) -> None:
        listeners = self._listeners.get(stream)
        if not listeners:
            return
        withheld = not (checked or self.elsewhere.trusted)
        for connection in list(listeners):
            subscription = connection.subscriptions[stream]
            if subscription.generation is not None:
                if withheld:
                    continue
                if subscription.generation < generation:
                    self.unsubscribe(connection, stream)  # a former owner is shown nothing more
                    continue  # an older event is the new owner's to read all the same
            self._offer(connection, subscription, seq, text)

    def tell(self, stream: str, frame: frames.Eph, *, but: Connection | None = None) -> None:
        """Send something ephemeral to the stream's listeners, save its originator."""
        text = encode(frame)
        self.tell_here(stream, text, but=but)
        self.elsewhere.signal(stream, text)

    def tell_here(self, stream: str, text: str, *, but: Connection | None = None) -> None:
        """Send something ephemeral to the listeners at this worker."""
        withheld = not self.elsewhere.trusted
        for connection in self._listeners.get(stream, ()):
            shown = connection.welcomed and not (withheld and connection.staff is not None)
            if connection is not but and shown:
                connection.outbound.put(text)

    def assigned(self, event: CoachAssigned) -> None:
        """A new owner: every other member of staff hears nothing more, the owner's sockets listen now."""
        for stream in ("conv", "staff"):
            name = stream_name(stream, event.conversation)
            for connection in list(self._listeners.get(name, ())):
                if connection.staff is not None and connection.staff != event.staff:
                    self.unsubscribe(connection, name)
        for connection in self.of_staff(event.staff):
            self.bring(connection, event.conversation, event.generation)

    def released(self, event: CoachReleased) -> None:
        """Nobody owns the conversation: no member of staff hears more of it."""
        for stream in ("conv", "staff"):
            name = stream_name(stream, event.conversation)
            for connection in list(self._listeners.get(name, ())):
                if connection.staff is not None:
                    self.unsubscribe(connection, name)
                    connection.participants.pop(event.conversation, None)

    def signed_out(self, event: StaffSignedOut) -> None:
        """Close the sockets of a session that has ended."""
        for connection in self.of_staff(event.staff):
            if connection.staff_session == event.session:
                connection.outbound.close(4501)

    def revoked(self, event: ParentRevoked) -> None:
        """Close the parent's sockets: their tokens open nothing any more."""
        for connection in self.of_parents():
            if connection.conversation == event.conversation:
                connection.outbound.close(4501)

    async def leave(self) -> None:
        """Send everybody away to come back elsewhere, each once their answers are out, and not all at once.

        From now on nothing more is read from any socket. Nobody is told to go before everything that was
        begun is committed: who came back sooner would miss it, as this worker cannot tell the other.
        """
        self.leaving = True
        here = list(self.connections)
        with contextlib.suppress(TimeoutError):  # what has no answer by then is asked again elsewhere
            async with asyncio.timeout(LEAVE_S):
                await asyncio.gather(*(connection.all_answered() for connection in here))
        apart = min(SPREAD_MS, MOST_SPREAD_MS / max(1, len(here)))
        for place, connection in enumerate(here):
            connection.outbound.close(RESTART, f"retry_ms={int(place * apart)}")
        with contextlib.suppress(TimeoutError):  # nor does anybody wait for who does not read
            async with asyncio.timeout(LEAVE_S):
                await asyncio.gather(*(connection.outbound.drained() for connection in here))

    def _spawn(self, connection: Connection, work: Awaitable[None]) -> None:
        """Run this beside everything else; where it fails, the socket must come back."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

        def done(_: asyncio.Future[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("socket.not_brought_up", kind=type(error).__name__)
                connection.outbound.close(4006)

        task.add_done_callback(done)

    def _offer(self, connection: Connection, subscription: Subscription, seq: int, text: str) -> None:
        if seq == subscription.sent + 1 and not subscription.held and not subscription.catching_up:
            subscription.sent = seq
            connection.outbound.put(text)
            return
        if seq <= subscription.sent:
            return
        subscription.held[seq] = text
        if len(subscription.held) > MOST_HELD:
            connection.outbound.close(4002)
        elif not subscription.catching_up:
            self._flush(connection, subscription)
            if subscription.held:
                self.elsewhere.missing(subscription.stream)

    @staticmethod
    def _flush(connection: Connection, subscription: Subscription) -> None:
        for seq in [seq for seq in subscription.held if seq <= subscription.sent]:
            del subscription.held[seq]
        while (text := subscription.held.pop(subscription.sent + 1, None)) is not None:
            subscription.sent += 1
            connection.outbound.put(text)

    def _tell_presence(self, stream: str, connection: Connection, *, here: bool) -> None:
        if stream.startswith("conv:"):
            self.tell_presence(stream, connection.role, here=here, but=connection)

    def tell_presence(self, stream: str, role: str, *, here: bool, but: Connection | None = None) -> None:
        """Tell the listeners at this worker that a role has come or gone; every worker tells its own."""
        if not self.elsewhere.trusted:
            self._untold.add((stream, role))
        self.tell_here(stream, _presence(stream, role, here=here), but=but)

    def tell_untold(self) -> None:
        """Tell staff who is here now of those who came or went while nothing could be shown to them."""
        if not self.elsewhere.trusted:
            return
        untold, self._untold = self._untold, set()
        for stream, role in sorted(untold):
            told = _presence(stream, role, here=role in self.who_is_here(stream))
            for connection in self.here(stream):
                if connection.staff is not None and connection.role != role and connection.welcomed:
                    connection.outbound.put(told)

    def here(self, stream: str) -> list[Connection]:
        """The connections of this worker that listen to a stream."""
        return list(self._listeners.get(stream, ()))

    def bring(self, connection: Connection, conversation: UUID, generation: int) -> None:
        """Bring a conversation to one of its owner's sockets, which does not listen to it yet."""
        if self.claimed is not None:
            self._spawn(connection, self.claimed(connection, conversation, generation))


def _presence(stream: str, role: str, *, here: bool) -> str:
    return encode(frames.Eph(s=stream, k="presence", d={"from": role, "here": here}))
