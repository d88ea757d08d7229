"""RFC 6455 as far as a load generator needs it: one process must ask for little of each message.

Client frames must be masked; a mask of four zero bytes is a legal one and leaves the text as it is.
"""

import base64
import os
from hashlib import sha1

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FIN = 0x80
MASKED = 0x80
ZERO_KEY = b"\0\0\0\0"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WireBroken(Exception):
    """The server sent what the generator does not take."""


def upgrade(*, host: str, path: str, protocol: str) -> tuple[bytes, bytes]:
    """The request that opens a WebSocket, and the `Sec-WebSocket-Accept` that must come back."""
    key = base64.b64encode(os.urandom(16))
    accept = base64.b64encode(sha1(key + GUID).digest())  # noqa: S324 (RFC 6455 says so)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",  # as every browser does
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key.decode()}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), accept


def require_upgraded(head: bytes, accept: bytes) -> None:
    """Refuse an answer that does not open the WebSocket; its first line says why."""
    status, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b":", 1) for line in lines if b":" in line)
    if b" 101" not in status:
        raise WireBroken(f"the server answered {status.decode(errors='replace')}")
    if headers.get(b"sec-websocket-accept", b"").strip() != accept.lower():
        raise WireBroken("the server's handshake is not the answer to ours")


def client_header(length: int, opcode: int = TEXT) -> bytes:
    """What stands before the payload of a client's frame of this length."""
    if length < 126:
        return bytes((FIN | opcode, MASKED | length)) + ZERO_KEY
    if length < 65536:
        return bytes((FIN | opcode, MASKED | 126)) + length.to_bytes(2, "big") + ZERO_KEY
    return bytes((FIN | opcode, MASKED | 127)) + length.to_bytes(8, "big") + ZERO_KEY


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole frame from a client."""
    return client_header(len(payload), opcode) + payload


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames of a server's bytes as (opcode, payload), and the beginning of the next one."""
    frames = []
    at, end = 0, len(data)
    while end - at >= 2:
        length, start = data[at + 1], at + 2
        if length > 125:
            if length > 127:
                raise WireBroken("the server masked a frame")
            wide = 2 if length == 126 else 8
            start += wide
            if start > end:
                break
            length = int.from_bytes(data[at + 2 : start], "big")
        stop = start + length
        if stop > end:
            break
        if not data[at] & FIN or data[at] & 0x70:
            raise WireBroken("the server sent a fragment or a compressed frame")
        frames.append((data[at] & 0x0F, data[start:stop]))
        at = stop
    return frames, data[at:]
