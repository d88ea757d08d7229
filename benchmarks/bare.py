"""Not a peer but the generator's own measure: hands on bytes as cheaply as one Python process can.

It cuts the mask off a frame and copies the rest to the other socket of the pair; nothing is decoded. Rates
against it show how fast the generator can go.
"""

import asyncio
import base64
import sys
from hashlib import sha1
from typing import cast

import uvloop

from app.rehearsal.server import allow_sockets, listen
from benchmarks.framing import GUID

HOST = "127.0.0.1"
_OTHER = {b"parent": b"coach", b"coach": b"parent"}
_copies: dict[bytes, "Copy"] = {}


class Copy(asyncio.Protocol):
    """One socket of a pair."""

    _transport: asyncio.Transport
    _path = _other = b""
    _rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        if not self._path:
            self._shake(data)
            return
        data, at = self._rest + data, 0
        out = []
        while len(data) - at >= 8:
            long = data[at + 1] == 0xFE
            length = int.from_bytes(data[at + 2 : at + 4], "big") if long else data[at + 1] & 0x7F
            start = at + (8 if long else 6)
            if start + length > len(data):
                break
            out.append(data[at : at + 1] + (b"\x7e" + data[at + 2 : at + 4] if long else bytes((length,))))
            out.append(data[start : start + length])
            at = start + length
        self._rest = data[at:]
        if out:
            _copies[self._other].write(b"".join(out))

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        self._transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 (asyncio's name)
        _copies.pop(self._path, None)

    def _shake(self, data: bytes) -> None:
        lines = data.split(b"\r\n")
        self._path = lines[0].split(b" ")[1]
        pair, _, side = self._path.rpartition(b"/")
        self._other = pair + b"/" + _OTHER[side]
        _copies[self._path] = self
        key = next(line.partition(b": ")[2] for line in lines if line.startswith(b"Sec-WebSocket-Key"))
        accept = base64.b64encode(sha1(key + GUID).digest())  # noqa: S324 (RFC 6455 says so)
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )


async def _serve(port: int) -> None:
    with listen(HOST, port) as listener:
        server = await asyncio.get_running_loop().create_server(Copy, sock=listener)
        await server.serve_forever()


if __name__ == "__main__":
    allow_sockets()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
