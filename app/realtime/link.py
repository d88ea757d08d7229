"""The connection to Redis: made, watched, and made anew when it is lost. What is said meanwhile is lost.

RESP version 3, so that one connection publishes and listens; docs/decisions/0011 says why it is our own.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis
import structlog

from app.errors import ConfigurationError

CONNECT_S = 2.0
RETRY_S = 0.25
PORT = 6379

logger = structlog.get_logger(__name__)


class Refused(OSError):
    """Redis answered a command with an error."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is, and with what it is greeted."""

    host: str
    port: int
    tls: bool
    greeting: tuple[bytes, ...] = field(repr=False)


def parse_address(url: str) -> Address:
    """The address that `redis://` or `rediss://` (TLS) names; ConfigurationError where it names none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:  # whose words would show the password
        parts, port = urlsplit(""), PORT
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ConfigurationError(
            "EARSHOT_REDIS_URL does not name a Redis.",
            next_step="Use redis://host:6379 or rediss://user:password@host:6379 (rediss is with TLS).",
        )
    greeting = [b"HELLO", b"3"]
    if parts.password:
        user, password = unquote(parts.username or "") or "default", unquote(parts.password)
        greeting += [b"AUTH", user.encode(), password.encode()]
    return Address(host=parts.hostname, port=port, tls=parts.scheme == "rediss", greeting=tuple(greeting))


class Wire(asyncio.Protocol):
    """One connection: commands out, their answers and what is published in."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hear = hear
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any] | None] = deque()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if isinstance(reply, hiredis.PushNotification):
                if reply[0] == b"message":
                    self._hear(reply[2])
            elif self._waiting and (answer := self._waiting.popleft()) is not None and not answer.done():
                if isinstance(reply, hiredis.ReplyError):
                    answer.set_exception(Refused(str(reply)))
                else:
                    answer.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the interface's name)
        lost = ConnectionError("the connection to Redis was lost")
        for answer in self._waiting:
            if answer is not None and not answer.done():
                answer.set_exception(lost)
        self._waiting.clear()
        if not self.lost.done():
            self.lost.set_result(None)

    def tell(self, *command: bytes) -> None:
        """Send a command whose answer nobody waits for."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(_packed(command))
            self._waiting.append(None)

    def ask(self, *command: bytes) -> "asyncio.Future[Any]":
        """Send a command; its answer, or Refused, or ConnectionError."""
        assert self._transport is not None
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            answer.set_exception(ConnectionError("the connection to Redis is closed"))
        else:
            self._transport.write(_packed(command))
            self._waiting.append(answer)
        return answer

    def subscribe(self, *channels: bytes) -> None:
        """Listen to these channels; this command alone has no answer."""
        assert self._transport is not None
        self._transport.write(_packed((b"SUBSCRIBE", *channels)))

    def close(self) -> None:
        """Close once everything has been sent."""
        assert self._transport is not None
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        assert self._transport is not None
        self._transport.abort()


async def connect(address: Address, hear: Callable[[bytes], None] = lambda _: None) -> Wire:
    """A greeted connection; OSError or TimeoutError where there is none to be had."""
    context = ssl.create_default_context() if address.tls else None
    async with asyncio.timeout(CONNECT_S):
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(hear), address.host, address.port, ssl=context
        )
        try:
            await wire.ask(*address.greeting)
        except BaseException:
            wire.abort()
            raise
    return wire


class Link:
    """Keeps one connection up; `run` is its task. `up` and `down` are called when it comes and goes."""

    def __init__(
        self,
        address: Address,
        *,
        channels: tuple[bytes, ...],
        hear: Callable[[bytes], None],
        up: Callable[[], None],
        down: Callable[[], None],
    ) -> None:
        self._address = address
        self._channels = channels
        self._hear = hear
        self._up = up
        self._down = down
        self._wire: Wire | None = None

    async def run(self) -> None:
        """Connect, and connect anew whenever the connection is lost, until cancelled."""
        told = False
        while True:
            try:
                async with asyncio.timeout(CONNECT_S):
                    wire = await connect(self._address, self._hear)
                    wire.subscribe(*self._channels)
                    await wire.ask(b"PING")  # answered after the subscription
            except (OSError, TimeoutError) as error:
                if not told:
                    logger.warning("broker.away", kind=type(error).__name__)
                told = True
            else:
                if told:
                    logger.info("broker.back")
                told = False
                await self._keep(wire)
            await asyncio.sleep(RETRY_S)

    async def _keep(self, wire: Wire) -> None:
        self._wire = wire
        try:
            self._up()
            await wire.lost
        finally:
            self._wire = None
            wire.abort()
            self._down()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, though perhaps one that nobody answers."""
        return self._wire is not None

    def publish(self, channel: bytes, payload: bytes) -> None:
        """Publish this, if there is a connection."""
        if self._wire is not None:
            self._wire.tell(b"PUBLISH", channel, payload)

    async def ask(self, *command: bytes, within: float) -> Any:  # noqa: ANN401 (whatever Redis answers)
        """The answer to a command; OSError or TimeoutError where none comes within so many seconds."""
        if self._wire is None:
            raise ConnectionError("there is no connection to Redis")
        async with asyncio.timeout(within):
            return await self._wire.ask(*command)

    def reset(self) -> None:
        """Give this connection up and make another: it is silent."""
        if self._wire is not None:
            self._wire.abort()

    async def close(self) -> None:
        """Close the connection once everything has been sent, or after a moment."""
        if self._wire is not None:
            wire = self._wire
            wire.close()
            await asyncio.wait({wire.lost}, timeout=CONNECT_S)


def _packed(command: tuple[bytes, ...]) -> bytes:
    return b"*%d\r\n%b" % (len(command), b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in command))
