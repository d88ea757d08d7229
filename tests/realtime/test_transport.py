"""The short way in: however a client's bytes are cut, the same messages are heard, in their order."""

import asyncio
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.realtime.transport import DirectProtocol, direct_of

MOST = 70_000
POST = '{"t":"message.post",'
REQUEST = (
    b"GET /rt/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Line(asyncio.Transport):
    """The server's end of a connection: what is written to it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = self.paused = False

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Listener:
    """An application that notes what it hears, by which way."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.by_short_way = 0
        self.closed_with = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        direct = direct_of(scope)
        assert direct is not None
        direct.hear = self._hear
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            await asyncio.sleep(0)  # while it is carried out, nothing may overtake it
        self.closed_with = message["code"]

    def _hear(self, text: bytes) -> None:
        self.by_short_way += 1
        self.heard.append(text.decode())


def _frame(payload: bytes, *, first: int = 0x81, mask: bytes = b"\1\2\3\4") -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = struct.pack("!BBH", first, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first, 0xFF, size)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + masked


async def _listen(parts: Sequence[bytes]) -> tuple[Listener, bool]:
    """What the application has heard after these parts have come, and whether the line is closed."""
    listener, line = Listener(), Line()
    config = Config(listener, ws=DirectProtocol, ws_max_size=MOST, log_level="critical", lifespan="off")
    config.load()
    protocol = DirectProtocol(config, ServerState(), {})
    protocol.connection_made(line)
    protocol.data_received(REQUEST)
    await _settle()
    for part in parts:
        protocol.data_received(part)
        await _settle()
    return listener, line.closed


async def _settle() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


def _listened(parts: Sequence[bytes]) -> tuple[Listener, bool]:
    return asyncio.run(_listen(parts))


TEXTS = st.one_of(
    st.sampled_from([POST, '{"t":"pong"}', "", "é" * 70]),
    st.integers(0, 300).map(lambda size: POST + "x" * size),
)
MASKS = st.binary(min_size=4, max_size=4)


@trying(max_examples=60, deadline=None, database=None)
@given(
    said=st.lists(st.tuples(TEXTS, MASKS, st.booleans()), max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_however_the_bytes_are_cut_the_same_is_heard_in_order(
    said: list[tuple[str, bytes, bool]], cuts: list[int]
) -> None:
    stream = b""
    for text, mask, in_two in said:
        payload = text.encode()
        if in_two:
            stream += _frame(payload[:3], first=0x01, mask=mask) + _frame(payload[3:], first=0x80, mask=mask)
        else:
            stream += _frame(payload, mask=mask)
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    listener, closed = _listened([stream[a:b] for a, b in pairwise(at)])
    assert listener.heard == [text for text, _, _ in said]
    assert not closed


def test_a_message_takes_the_short_way_and_only_while_nothing_waits() -> None:
    post = _frame(f"{POST}1".encode())
    listener, _ = _listened([post, post + post])
    assert listener.by_short_way == 3
    listener, _ = _listened([_frame(b"something else") + post, post])
    assert (listener.heard[0], listener.by_short_way) == ("something else", 1)


def test_a_long_message_comes_whole() -> None:
    text = POST + "x" * 66_000
    listener, _ = _listened([_frame(text.encode())[:40_000], _frame(text.encode())[40_000:]])
    assert listener.heard == [text]


def test_what_is_no_frame_of_a_client_is_refused_at_once() -> None:
    refused = {
        "too long": (_frame(b"x" * 70_100)[:20], 1009),
        "not masked": (b"\x81\x02hi", 1002),
        "an unknown opcode": (_frame(b"x", first=0x83), 1002),
        "a message within a fragmented one": (
            _frame(b"a", first=0x01) + _frame(f"{POST}1".encode()),
            1002,
        ),
    }
    for why, (data, code) in refused.items():
        listener, closed = _listened([data])
        assert (listener.heard, listener.closed_with, closed) == ([], code, True), why


def test_after_a_close_nothing_is_heard() -> None:
    listener, _ = _listened([_frame(struct.pack("!H", 1000), first=0x88) + _frame(f"{POST}1".encode())])
    assert listener.heard == []
    assert listener.closed_with == 1000
