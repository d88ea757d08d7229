"""One side's socket, as a real client keeps it: it comes back with its cursors, asks for gaps, sends again.

It also remembers every arrival, the repeated and the misplaced included, for the verdict.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin, Subprotocol

from app import clock
from app.errors import AppError
from app.realtime import frames
from app.realtime.codes import CLOSE_CODES, asked_to_wait_s
from app.rehearsal.held import Held, digest_of, entry_of
from app.rehearsal.verdict import Arrival, Posted, View

STOP = 4500  # close codes from here on tell the client not to come back
PATIENCE_S = 60.0
TRIES = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

_decoder: msgspec.json.Decoder[frames.ServerFrame] = msgspec.json.Decoder(frames.ServerFrame)


class Stuck(Exception):
    """What a rehearsed person waited for did not come in time."""


class Broken(Exception):
    """The connection went while an answer was awaited."""


class Refused(Exception):
    """The service answered a request with an error; `code` is the wire's."""

    def __init__(self, code: str, retry_ms: int | None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_ms = retry_ms


@dataclass(slots=True)
class Measures:
    """Seconds, gathered from all lines of one rehearsal."""

    to_ok: list[float] = field(default_factory=list)
    to_other_side: list[float] = field(default_factory=list)
    to_hold: list[float] = field(default_factory=list)  # the same with those that came by recovery
    waits: list[float] = field(default_factory=list)
    sent_at: dict[UUID, float] = field(default_factory=dict)
    messages: int = 0
    dropped: int = 0
    refused: int = 0  # with leave to try again


@dataclass(frozen=True, slots=True)
class Manner:
    """How a line comes back: how long it waits to be let in, at most between two tries, and how often it asks
    for what is refused for now."""

    opening_s: float = 10.0
    longest_pause_s: float = LONGEST_PAUSE_S
    tries: int = TRIES


class Line:
    """A living connection: `keep` is its task, `hang_up` ends it."""

    def __init__(
        self,
        *,
        url: str,
        side: str,
        token: Callable[[], Awaitable[str]],
        measures: Measures,
        manner: Manner = Manner(),
    ) -> None:
        self.side = side
        self.measures = measures
        self.streams: dict[str, Held] = defaultdict(Held)
        self.states: dict[str, dict[str, Any]] = {}
        self.posted: list[Posted] = []
        self.here: dict[str, set[str]] = defaultdict(set)  # stream → the other roles that are there
        self.ended = ""
        self._url = url
        self._token = token
        self._manner = manner
        self._silence_s = manner.opening_s
        self._pause = FIRST_PAUSE_S
        self._conn = uuid4()
        self._sockets = 0
        self._socket: ClientConnection | None = None
        self._next_id = 1
        self._asked: dict[str, asyncio.Future[dict[str, object]]] = {}
        self._syncs: dict[str, str] = {}
        self._news = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep())

    async def until(self, ready: Callable[[], bool], *, what: str, within: float = PATIENCE_S) -> None:
        """Wait until `ready`, looking after each frame; Stuck says `what` did not come."""
        try:
            async with asyncio.timeout(within):
                while not ready():
                    if self.ended:
                        raise Stuck(f"the {self.side}'s socket was closed for good ({self.ended})")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Stuck(f"the {self.side} waited {within:g} s for {what}") from None

    async def connected(self) -> None:
        """Wait until the service has answered `hello`."""
        await self.until(lambda: self._socket is not None, what="a connection")

    async def news(self, *, within: float) -> None:
        """Wait for the next frame, and for no longer than `within`."""
        self._news.clear()
        try:
            async with asyncio.timeout(within):
                await self._news.wait()
        except TimeoutError:
            return

    async def request(self, make: Callable[[str], frames.Frame], *, what: str) -> dict[str, object]:
        """Send a request and return the data of its `ok`; Refused for an error that stays one.

        Sent again, under a new id, when the connection breaks: the request must bear being repeated.
        """
        for _ in range(self._manner.tries):
            await self.connected()
            number = str(self._next_id)
            self._next_id += 1
            answer: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
            self._asked[number] = answer
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.tell(make(number))
                    return await answer
            except Broken:
                continue
            except Refused as refusal:
                if refusal.retry_ms is None:
                    raise
                self.measures.refused += 1
                await asyncio.sleep(refusal.retry_ms / 1000)
            except TimeoutError:
                raise Stuck(f"the {self.side} had no answer to {what}") from None
            finally:
                self._asked.pop(number, None)
        raise Stuck(f"the {self.side} asked {self._manner.tries} times for {what}")

    async def post(self, conversation: UUID, body: str) -> int:
        """Post a message until it is acknowledged, always under the same id; its `seq`."""
        client_message_id, digest = uuid4(), digest_of(body)
        began = clock.monotonic()
        self.measures.sent_at[client_message_id] = began
        index = len(self.posted)
        self.posted.append(Posted(conversation, self.side, client_message_id, digest, None))
        data = frames.MessagePostData(client_message_id=client_message_id, body=body)
        answer = await self.request(
            lambda number: frames.MessagePost(id=number, s=f"conv:{conversation}", d=data),
            what="the acknowledgement of a message",
        )
        seq = answer.get("seq")
        if not isinstance(seq, int):
            raise Stuck("a message was acknowledged without its number")
        self.posted[index] = Posted(conversation, self.side, client_message_id, digest, seq)
        self.measures.to_ok.append(clock.monotonic() - began)
        self.measures.messages += 1
        return seq

    async def tell(self, frame: frames.Frame) -> None:
        """Send a frame; where there is no connection it is lost, as on a real line."""
        try:
            if self._socket is not None:
                await self._socket.send(frames.encode(frame))
        except ConnectionClosed:
            return

    @property
    def up(self) -> bool:
        """Whether the service has answered `hello`, as far as is known here."""
        return self._socket is not None

    def drop(self) -> None:
        """Break the connection off in the middle, as a train entering a tunnel does."""
        if self._socket is not None:
            self.measures.dropped += 1
            self._socket.transport.abort()

    async def hang_up(self) -> None:
        """Close for good."""
        self.ended = self.ended or "hung up"
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    def view(self, conversation: UUID, *, entitled: bool, whole: bool) -> View:
        """What this side saw of a conversation."""
        held = self.streams[f"conv:{conversation}"]
        return View(
            conversation=conversation,
            side=self.side,
            entitled=entitled,
            whole=whole,
            arrivals=tuple(held.arrivals),
            held=tuple(held.entries[seq] for seq in sorted(held.entries)),
        )

    async def _keep(self) -> None:
        """Connect, read, and come back whenever the connection breaks."""
        while not self.ended:
            asked = 0.0
            try:
                token = await self._token()
                async with connect(
                    self._url.replace("http", "ws", 1) + frames.PATH,
                    origin=Origin(self._url),
                    subprotocols=[Subprotocol(frames.PROTOCOL)],
                    compression=None,
                    ping_interval=None,
                    max_size=None,
                    proxy=None,
                    open_timeout=self._manner.opening_s,
                ) as socket:
                    self._sockets += 1
                    await socket.send(frames.encode(self._hello(token)))
                    self._silence_s = self._manner.opening_s
                    await self._listen(socket)
                code = socket.close_code or 0
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
                asked = asked_to_wait_s(closed.rcvd.reason if closed.rcvd else "")
            except (OSError, InvalidHandshake, httpx.HTTPError) as error:
                code = 0
                if self._pause >= LONGEST_PAUSE_S:
                    self.ended = f"no connection: {type(error).__name__}"
            except AppError as error:
                code, self.ended = 0, error.message
            except msgspec.MsgspecError as error:
                code, self.ended = 0, f"the service sent what is no frame: {error}"
            if code >= STOP:
                self.ended = CLOSE_CODES.get(code, str(code))
            self._lose()
            await asyncio.sleep(self._pause + asked)
            self._pause = min(2 * self._pause, self._manner.longest_pause_s)

    async def _listen(self, socket: ClientConnection) -> None:
        """Take frame after frame; break a socket off that has been silent for a ping and a pong."""
        clock_of_loop = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(self._silence_s) as silence:
                async for text in socket:
                    await self._take(socket, _decoder.decode(text))
                    silence.reschedule(clock_of_loop() + self._silence_s)
        except TimeoutError:
            socket.transport.abort()

    def _hello(self, token: str) -> frames.Hello:
        cursors = {
            name: frames.Cursor(epoch=held.epoch, seq=held.last)
            for name, held in self.streams.items()
            if held.epoch and held.wanted
        }
        return frames.Hello(
            id="0",
            d=frames.HelloData(token=token, client="rehearsal/1.0", conn=self._conn, cursors=cursors),
        )

    def _lose(self) -> None:
        self._socket = None
        self._syncs.clear()
        self.here.clear()
        for held in self.streams.values():
            held.syncing, held.more = None, False
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Broken())
        self._news.set()

    async def _take(self, socket: ClientConnection, frame: frames.ServerFrame) -> None:
        match frame:
            case frames.Welcome():
                self._socket = socket
                self._silence_s, self._pause = frame.d.ping_s + frame.d.pong_s, FIRST_PAUSE_S
            case frames.State():
                self.states[frame.s] = frame.d
            case frames.Ok() | frames.Err():
                await self._answered(frame)
            case frames.Ping():
                await self.tell(frames.Pong())
                for name, head in frame.d.heads.items():
                    await self._catch_up(name, head)
            case frames.Eph(k="presence"):
                present = self.here[frame.s]
                (present.add if frame.d["here"] else present.discard)(str(frame.d["from"]))
            case frames.Eph():
                return
            case _:
                await self._take_events(frame)
        self._news.set()

    async def _take_events(self, frame: frames.Ev | frames.Batch | frames.Snapshot) -> None:
        match frame:
            case frames.Ev():
                body = frames.EventBody(seq=frame.seq, k=frame.k, at=frame.at, gen=frame.gen, d=frame.d)
                if not self._hold(frame.s, frame.epoch, body, live=True):
                    await self._ask_for_rest(frame.s)
            case frames.Batch():
                for body in frame.d.events:
                    self._hold(frame.s, frame.epoch, body, live=False)
            case frames.Snapshot():
                self._replace(frame)

    async def _catch_up(self, name: str, head: int) -> None:
        held = self.streams.get(name)
        if held is not None and head > held.last:
            held.furthest = max(held.furthest, head)
            await self._ask_for_rest(name)

    def _hold(self, name: str, epoch: str, body: frames.EventBody, *, live: bool) -> bool:
        """Note the arrival, and keep the event where it fits; False where others are missing before it."""
        held, entry = self.streams[name], entry_of(body.seq, body.d)
        held.arrivals.append(Arrival(self._sockets, live, entry))
        speaker = body.d.get("from")
        sent = self.measures.sent_at.get(entry.client_message_id) if entry.client_message_id else None
        if live and sent is not None and speaker != self.side:
            self.measures.to_other_side.append(clock.monotonic() - sent)
        if not held.epoch and body.seq == 1:
            held.epoch = epoch
        held.furthest = max(held.furthest, body.seq)
        if epoch != held.epoch or body.seq > held.last + 1:
            return False
        if body.seq <= held.last:
            return True
        held.last = body.seq
        held.entries[body.seq] = entry
        if body.seq > held.reached:
            held.reached = body.seq
            if sent is not None and speaker != self.side:
                self.measures.to_hold.append(clock.monotonic() - sent)
        if body.k == "message.posted" and isinstance(speaker, str):
            held.speakers[body.seq] = speaker
        else:
            held.events[body.seq] = (body.k, {k: v for k, v in body.d.items() if k != "body"})
        return True

    def _replace(self, frame: frames.Snapshot) -> None:
        held = self.streams[frame.s]
        if not held.more:
            held.entries.clear()
            held.speakers.clear()
            held.events.clear()
            held.last = (frame.d.events[0].seq if frame.d.events else frame.d.seq + 1) - 1
            held.furthest = frame.d.seq
        held.epoch, held.more = frame.epoch, frame.d.more
        for body in frame.d.events:
            self._hold(frame.s, frame.epoch, body, live=False)

    async def _ask_for_rest(self, name: str) -> None:
        held = self.streams[name]
        if held.syncing is not None or self._socket is None:
            return
        held.syncing = held.last
        number = f"sync-{self._next_id}"
        self._next_id += 1
        self._syncs[number] = name
        await self.tell(frames.Sync(id=number, s=name, d=frames.SyncData(epoch=held.epoch, seq=held.last)))

    async def _answered(self, frame: frames.Ok | frames.Err) -> None:
        name = self._syncs.pop(frame.re or "", None)
        if name is not None:
            held = self.streams[name]
            moved, held.syncing = held.last != held.syncing, None
            if moved and held.furthest > held.last:
                await self._ask_for_rest(name)
            else:
                held.furthest = held.last
            return
        answer = self._asked.get(frame.re or "")
        if answer is None or answer.done():
            return
        if isinstance(frame, frames.Ok):
            answer.set_result(frame.d)
        else:
            answer.set_exception(Refused(frame.d.code, frame.d.retry_ms))
