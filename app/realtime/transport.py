"""The short way through a socket: between the server's parser and the application without a task in between.

Through ASGI each frame passes a general parser, wakes a task, goes through some coroutines and a general
framing. That costs several times what the frame does. Where the server offers the short way in its scope,
frames leave by it as long as the client keeps up (the loop writes all of one turn at once); and messages come
in by it while nothing that was said before them is still being carried out.
"""

import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import apply_mask  # type: ignore[attr-defined]  # the compiled one, if there is one
from websockets.http11 import Request
from websockets.protocol import State

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

EXTENSION = "earshot.direct"

# RFC 6455 section 5.2: what a client sends is masked, what a server sends is not.
_TEXT = 0x81  # FIN and opcode 1
_MASKED, _KEY = 0x80, 4
_MOST_HEAD = 14
_MEDIUM, _LONG = struct.Struct("!BBH"), struct.Struct("!BBQ")
_MESSAGE = b'{"t":"message.post",'  # as our clients begin it; who writes it otherwise goes the long way


class DirectProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, offering itself in the scope's extensions: `write`, and `hear` to be set."""

    scope: Any = None
    hear: Callable[[bytes], None] | None = None
    _waiting = False  # the application has done all that it was told to, and waits for more
    _rest = b""  # the beginning of a frame whose end has not come

    def handle_connect(self, event: Request) -> None:
        """Begin the application, which starts after this returns."""
        super().handle_connect(event)
        if self.scope is not None:
            self.scope["extensions"][EXTENSION] = {"protocol": self}

    def write(self, text: str) -> bool:
        """Send a text frame, or say that it must wait: the client reads too slowly, or the socket ends."""
        if (
            not self.writable.is_set()
            or self.close_sent
            or self.conn.state is not State.OPEN
            or self.transport.is_closing()
        ):
            return False
        payload = text.encode()
        size = len(payload)
        if size < 126:
            head = bytes((_TEXT, size))
        elif size < 65536:
            head = _MEDIUM.pack(_TEXT, 126, size)
        else:
            head = _LONG.pack(_TEXT, 127, size)
        self.transport.write(head + payload)
        return True

    async def receive(self) -> "ASGIReceiveEvent":
        """The next event, by the long way."""
        self._waiting = True
        try:
            return await super().receive()
        finally:
            self._waiting = False

    def data_received(self, data: bytes) -> None:
        """Hand whole messages over at once where nothing said before them is still to be done.

        All else goes the long way, frame by frame: the general parser always stands between two of them.
        """
        if self.scope is None:
            super().data_received(data)  # the handshake, which comes by itself
            return
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end = 0, len(data)
        while at < end:
            start, stop = payload_of(data, at)
            if stop > end and stop - at <= self.config.ws_max_size + _MOST_HEAD:
                self._rest = data[at:]
                return
            message = data[at] == _TEXT and stop <= end and self._may_hear()
            text = apply_mask(data[start:stop], data[start - _KEY : start]) if message else b""
            if self.hear is not None and text.startswith(_MESSAGE):
                self.hear(text)
            else:  # what is no frame, or too long, is the general parser's to refuse
                super().data_received(data[at:stop])
            at = stop

    def part(self) -> None:
        """The last word has been said to somebody who is not heard: nobody waits for theirs."""
        self.transport.close()

    def shutdown(self) -> None:
        """The server ends. A socket that has said its last word waits for the other end's, within the grace.

        Cut off with something of the client's unread, TCP would take back what the client had not read
        either: the last answers, and the code that tells it to come back.
        """
        if not self.close_sent:
            super().shutdown()

    def _may_hear(self) -> bool:
        return (
            self.hear is not None
            and self._waiting
            and self.queue.empty()
            and self.conn.current_size is None  # no fragment waits for its continuation
            and self.conn.state is State.OPEN
        )


def payload_of(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the client's frame at this place starts and stops, as far as its head has come.

    What is not masked is no client's frame: it has no end.
    """
    end = len(data)
    if at + 1 >= end:
        return end, at + 2 + _KEY
    size, start = data[at + 1] ^ _MASKED, at + 2 + _KEY
    if size < 126:
        return start, start + size
    if size > 127:
        return end, sys.maxsize
    start += 2 if size == 126 else 8
    if start > end:
        return end, start
    return start, start + int.from_bytes(data[at + 2 : start - _KEY])


def direct_of(scope: Any) -> DirectProtocol | None:  # noqa: ANN401 (ASGI's own)
    """The server's short way for this socket, where it offers one."""
    offered = scope.get("extensions", {}).get(EXTENSION)
    return offered["protocol"] if offered else None
