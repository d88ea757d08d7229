"""The load generator's codec, held against the `websockets` library's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol

from benchmarks import framing

PAYLOADS = st.one_of(st.binary(max_size=300), st.integers(65_500, 65_600).map(lambda size: b"x" * size))


@given(PAYLOADS)
def test_a_server_reads_our_frames(payload):
    server = Protocol(SERVER, max_size=None)
    server.receive_data(framing.client_frame(payload, Opcode.BINARY))
    assert [bytes(event.data) for event in server.events_received()] == [payload]


@given(st.lists(PAYLOADS, max_size=4), st.integers(1, 97))
def test_we_read_a_servers_frames_however_they_are_cut(payloads, step):
    wire = b"".join(Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in payloads)
    heard, rest = [], b""
    step = max(step, len(wire) // 50)
    for start in range(0, len(wire), step):
        frames, rest = framing.split(rest + wire[start : start + step])
        heard += frames
    assert heard == [(framing.TEXT, payload) for payload in payloads]
    assert rest == b""


def test_what_a_server_may_not_send_is_refused():
    masked = Frame(Opcode.TEXT, b"hello").serialize(mask=True)
    fragment = Frame(Opcode.TEXT, b"hello", fin=False).serialize(mask=False)
    for wrong in (masked, fragment):
        with pytest.raises(framing.WireBroken):
            framing.split(wrong)


def test_the_handshake_is_checked():
    _, accept = framing.upgrade(host="localhost", path="/", protocol="")
    right = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept
    framing.require_upgraded(right, accept)
    for wrong in (right.replace(b"101", b"403"), right[:-3]):
        with pytest.raises(framing.WireBroken):
            framing.require_upgraded(wrong, accept)


def test_the_other_end_is_a_client_in_the_library():
    """The control of the tests above: a client's library refuses frames that are masked as ours are."""
    client = Protocol(CLIENT, max_size=None)
    client.receive_data(framing.client_frame(b"hello"))
    assert client.events_received() == []
