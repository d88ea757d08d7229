"""How often one address may try the routes that ask for no sign-in; in this worker's memory, and bounded."""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

from app import clock
from app.errors import RateLimited

WINDOW_S = 60.0
MOST_KEYS = 10_000


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


def check(request: HTTPConnection, name: str, per_minute: int, *, in_all: bool = False) -> None:
    """Count a try at `name` from the asker's address (or from everybody); RateLimited past the limit."""
    wait = _windows(request).take(_key(request, name, in_all=in_all), most=per_minute, now=clock.monotonic())
    if wait > 0:
        raise RateLimited(
            "There have been too many tries in a short time.",
            next_step="Wait a minute and try again.",
            retry_ms=int(wait * 1000) + 1,
        )


def uncount(request: HTTPConnection, name: str, *, in_all: bool = False) -> None:
    """Take back the asker's last try at `name`, where only the wrong ones are to count."""
    _windows(request).give_back(_key(request, name, in_all=in_all))


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


def _windows(request: HTTPConnection) -> Windows:
    state = request.app.state
    if not hasattr(state, "windows"):
        state.windows = Windows()
    windows: Windows = state.windows
    return windows
