"""One real server process that can be killed, stopped in its tracks, woken and started again where it was."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from app import clock
from app.rehearsal.server import environment, free_port
from app.settings import Settings
from tests.faults.nursery import Nursery

START_S = 60
LOOK_S = 0.02
SHORTEST_BEAT_S = 0.1  # a faster one would be most of what a busy machine does


def timers(scale: float) -> dict[str, str]:
    """The protocol's own timers, at this share of their length."""
    return {
        "EARSHOT_TIMERS__HELLO": str(10 * scale),
        "EARSHOT_TIMERS__PING": str(25 * scale),
        "EARSHOT_TIMERS__PONG": str(8 * scale),
        "EARSHOT_TIMERS__BEAT": str(beat(scale)),
    }


def beat(scale: float) -> float:
    """How often workers look after each other."""
    return max(0.5 * scale, SHORTEST_BEAT_S)


@dataclass
class Service:
    """`earshot serve` on one port of this machine, again and again."""

    nursery: Nursery
    settings: Settings
    more: Mapping[str, str] = field(default_factory=dict)
    hasty: bool = False
    port: int = field(default_factory=free_port)
    pid: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> float:
        """Start it and wait until it is well; the monotonic moment when it was."""
        log = self.settings.data_dir / f"server-{self.port}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self.pid = await asyncio.to_thread(
            self.nursery.start,
            ["serve", "--port", str(self.port), "--quiet"],
            environment=environment(
                self.settings, EARSHOT_PUBLIC_URL=self.url, EARSHOT_HOURS="always", **self.more
            ),
            log=log,
            hasty=self.hasty,
        )
        async with asyncio.timeout(START_S), httpx.AsyncClient(trust_env=False, timeout=START_S) as http:
            while True:
                if await well(http, self.url):
                    return clock.monotonic()
                await asyncio.sleep(LOOK_S)  # nothing tells when a process begins to listen

    async def kill(self) -> None:
        """SIGKILL: it ends in the middle of whatever it does."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM: it ends in order; the status that it ended with."""
        return await self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: it neither works nor knows that it does not."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on as if no time had passed."""
        self._signal(signal.SIGCONT)

    def replace_workers(self) -> None:
        """SIGHUP: each worker gives way to another when that serves."""
        self._signal(signal.SIGHUP)

    async def _end(self, how: signal.Signals) -> int:
        pid = self._signal(how)
        status = await asyncio.to_thread(self.nursery.ended, pid)
        self.pid = None
        return status

    def _signal(self, which: signal.Signals) -> int:
        assert self.pid is not None
        os.kill(self.pid, which)
        return self.pid


async def well(http: httpx.AsyncClient, url: str) -> bool:
    """Whether a service answers here; one that has begun to listen is waited for."""
    try:
        return (await http.get(f"{url}/healthz")).status_code == httpx.codes.OK
    except httpx.ConnectError:
        return False


@asynccontextmanager
async def serving(
    nursery: Nursery, settings: Settings, *, more: Mapping[str, str] | None = None, hasty: bool = False
) -> AsyncIterator[Service]:
    """A started service, killed when the block ends."""
    service = Service(nursery, settings, more or {}, hasty)
    await service.start()
    try:
        yield service
    finally:
        if service.pid is not None:
            await service.kill()
