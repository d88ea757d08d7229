"""How often one address may try the routes that ask for no sign-in.

Counted by all workers together where they share a Redis; else, and while it is away, in this worker's memory,
which is bounded. Nobody is refused because Redis is away.
"""

import hmac
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

from app import clock
from app.errors import RateLimited

WINDOW_S = 60.0
MOST_KEYS = 10_000
ANSWER_S, AWAY_S = 0.25, 1.0

# A sliding window by the clock of Redis, in microseconds, in one step: so no two tries share a place.
TAKE = b"""
local time = redis.call('TIME')
local now, window, most = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local taken = redis.call('ZCARD', KEYS[1])
if taken >= most then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return first[2] and first[2] + window - now or window
end
redis.call('ZADD', KEYS[1], now, string.format('%.0f:%d', now, taken))
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
return 0
"""


class Windows:
    """For each key the moments of the last minute; the keys used longest ago are forgotten first."""

    def __init__(self, *, seconds: float = WINDOW_S, most_keys: int = MOST_KEYS) -> None:
        self._seconds = seconds
        self._most_keys = most_keys
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, key: str, *, most: int, now: float) -> float:
        """Take one of `most` places in the window: 0, or how many seconds until there is one."""
        taken = self._taken.setdefault(key, deque())
        self._taken.move_to_end(key)
        if len(self._taken) > self._most_keys:
            self._taken.popitem(last=False)
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        if len(taken) >= most:
            return taken[0] + self._seconds - now if taken else self._seconds
        taken.append(now)
        return 0.0

    def give_back(self, key: str) -> None:
        """Free the place taken last: that try is not to count."""
        taken = self._taken.get(key)
        if taken:
            taken.pop()


class SharedWindows:
    """The same, counted in Redis for all workers. Addresses stand there under a MAC, for a minute at most."""

    def __init__(self, ask: Callable[..., Awaitable[object]], *, secret: bytes) -> None:
        self._ask = ask
        self._secret = secret
        self._away_until = 0.0

    async def take(self, key: str, *, most: int, seconds: float = WINDOW_S) -> float:
        """Take one of `most` places in the window: 0, or how many seconds until there is one; or OSError."""
        window = str(int(seconds * 1_000_000)).encode()
        wait = await self._answer(b"EVAL", TAKE, b"1", self._name(key), window, str(most).encode())
        assert isinstance(wait, int)
        return wait / 1_000_000

    async def give_back(self, key: str) -> None:
        """Free the place taken last: that try is not to count; or OSError."""
        await self._answer(b"ZPOPMAX", self._name(key))

    async def _answer(self, *command: bytes) -> object:
        """What Redis answers. Where it does not, it is not asked again for a moment: nobody waits in vain."""
        if clock.monotonic() < self._away_until:
            raise ConnectionError("Redis did not answer a moment ago")
        try:
            return await self._ask(*command, within=ANSWER_S)
        except OSError:
            self._away_until = clock.monotonic() + AWAY_S
            raise

    def _name(self, key: str) -> bytes:
        return b"earshot:limit:" + hmac.digest(self._secret, b"limit\0" + key.encode(), sha256).hex().encode()


async def check(request: HTTPConnection, name: str, per_minute: int, *, in_all: bool = False) -> None:
    """Count a try at `name` from the asker's address (or from everybody); RateLimited past the limit."""
    key, shared = _key(request, name, in_all=in_all), _shared(request)
    try:
        wait = await shared.take(key, most=per_minute) if shared else None
    except OSError:
        wait = None
    if wait is None:
        wait = _windows(request).take(key, most=per_minute, now=clock.monotonic())
    if wait > 0:
        raise RateLimited(
            "There have been too many tries in a short time.",
            next_step="Wait a minute and try again.",
            retry_ms=int(wait * 1000) + 1,
        )


async def uncount(request: HTTPConnection, name: str, *, in_all: bool = False) -> None:
    """Take back the asker's last try at `name`, where only the wrong ones are to count."""
    key, shared = _key(request, name, in_all=in_all), _shared(request)
    try:
        if shared is not None:
            await shared.give_back(key)
            return
    except OSError:
        pass  # it was counted here, or it counts for a minute there
    _windows(request).give_back(key)


def address(request: HTTPConnection) -> str:
    """Whom a limit holds for: an IPv4 address, or the /64 that one IPv6 connection is given as a whole."""
    host = request.client.host if request.client else ""
    try:
        parsed = ip_address(host)
    except ValueError:
        return host
    if not isinstance(parsed, IPv6Address):
        return host
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.packed[:8].hex()


def _key(request: HTTPConnection, name: str, *, in_all: bool) -> str:
    return f"{name} in all" if in_all else f"{name} from {address(request)}"


def _shared(request: HTTPConnection) -> SharedWindows | None:
    shared: SharedWindows | None = getattr(request.app.state, "shared_windows", None)
    return shared


def _windows(request: HTTPConnection) -> Windows:
    state = request.app.state
    if not hasattr(state, "windows"):
        state.windows = Windows()
    windows: Windows = state.windows
    return windows
