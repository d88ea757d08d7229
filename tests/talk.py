"""A client of the wire without a network: it speaks ASGI to the application, in the test's own loop.

It keeps a view of each stream as docs/protocol.md asks of a client: drop what is known, ask `sync` on a gap,
replace everything on a snapshot.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from app.accounts.actions import issue_socket_pass
from app.db import transaction
from app.main import create_app
from app.settings import Settings
from tests.cast import SignedIn
from tests.scenes import PATIENCE_S, content

Frame = dict[str, Any]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """The whole application in this loop, with its background tasks."""
    app = create_app(settings, content())
    async with app.router.lifespan_context(app):
        yield app


@dataclass
class View:
    """What a client holds of one stream."""

    epoch: str = ""
    events: list[Frame] = field(default_factory=list)
    asked: bool = False

    @property
    def seq(self) -> int:
        return int(self.events[-1]["seq"]) if self.events else 0

    def take(self, event: Frame) -> bool:
        """Append what comes next and drop what is known; False where something is missing before it."""
        if event["seq"] <= self.seq:
            return True
        if event["seq"] > self.seq + 1:
            return False
        self.events.append(event)
        return True


class Talk:
    """One socket. What it hears is in `heard`, in order; its `views` can be handed on to the next one."""

    def __init__(self, app: FastAPI, *, views: dict[str, View] | None = None) -> None:
        self.views = views if views is not None else {}
        self.heard: list[Frame] = []
        self.closed: int | None = None
        self.accepted: str | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self._app = app
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()
        self._gone = False
        self._ids = 0
        self._task: asyncio.Task[None] | None = None

    def open(self, *, subprotocols: tuple[str, ...] = ("earshot.v1",), origin: str | None = None) -> "Talk":
        headers = [(b"host", b"testserver")]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/rt/v1",
            "raw_path": b"/rt/v1",
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("192.0.2.1", 50000),
            "server": ("testserver", 80),
            "subprotocols": list(subprotocols),
            "state": {},
        }
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(scope, self._in.get, self._take))
        return self

    async def hello(self, token: str, *, cursors: dict[str, Frame] | None = None) -> Frame:
        """Greet, with the cursors of the views unless others are given; the welcome."""
        if cursors is None:
            cursors = self.places()
        data = {"token": token, "client": "tests/1", "conn": str(uuid4()), "cursors": cursors}
        self.raw({"t": "hello", "id": "hello", "d": data})
        return await self.until(lambda f: f["t"] == "welcome")

    def places(self) -> dict[str, Frame]:
        """How far the views go, as cursors."""
        return {
            name: {"epoch": view.epoch, "seq": view.seq} for name, view in self.views.items() if view.epoch
        }

    def raw(self, frame: Frame | str | bytes) -> None:
        """Send this, whatever it is."""
        if isinstance(frame, bytes):
            self._in.put_nowait({"type": "websocket.receive", "bytes": frame})
            return
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def ask(self, verb: str, *, s: str | None = None, **data: object) -> Frame:
        """Send a request and wait for its `ok` or `err`."""
        self._ids += 1
        frame_id = f"r{self._ids}"
        frame: Frame = {"t": verb, "id": frame_id}
        if s is not None:
            frame["s"] = s
        if data:
            frame["d"] = data
        self.raw(frame)
        return await self.until(lambda f: f["t"] in ("ok", "err") and f.get("re") == frame_id)

    async def until(self, wanted: Any, *, after: int = 0) -> Frame:
        """The first frame like this that was heard, at once or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for frame in self.heard[after:]:
                    if wanted(frame):
                        return frame
                if self.closed is not None:
                    raise AssertionError(f"closed with {self.closed} while waiting; heard {self.heard[-3:]}")
                self._news.clear()
                await self._news.wait()

    async def caught_up(self, stream: str, seq: int) -> View:
        """Wait until the view of the stream reaches this `seq`."""
        async with asyncio.timeout(PATIENCE_S):
            while stream not in self.views or self.views[stream].seq < seq:
                if self.closed is not None:
                    raise AssertionError(f"closed with {self.closed} at {self.views.get(stream)}")
                self._news.clear()
                await self._news.wait()
        return self.views[stream]

    async def close_code(self) -> int:
        """Wait until the server closes, and why."""
        async with asyncio.timeout(PATIENCE_S):
            while self.closed is None:
                self._news.clear()
                await self._news.wait()
        return self.closed

    async def leave(self) -> None:
        """The network goes: nothing more is heard or said."""
        self._gone = True
        self.reading.set()
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})
        if self._task is not None:
            await asyncio.wait_for(self._task, PATIENCE_S)

    async def _take(self, message: Any) -> None:
        await self.reading.wait()
        if self._gone:
            raise OSError("the client has gone")
        if message["type"] == "websocket.accept":
            self.accepted = message.get("subprotocol")
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
            self._in.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
        elif message["type"] == "websocket.send":
            self._hear(json.loads(message["text"]))
        self._news.set()

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame)
        self._reduce(frame)
        self._news.set()

    def _reduce(self, frame: Frame) -> None:
        kind = frame["t"]
        if kind not in ("ev", "batch", "snapshot"):
            return
        view = self.views.setdefault(frame["s"], View())
        if kind == "snapshot":
            first = not frame["d"]["events"] or frame["d"]["events"][0]["seq"] == 1
            if first:
                view.events = []
            view.epoch = frame["epoch"]
        view.epoch = view.epoch or frame["epoch"]
        events = [frame] if kind == "ev" else frame["d"]["events"]
        whole = False not in [view.take(event) for event in events]
        if not whole and not view.asked:
            view.asked = True
            self._ids += 1
            data = {"epoch": view.epoch, "seq": view.seq}
            self.raw({"t": "sync", "id": f"s{self._ids}", "s": frame["s"], "d": data})
        elif kind == "batch":
            view.asked = False


async def until(true: Callable[[], object], *, seconds: float = PATIENCE_S) -> None:
    """Wait until this is true, for what says nothing when it becomes so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def talking(
    app: FastAPI,
    token: str,
    *,
    by: type[Talk] = Talk,
    views: dict[str, View] | None = None,
    cursors: dict[str, Frame] | None = None,
) -> AsyncIterator[Talk]:
    """A greeted socket, or whatever it is done by, that leaves when the block ends."""
    talk = by(app, views=views).open()
    await talk.hello(token, cursors=cursors)
    try:
        yield talk
    finally:
        await talk.leave()


class Pass(str):
    """A socket pass, which knows whose it is: over HTTP they show their session instead."""

    __slots__ = ("who",)

    who: SignedIn


async def pass_for(app: FastAPI, who: SignedIn) -> Pass:
    """A socket pass of a signed-in member of staff."""
    async with transaction(app.state.database) as session:
        made = Pass(await issue_socket_pass(session, session_id=who.viewer.session_id, seconds=60))
    made.who = who
    return made
