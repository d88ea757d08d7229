"""How a worker comes and goes: whether it is ready for people, and how it leaves without losing a word."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fastapi import APIRouter, Request
from starlette.requests import HTTPConnection

from app import clock, db
from app.db import Database
from app.errors import AppError, ConfigurationError
from app.realtime.hub import Hub

router = APIRouter()

LOOK_S = 2
FRESH_S = 1  # whoever asks more often is told what the last one was
RETRY_MS = 1000


class Readiness:
    """Whether the database can be reached and is current, looked at once a second at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._fault: AppError | None = None

    async def require(self) -> None:
        """AppError (503) where people cannot be served."""
        async with self._looking:
            if clock.monotonic() - self._looked >= FRESH_S:
                self._fault = await self._look()
                self._looked = clock.monotonic()
            if self._fault is not None:
                raise self._fault

    async def _look(self) -> AppError | None:
        try:
            async with asyncio.timeout(LOOK_S):
                await db.require_current(self._database)
        except TimeoutError:
            return _unready("The database does not answer.", next_step="Look whether it runs.")
        except ConfigurationError as error:
            return _unready(error.message, next_step=error.next_step)
        return None


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process serves; whether it can serve people, `/readyz` says."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Whether new people may be sent here: 503 while the worker leaves or has no database that fits it."""
    await refuse_while_leaving(request)
    await request.app.state.readiness.require()
    return {"status": "ready"}


async def refuse_while_leaving(connection: HTTPConnection) -> None:
    """Begin nothing any more over HTTP; sockets are sent away by the hub."""
    if connection.scope["type"] == "http" and connection.app.state.hub.leaving:
        raise _unready("This part of Earshot is restarting.", next_step="Try again in a moment.")


@contextmanager
def leaving_first(hub: Hub) -> Iterator[None]:
    """On SIGTERM and Ctrl-C the hub leaves first; the server hears of it then, and ends as it always does.

    Told at once, it would close every socket before what was accepted is answered. A second signal is not
    held back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    loop = asyncio.get_running_loop()
    others = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    leaving: set[asyncio.Task[None]] = set()

    def give_back() -> None:
        for number, handler in others.items():
            signal.signal(number, handler)

    def hear(number: int, _: FrameType | None) -> None:
        give_back()
        loop.call_soon_threadsafe(leave, number)

    def leave(number: int) -> None:
        task = loop.create_task(hub.leave())
        leaving.add(task)
        task.add_done_callback(lambda _: signal.raise_signal(number))

    for number in others:
        signal.signal(number, hear)
    try:
        yield
    finally:
        give_back()


def _unready(message: str, *, next_step: str) -> AppError:
    return AppError(message, next_step=next_step, status=503, retry_ms=RETRY_MS)
