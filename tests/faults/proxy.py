"""A bad network of our own: a TCP proxy on loopback whose every connection can be spoilt by itself.

`up` is what the client says, `down` what the server says. A cut way swallows what is sent and tells nobody;
a paused way stops reading, so that the sender's buffers fill; a slow one lets so many bytes a second through.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 65_536
SMALL_BUFFER = 4096  # the kernel must not read on for a reader that is slow


@dataclass(slots=True)
class Way:
    """One direction of one connection; changing its fields changes what it does from the next byte on."""

    cut: bool = False
    bytes_a_second: float | None = None
    passed: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._open.set()

    def pause(self) -> None:
        """Read no more until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Read on."""
        self._open.set()

    async def opened(self) -> None:
        """Wait while paused."""
        await self._open.wait()


class Wire:
    """One connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.up, self.down = Way(), Way()
        self.left_by_client = asyncio.Event()
        self.left_by_server = asyncio.Event()
        self.over = asyncio.Event()
        self.resets_after: int | None = None
        self._client = client
        self._server: asyncio.StreamWriter | None = None

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Swallow from now on what goes this way, or both."""
        self.up.cut, self.down.cut = self.up.cut or up, self.down.cut or down

    def reset(self) -> None:
        """Break the connection off on both sides with a RST, as a crashed router does."""
        for writer in filter(None, (self._client, self._server)):
            reset(writer)
        self.over.set()

    def reset_mid_frame(self, *, after: int = 3) -> None:
        """Let `after` bytes of the next thing that the server says through, then `reset`."""
        self.resets_after = after

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way, left: asyncio.Event
    ) -> None:
        """Carry one way until its sender leaves; who leaves is told to the other side unless that is cut."""
        with suppress(OSError):
            while True:
                await way.opened()
                data = await reader.read(CHUNK if way.bytes_a_second is None else SMALL_BUFFER)
                if not data:
                    break
                await way.opened()
                if way.bytes_a_second is not None:
                    await asyncio.sleep(len(data) / way.bytes_a_second)  # the fault itself
                if way.cut:
                    continue
                if way is self.down and self.resets_after is not None:
                    writer.write(data[: self.resets_after])
                    await writer.drain()
                    self.reset()
                    return
                way.passed += len(data)
                writer.write(data)
                await writer.drain()
        left.set()
        if not way.cut:
            writer.close()

    async def carry(self, reader: asyncio.StreamReader, host: str, port: int, *, half_open: bool) -> None:
        """Connect to the server, unless nothing is to be forwarded at all, and carry both ways."""
        if half_open:
            with suppress(OSError):
                while await reader.read(CHUNK):
                    pass
            self.left_by_client.set()
            return
        try:
            far_reader, self._server = await asyncio.open_connection(
                sock=await _connected(host, port), limit=SMALL_BUFFER
            )
        except OSError:
            reset(self._client)
            return
        await asyncio.gather(
            self._carry(reader, self._server, self.up, self.left_by_client),
            self._carry(far_reader, self._client, self.down, self.left_by_server),
        )

    async def close(self) -> None:
        """Let go of both sides."""
        self.over.set()
        for writer in filter(None, (self._client, self._server)):
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


async def _connected(host: str, port: int) -> socket.socket:
    """A connection whose kernel holds little for a reader that is slow."""
    far = socket.socket()
    far.setblocking(False)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    try:
        await asyncio.get_running_loop().sock_connect(far, (host, port))
    except OSError:
        far.close()
        raise
    return far


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST: lingering for no time throws away what was not sent."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """Listens on `url`; every connection it has had is in `wires`, in order.

    `half_open` is asked of each new connection: whether to accept it and forward nothing.
    """

    def __init__(self, host: str, port: int) -> None:
        self.wires: list[Wire] = []
        self.half_open: Callable[[], bool] = lambda: False
        self.url = ""
        self.serving: set[asyncio.Task[None]] = set()
        self._far = host, port
        self._came = asyncio.Condition()

    async def wire(self, number: int) -> Wire:
        """The connection of this number, counted from 0, when it has come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.wires) > number)
        return self.wires[number]

    @property
    def living(self) -> list[Wire]:
        """The connections that nobody has left."""
        return [
            wire
            for wire in self.wires
            if not any(end.is_set() for end in (wire.over, wire.left_by_client, wire.left_by_server))
        ]

    def lead_to(self, url: str) -> None:
        """From now on newcomers are led to this server; who is connected stays where they are."""
        self._far = _address(url)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, beside the others."""
        task = asyncio.create_task(self._serve(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(writer)
        async with self._came:
            self.wires.append(wire)
            self._came.notify_all()
        try:
            await wire.carry(reader, *self._far, half_open=self.half_open())
        finally:
            await wire.close()


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server at `http://host:port`, until the block ends."""
    proxy = Proxy(*_address(url))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(proxy.accept, sock=listener, backlog=2048, limit=SMALL_BUFFER)
    proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.serving:
            task.cancel()
        await asyncio.gather(*proxy.serving, return_exceptions=True)
