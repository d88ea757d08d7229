"""Looking into the log for what the other workers could not tell: the database is the truth, all else a hint.

While the broker is heard, every socket's streams are compared with the database every few seconds, so that
a lost hint costs no more than that. While it is not, or another worker is silent, this is how events arrive;
and staff, to whom nothing is pushed then, are shown only what they were found to own in the same reading.
"""

import asyncio
from collections.abc import Iterable
from math import inf
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.chat import access, transcript
from app.chat.access import Owned
from app.chat.log import Entry
from app.db import DATABASE_ERRORS, reading
from app.realtime import frames
from app.realtime.broker import Broker
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.hub import Connection, Hub, Subscription, stream_name

# In beats: how often all streams are looked at while the broker is heard, how often while it is not, and how
# long an event may be on its way before it counts as lost.
CALM, ALARMED, GRACE = 4, 1, 0.5
MOST_OF_THE_TIME = 0.02  # what looking may cost of a core, at most

logger = structlog.get_logger(__name__)


class Look:
    """One per worker with a broker; `run` is its task."""

    def __init__(self, realtime: Realtime, broker: Broker, *, beat: float) -> None:
        self._realtime = realtime
        self._hub = realtime.hub
        self._broker = broker
        self._beat = beat
        self._wanted: set[str] = set()
        self._suspected: dict[str, int] = {}  # streams whose newest event has not come yet, and its `seq`
        self._read_at = 0.0  # when everything is to be read next
        self._compared_at = -inf  # when everything was compared last
        self._rest = 0.0  # how long comparing rests after that, for what it took
        self._stopped = asyncio.Event()

    def at(self, stream: str) -> None:
        """Look at this stream before long: an event has been overtaken, or a listener is new."""
        self._wanted.add(stream)

    async def run(self) -> None:
        """Look, as often as the broker's silence demands, until `stop`."""
        stopped = asyncio.ensure_future(self._stopped.wait())
        while True:
            await asyncio.wait({stopped}, timeout=GRACE * self._beat)
            if stopped.done():
                return
            try:
                await self._look()
            except DATABASE_ERRORS as error:
                logger.warning("log.not_looked_at", kind=type(error).__name__)

    def stop(self) -> None:
        """Let `run` end once it has looked: a reading that is broken off costs its connection."""
        self._stopped.set()

    async def _look(self) -> None:
        now, leased, lapses = clock.monotonic(), self._broker.leased, self._broker.lapses
        if not self._broker.trusted:
            if leased or now >= self._read_at:
                self._read_at = now + ALARMED * self._beat
                await self._read_everything()
            if leased:
                # The broker is heard again, and what was missed before has been read. What was pushed
                # meanwhile was withheld from staff: the next look, which comes at once, finds it.
                self._broker.verified(lapses=lapses)
                self._hub.tell_untold()
                self._compared_at, self._rest = -inf, 0.0
            return
        await self._read_suspected()
        every = (ALARMED if self._broker.in_doubt else CALM) * self._beat
        if now >= self._compared_at + max(every, self._rest):
            await self._compare_everything()
            self._compared_at, self._rest = now, (clock.monotonic() - now) / MOST_OF_THE_TIME
        elif self._wanted:
            wanted, self._wanted = self._wanted, set()
            await self._suspect(_reached(self._hub, wanted))

    async def _read_everything(self) -> None:
        """Ownership and events from one state of the database, without waiting for anything on its way."""
        self._wanted.clear()
        self._suspected.clear()
        staff, held = self._staff()
        async with reading(self._realtime.database) as session:
            owned = await _owned(session, staff)
            behind = await _behind(session, _reached(self._hub))
            found = await transcript.read_missing(session, self._realtime.key_ring, behind)
        self._settle_ownership(staff, held, owned)
        self._deliver(found, checked=True)
        self._realtime.boards.mark()

    async def _compare_everything(self) -> None:
        self._wanted.clear()
        staff, held = self._staff()
        async with reading(self._realtime.database) as session:
            owned = await _owned(session, staff)
        self._settle_ownership(staff, held, owned)
        await self._suspect(_reached(self._hub))
        self._realtime.boards.mark()

    async def _suspect(self, reached: dict[str, int]) -> None:
        """Remember what is behind; most of it is on its way, and the rest is read when the grace is over."""
        if not reached:
            return
        async with reading(self._realtime.database) as session:
            self._suspected |= await _heads(session, reached)

    async def _read_suspected(self) -> None:
        suspected, self._suspected = self._suspected, {}
        reached = _reached(self._hub, suspected)
        behind = {stream: seq for stream, seq in reached.items() if seq < suspected[stream]}
        if not behind:
            return
        async with reading(self._realtime.database) as session:
            found = await transcript.read_missing(session, self._realtime.key_ring, behind)
        self._deliver(found, checked=False)

    def _staff(self) -> tuple[list[Connection], list[tuple[Connection, Subscription]]]:
        staff = self._hub.all_staff()
        return staff, [(each, held) for each in staff for held in each.subscriptions.values()]

    def _settle_ownership(
        self, staff: list[Connection], held: list[tuple[Connection, Subscription]], owned: set[Owned]
    ) -> None:
        """End what staff listened to before the reading and do not own; bring them what they own."""
        for connection, subscription in held:
            conversation = UUID(subscription.stream.partition(":")[2])
            if connection.subscriptions.get(subscription.stream) is not subscription:
                continue  # it has ended, or begun anew, meanwhile
            if (connection.staff, conversation, subscription.generation) not in owned:
                self._hub.unsubscribe(connection, subscription.stream)
                connection.participants.pop(conversation, None)
        for connection in staff:
            if connection not in self._hub.connections:
                continue
            for owner, conversation, generation in owned:
                known = connection.subscriptions.get(stream_name("conv", conversation))
                if owner == connection.staff and (known is None or known.generation != generation):
                    self._hub.bring(connection, conversation, generation)

    def _deliver(self, found: dict[str, tuple[str, list[Entry]]], *, checked: bool) -> None:
        for stream, (epoch, entries) in found.items():
            for entry in entries:
                frame = frames.Ev(
                    s=stream,
                    epoch=epoch,
                    seq=entry.seq,
                    k=entry.kind,  # type: ignore[arg-type]  # the log holds these kinds only
                    at=clock.wire(entry.at),
                    gen=entry.generation,
                    d=entry.wire,
                )
                self._hub.deliver(stream, entry.seq, entry.generation, encode(frame), checked=checked)


def _reached(hub: Hub, streams: Iterable[str] | None = None) -> dict[str, int]:
    """Up to which event all who are live have been handed these streams, or every stream heard here."""
    listeners = hub.connections if streams is None else {each for name in streams for each in hub.here(name)}
    wanted = None if streams is None else set(streams)
    found: dict[str, int] = {}
    for connection in listeners:
        for stream, subscription in connection.subscriptions.items():
            if (wanted is None or stream in wanted) and not subscription.catching_up:
                found[stream] = min(subscription.sent, found.get(stream, subscription.sent))
    return found


async def _owned(session: AsyncSession, staff: list[Connection]) -> set[Owned]:
    return await access.owned(session, staff={each.staff for each in staff if each.staff is not None})


async def _heads(session: AsyncSession, reached: dict[str, int]) -> dict[str, int]:
    """Of these streams, those that have gone on, each with the `seq` of its newest event."""
    conversations = {UUID(stream.partition(":")[2]) for stream in reached}
    heads = await transcript.heads(session, conversations)
    return {stream: heads[stream] for stream, seq in reached.items() if heads.get(stream, 0) > seq}


async def _behind(session: AsyncSession, reached: dict[str, int]) -> dict[str, int]:
    return {stream: reached[stream] for stream in await _heads(session, reached)} if reached else {}
