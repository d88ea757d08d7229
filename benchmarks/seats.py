"""One socket of the load generator: it greets, says messages, and checks every frame that it hears.

What must come next is prepared as bytes, so that a check is one search: the other side's next message, the
next acknowledgement, the echo of one's own next message. Whatever else holds a message is a fault: it came
twice, out of order, changed, or belongs to somebody else.
"""

import asyncio
from array import array
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns
from typing import cast

from benchmarks import framing
from benchmarks.plan import NUMBER, SIGN, Seat, Step

MOST_FAULTS = 20
_SIGN = SIGN.encode()
_NEVER = b"\xff"  # no text holds it


class Field:
    """What all sockets of a run share."""

    def __init__(self, *, answering: bool) -> None:
        self.answering = answering  # whether a message is answered with one, as in the closed loop
        self.sending = False
        self.measuring = False
        self.latencies = array("q")
        self.faults: list[str] = []

    def fault(self, what: str) -> None:
        """Note what went wrong; some are enough."""
        self.sending = False
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(what)


class Socket(asyncio.Protocol):
    """A seat that is taken. `ready` is done when it has heard all that its greeting asks for."""

    def __init__(self, field: Field, seat: Seat, *, host: str, steps: tuple[Step, ...]) -> None:
        self._field = field
        self._seat = seat
        self._request, self._accept = framing.upgrade(host=host, path=seat.path, protocol=seat.protocol)
        self._steps = deque((step.say.encode(), step.hear.encode()) for step in steps)
        self._beats = [(sign.encode(), answer.encode()) for sign, answer in seat.beats]
        self._ignored = tuple(start.encode() for start in seat.ignored)
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._leaving = False
        self._take: Callable[[bytes], None] = self._greet
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent = self.heard = self.acknowledged = 0
        self.sent_at: deque[int] = deque()
        self._write: Callable[[bytes], None]
        self._other: Socket
        self._post = _with_header(seat.post)
        self.own = _parts(seat.body)
        self._ack = _parts(seat.acknowledged) if seat.acknowledged else []
        self._echo_due, self._echoed = self._own_due(0), 0
        self._ack_due = self._acknowledgement_due(0)
        self._theirs: list[bytes] = []
        self._due = _NEVER

    def meet(self, other: "Socket") -> None:
        """Learn who the other side is, whose messages must be heard here."""
        self._other = other
        self._theirs = other.own
        self._due = _digits(0).join(self._theirs)

    def say(self) -> None:
        """Send this side's next message, where the connection still stands."""
        if self._leaving:
            return
        number = _digits(self.sent)
        self.sent += 1
        self.sent_at.append(perf_counter_ns())
        self._write(number.join(self._post))

    @property
    def delivered(self) -> int:
        """How many of this side's messages the other side heard, and were acknowledged."""
        return min(self._other.heard, self.acknowledged) if self._ack else self._other.heard

    def leave(self) -> None:
        """Break the connection off."""
        self._leaving = True
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._write = self._transport.write
        self._write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._accept:
            self._shake(data)
            return
        try:
            frames, self._rest = framing.split(self._rest + data if self._rest else data)
        except framing.WireBroken as broken:
            self._break(str(broken))
            return
        for opcode, payload in frames:
            if opcode == framing.TEXT:
                self._take(payload)
            else:
                self._control(opcode, payload)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._leaving:
            self._break(f"the server closed a socket ({type(error).__name__ if error else 'at its end'})")
        if not self.gone.done():
            self.gone.set_result(None)

    # What is heard

    def _shake(self, data: bytes) -> None:
        head, whole, rest = (self._rest + data).partition(b"\r\n\r\n")
        if not whole:
            self._rest = head
            return
        try:
            framing.require_upgraded(head, self._accept)
        except framing.WireBroken as broken:
            self._break(str(broken))
            return
        self._accept = self._rest = b""
        self._next_step()
        if rest:
            self.data_received(rest)

    def _next_step(self) -> None:
        if not self._steps:
            self._take = self._hear
            if not self.ready.done():
                self.ready.set_result(None)
        elif self._steps[0][0]:
            self._write(framing.client_frame(self._steps[0][0]))

    def _greet(self, frame: bytes) -> None:
        if self._steps[0][1] in frame:
            self._steps.popleft()
            self._next_step()

    def _hear(self, frame: bytes) -> None:
        field = self._field
        if self._due in frame:
            sent_at = self._other.sent_at.popleft()
            if field.measuring:
                field.latencies.append(perf_counter_ns() - sent_at)
            self.heard += 1
            self._due = _digits(self.heard).join(self._theirs)
            if field.answering and field.sending:
                self.say()
        elif self._ack_due in frame:
            self.acknowledged += 1
            self._ack_due = self._acknowledgement_due(self.acknowledged)
        elif self._echo_due in frame:
            self._echoed += 1
            self._echo_due = self._own_due(self._echoed)
        else:
            self._hear_other(frame)

    def _hear_other(self, frame: bytes) -> None:
        if _SIGN in frame:
            self._field.fault(
                f"a message came twice, out of order, changed or to the wrong side at {self._seat.path}, "
                f"where {self._due.decode()[:40]!r} was due: {frame.decode(errors='replace')!r}"
            )
        elif not frame.startswith(self._ignored):
            for sign, answer in self._beats:
                if frame.startswith(sign):
                    self._write(framing.client_frame(answer))
                    return
            self._field.fault(f"what was not asked for: {frame[:200].decode(errors='replace')!r}")

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == framing.PING:
            self._write(framing.client_frame(payload, framing.PONG))
        elif opcode == framing.CLOSE:
            self._break(f"the server closed a socket with {int.from_bytes(payload[:2], 'big')}")
        elif opcode != framing.PONG:
            self._break(f"the server sent a frame with opcode {opcode}")

    def _break(self, why: str) -> None:
        if self._leaving:
            return
        self._field.fault(why)
        if not self.ready.done():
            self.ready.set_exception(framing.WireBroken(why))
        self.leave()

    def _own_due(self, number: int) -> bytes:
        return _digits(number).join(self.own)

    def _acknowledgement_due(self, number: int) -> bytes:
        return _digits(number).join(self._ack) if self._ack else _NEVER


def _digits(number: int) -> bytes:
    return b"%08d" % number


def _parts(text: str) -> list[bytes]:
    return [part.encode() for part in text.split(NUMBER)]


def _with_header(post: str) -> list[bytes]:
    """A message's frame around its number: all of a socket's messages have one length, so one header."""
    first, *rest = _parts(post)
    length = len(_digits(0).join([first, *rest]))
    return [framing.client_header(length) + first, *rest]
