"""This worker among the others: what it tells them, what it hears from them, and whether it can be trusted.

Everything here is a hint. A worker that has not heard its own beat come back from Redis for a while knows
that hints may be missing: it shows staff nothing that is pushed until what was missed is read from the log.
"""

import asyncio
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable
from secrets import token_hex
from uuid import UUID

import msgspec
import structlog

from app import clock
from app.events import Bus
from app.realtime import envelopes
from app.realtime.directory import Directory, Peer, bits_of
from app.realtime.envelopes import (
    Ask,
    Beat,
    Changed,
    Envelope,
    Gone,
    Held,
    Pushed,
    Signal,
    Something,
    Told,
    Whole,
)
from app.realtime.hub import Hub
from app.realtime.link import Address, Link
from app.realtime.pace import Paces

# In beats: how long a beat that came back is trusted, after how many a silent peer is doubted, a silent
# connection given up, and a silent peer forgotten.
TRUSTED, DOUBTED, SILENT, FORGOTTEN = 2, 3, 6, 20

ALL = "all"
PROTOCOL = "1"

logger = structlog.get_logger(__name__)


class Broker:
    """One per worker; `run` is its task. `heard` publishes what other workers' transactions did."""

    def __init__(self, address: Address, hub: Hub, paces: Paces, *, secret: bytes, beat: float) -> None:
        self.worker = token_hex(8)
        self.heard = Bus()
        self.directory = Directory()
        self.missing: Callable[[str], None] = lambda _: None
        self._hub = hub
        self._paces = paces
        self._beat = beat
        # Services that share a Redis do not hear each other.
        self._prefix = f"earshot:{PROTOCOL}:{hmac.digest(secret, b'broker', hashlib.sha256).hex()[:16]}:"
        self._number = 0
        self._moved: set[str] = set()  # conversations
        self._moved_staff: set[UUID] = set()
        self._askers: set[str] = set()
        self._outbox: defaultdict[str, list[Something]] = defaultdict(list)
        self._flushing = False
        self._lease = 0.0  # until when pushed events may be shown to staff
        self._verified = False  # what was missed before the lease began has been read
        self.lapses = 0  # how often it has ended
        self._heard_at = 0.0
        self.link = Link(
            address,
            channels=(self._channel(ALL), self._channel(self.worker)),
            hear=self._hear,
            up=self._up,
            down=self._down,
        )

    async def run(self) -> None:
        """Stay connected and beat, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            tasks.create_task(self._keep_beating())

    async def farewell(self) -> None:
        """Tell the others that this worker stops, after everything else that was to be told."""
        self._queue(ALL, Gone())
        self._flush()
        await self.link.close()

    # Whether what is pushed may be shown

    @property
    def leased(self) -> bool:
        """Whether this worker's own beat has come back lately."""
        return clock.monotonic() < self._lease

    @property
    def trusted(self) -> bool:
        """Whether it has, and what was missed before that has been read."""
        return self._verified and clock.monotonic() < self._lease

    @property
    def in_doubt(self) -> bool:
        """Whether another worker is silent, and may have written what it could not tell."""
        silent_since = clock.monotonic() - DOUBTED * self._beat
        return any(peer.heard < silent_since for peer in self.directory.peers.values())

    def verified(self, *, lapses: int) -> None:
        """What was missed up to this lapse has been read: what is pushed may be shown, if none followed."""
        self._verified = lapses == self.lapses

    # What the hub asks for

    def holders(self, stream: str) -> Iterable[str]:
        """The other workers that have listeners of this stream."""
        kind, _, conversation = stream.partition(":")
        return self.directory.holders(kind, conversation)

    def push(self, workers: Iterable[str], stream: str, seq: int, generation: int, text: str) -> None:
        """Hand these workers the frame of a committed event; all of one moment go in one envelope."""
        item = Pushed(stream=stream, seq=seq, generation=generation, text=text)
        for worker in workers:
            self._queue(worker, item)

    def signal(self, stream: str, text: str) -> None:
        """Hand something ephemeral to the workers with listeners of this stream."""
        item = Signal(stream=stream, text=text)
        for worker in self.holders(stream):
            self._queue(worker, item)

    def roles(self, stream: str) -> set[str]:
        """The roles that listen to this stream at other workers."""
        return self.directory.roles(stream.partition(":")[2])

    def sockets(self, *, conversation: UUID | None, staff: UUID | None) -> int:
        """How many sockets this parent or this member of staff has at other workers."""
        if staff is not None:
            return self.directory.sockets(str(staff))
        return self.directory.parents(str(conversation))

    def moved(self, *, stream: str | None = None, staff: UUID | None = None) -> None:
        """Announce before long who listens to this stream here, or how many sockets this person has."""
        if staff is not None:
            self._moved_staff.add(staff)
        if stream is not None:
            self._moved.add(stream.partition(":")[2])
            self.missing(stream)  # what another worker wrote before it heard of this listener
        self._flush_soon()

    def tell(self, event: envelopes.Hint) -> None:
        """Tell all other workers of a domain event that was committed here."""
        self._queue(ALL, envelopes.told(event))

    # Out

    def _queue(self, worker: str, item: Something) -> None:
        if self.link.connected:  # else the others find it in the log
            self._outbox[worker].append(item)
            self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Publish what one turn of the loop has queued: one envelope for each who is to hear it."""
        self._flushing = False
        if self._moved or self._moved_staff:
            places, staff = self._holdings(self._moved, self._moved_staff)
            self._moved, self._moved_staff = set(), set()
            self._number += 1
            self._outbox[ALL].append(Changed(number=self._number, places=places, staff=staff))
        for asker in self._askers:
            self._outbox[asker].append(self._whole())
        self._askers = set()
        outbox, self._outbox = self._outbox, defaultdict(list)
        for worker, items in outbox.items():
            self.link.publish(self._channel(worker), envelopes.pack(Envelope(self.worker, items)))

    def _whole(self) -> Whole:
        conversations = {
            stream.partition(":")[2] for each in self._hub.connections for stream in each.subscriptions
        }
        people = {each.staff for each in self._hub.connections if each.staff is not None}
        places, staff = self._holdings(conversations, people)
        return Whole(number=self._number, places=places, staff=staff)

    def _holdings(self, conversations: set[str], people: set[UUID]) -> tuple[dict[str, Held], dict[str, int]]:
        places = {}
        for conversation in conversations:
            here = self._hub.here(f"conv:{conversation}")
            roles = {connection.role for connection in here}
            parents = sum(each.role == "parent" and not each.over_http for each in here)
            places[conversation] = Held(roles=bits_of(roles), parents=parents)
        staff = dict.fromkeys(map(str, people), 0)
        if people:
            for connection in self._hub.all_staff():
                if connection.staff in people and not connection.over_http:
                    staff[str(connection.staff)] += 1
        return places, staff

    # In

    def _hear(self, payload: bytes) -> None:
        try:
            envelope = envelopes.unpack(payload)
        except msgspec.DecodeError:  # another version's; its words could quote what is in it
            logger.warning("broker.not_understood", size=len(payload))
            return
        now = clock.monotonic()
        if envelope.sender == self.worker:
            for item in envelope.items:
                if isinstance(item, Beat):
                    self._own_beat(item, now)
            return
        peer = self.directory.peer(envelope.sender, now)
        for item in envelope.items:
            if isinstance(item, Pushed):
                self._hub.deliver(item.stream, item.seq, item.generation, item.text)
            elif isinstance(item, Signal):
                self._hub.tell_here(item.stream, item.text)
            elif isinstance(item, Told):
                event = envelopes.hint_of(item)
                if event is not None:
                    self.heard.publish(event)
            else:
                self._attend(envelope.sender, peer, item, now)

    def _own_beat(self, beat: Beat, now: float) -> None:
        if now >= self._lease:  # first of all what was missed must be read
            self._verified = False
            self.lapses += 1
        self._heard_at = now
        self._lease = beat.sent + TRUSTED * self._beat

    def _attend(self, sender: str, peer: Peer, item: Something, now: float) -> None:
        """What another worker says of itself."""
        if isinstance(item, Changed) and item.number == (peer.number or 0) + 1 and peer.number is not None:
            peer.number = item.number
            self._note(item.places, lambda: self.directory.change(sender, item.places, item.staff))
        elif isinstance(item, Whole):
            peer.number, peer.asked = item.number, None
            touched = [*peer.places, *item.places]
            self._note(touched, lambda: self.directory.replace(sender, item.places, item.staff))
        elif isinstance(item, Ask):
            self._askers.add(sender)
            self._flush_soon()
        elif isinstance(item, Gone):
            self._forget(sender)
        elif isinstance(item, Beat | Changed):
            if isinstance(item, Beat):
                self._paces.note(item.spent)
            if item.number != peer.number and (peer.asked is None or now - peer.asked > self._beat):
                peer.asked = now  # an announcement of theirs was lost, or they are new
                self._queue(sender, Ask())

    def _note(self, conversations: Iterable[str], change: Callable[[], None]) -> None:
        """Change the directory, and tell the listeners here whose presence that changes."""
        before = {conversation: self.directory.roles(conversation) for conversation in conversations}
        change()
        for conversation, roles in before.items():
            stream = f"conv:{conversation}"
            here = self._hub.here(stream)
            if not here:
                continue
            present = {connection.role for connection in here}
            for role in sorted((roles ^ self.directory.roles(conversation)) - present):
                self._hub.tell_presence(stream, role, here=role not in roles)

    def _forget(self, worker: str) -> None:
        peer = self.directory.peers.get(worker)
        if peer is not None:
            self._note(list(peer.places), lambda: self.directory.drop(worker))

    # The beat

    def _up(self) -> None:
        self._heard_at = clock.monotonic()
        self._outbox.clear()
        self._outbox[ALL] += [Ask(), self._whole(), self._a_beat()]
        self._flush()

    def _down(self) -> None:
        self._lease = 0.0
        self._outbox.clear()

    def _a_beat(self) -> Beat:
        return Beat(sent=clock.monotonic(), number=self._number, spent=self._paces.spent())

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._beat)
            now = clock.monotonic()
            if self.link.connected and now - self._heard_at > SILENT * self._beat:
                self.link.reset()
            self._queue(ALL, self._a_beat())
            for worker, peer in list(self.directory.peers.items()):
                if now - peer.heard > FORGOTTEN * self._beat:
                    self._forget(worker)

    def _channel(self, worker: str) -> bytes:
        return f"{self._prefix}{worker}".encode()
