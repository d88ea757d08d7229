"""The short way through a socket: between the server's parser and the application without a task in between.

Through ASGI each frame wakes a task, passes some coroutines and a general framing, and is written to the
network by itself. That costs several times what the frame does. Where the server offers the short way in its
scope, frames leave by it as long as the client keeps up, all of one turn of the loop in one write; and
messages come in by it while nothing that was said before them is still being carried out.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

EXTENSION = "earshot.direct"

MOST_LEAVING = 32  # heads and payloads

_TEXT = 0x81  # FIN and opcode 1, RFC 6455 section 5.2; what a server sends is not masked
_MEDIUM, _LONG = struct.Struct("!BBH"), struct.Struct("!BBQ")
_MESSAGE = b'{"t":"message.post",'  # as our clients begin it; who writes it otherwise goes the long way


class DirectProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, offering itself in the scope's extensions: `write`, and `hear` to be set."""

    scope: Any = None

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        super().__init__(*arguments, **options)
        self.hear: Callable[[bytes], None] | None = None
        self._waiting = False  # the application has done all that it was told to, and waits for more
        self._leaving: list[bytes] = []

    def handle_connect(self, event: Request) -> None:
        """Begin the application, which starts after this returns."""
        super().handle_connect(event)
        if self.scope is not None:
            self.scope["extensions"][EXTENSION] = {"protocol": self}

    def write(self, text: str) -> bool:
        """Send a text frame, or say that it must wait: the client reads too slowly, or the socket ends."""
        if not self.writable.is_set() or self.close_sent or self.conn.state is not State.OPEN:
            return False
        payload = text.encode()
        size = len(payload)
        if size < 126:
            head = bytes((_TEXT, size))
        elif size < 65536:
            head = _MEDIUM.pack(_TEXT, 126, size)
        else:
            head = _LONG.pack(_TEXT, 127, size)
        if not self._leaving:
            self.loop.call_soon(self._flush)
        self._leaving += (head, payload)
        if len(self._leaving) >= MOST_LEAVING:
            self._flush()  # so that a client which reads too slowly is seen within the turn
        return True

    async def send(self, message: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        """The long way; nothing overtakes what left by the short one."""
        self._flush()
        await super().send(message)

    async def receive(self) -> "ASGIReceiveEvent":
        """The next event, by the long way."""
        self._waiting = True
        try:
            return await super().receive()
        finally:
            self._waiting = False

    def handle_text(self, event: Frame) -> None:
        """Hand a whole message over at once where nothing said before it is still to be done."""
        short = self.hear is not None and self._waiting and event.fin and self.queue.empty()
        data = bytes(event.data) if short else b""
        if self.hear is not None and data.startswith(_MESSAGE):
            self.hear(data)
        else:
            super().handle_text(event)

    def shutdown(self) -> None:
        """The server ends. A socket that has said its last word waits for the other end's, within the grace.

        Cut off with something of the client's unread, TCP would take back what the client had not read
        either: the last answers, and the code that tells it to come back.
        """
        self._flush()
        if not self.close_sent:
            super().shutdown()

    def _flush(self) -> None:
        leaving, self._leaving = self._leaving, []
        if leaving and not self.transport.is_closing():
            self.transport.write(b"".join(leaving))


def direct_of(scope: Any) -> DirectProtocol | None:  # noqa: ANN401 (ASGI's own)
    """The server's short way for this socket, where it offers one."""
    offered = scope.get("extensions", {}).get(EXTENSION)
    return offered["protocol"] if offered else None
