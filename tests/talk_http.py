"""The client of tests/talk.py without a socket: it hears by events or polls, and asks frame by frame.

It is driven through the same calls, so that a test of the wire holds for every way that leads there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.accounts.access import COOKIE
from app.accounts.tokens import csrf_token
from app.queue.starts import Started
from tests.cast import Parent
from tests.scenes import PATIENCE_S
from tests.talk import Frame, Pass, Talk, View

REFUSED = {401: 4501, 403: 4502, 404: 4501}  # how a client of the socket would have heard it
CUT = 1006


class StreamTalk(Talk):
    """One tab that hears by server-sent events, and comes back after every ping."""

    path = "/rt/v1/stream"

    def __init__(self, app: FastAPI, *, views: dict[str, View] | None = None) -> None:
        super().__init__(app, views=views)
        self.conn = str(uuid4())
        self.visits = 0
        self.reason = ""
        self.through: ASGIApp = app
        self.rested = asyncio.Event()
        self.rested.set()
        self.rests = False  # it would come back, and waits until it may
        self._headers: list[tuple[bytes, bytes]] = []
        self._to_ask: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._left = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, *, subprotocols: tuple[str, ...] = ("earshot.v1",), origin: str | None = None) -> "Talk":
        del subprotocols  # there are none over HTTP
        self._headers = [(b"host", b"testserver")]
        if origin is not None:
            self._headers.append((b"origin", origin.encode()))
        return self

    async def hello(self, token: str, *, cursors: dict[str, Frame] | None = None) -> Frame:
        self._show(token)
        first = self.places() if cursors is None else cursors
        self._tasks = [asyncio.create_task(self._listen(first)), asyncio.create_task(self._ask_all())]
        return await self.until(lambda f: f["t"] == "welcome")

    def raw(self, frame: Frame | str | bytes) -> None:
        self._to_ask.put_nowait(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def leave(self) -> None:
        self._gone = True
        self._left.set()
        self.reading.set()
        self.rested.set()
        self._to_ask.put_nowait(None)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self._tasks)

    def _show(self, token: str) -> None:
        """A parent shows the token, a member of staff the session that the pass was made for."""
        if isinstance(token, Pass):
            secret = self._app.state.settings.server_secret
            shown = csrf_token(token.who.token, secret=secret)
            self._headers.append((b"cookie", f"{COOKIE}={token.who.token}".encode()))
            self._headers.append((b"x-csrf-token", shown.encode()))
        else:
            self._headers.append((b"authorization", f"Bearer {token}".encode()))

    async def _listen(self, cursors: dict[str, Frame]) -> None:
        """Come back for the next response until one says that it is over."""
        while self.closed is None and not self._gone:
            self.rests = not self.rested.is_set()
            await self.rested.wait()
            self.rests = False
            self.visits += 1
            self._ends = CUT  # unless the response says how it ends
            await self._visit(cursors)
            cursors = self.places()
            if not self._gone:
                self.closed = self._ends
        self._news.set()

    async def _visit(self, cursors: dict[str, Frame]) -> None:
        buffer = ""
        async for part in self._call("GET", self.path, cursors=cursors):
            buffer += part.decode()
            *events, buffer = buffer.split("\n\n")
            for event in events:
                lines = dict(line.split(": ", 1) for line in event.split("\n"))
                data = json.loads(lines["data"])
                if lines.get("event") == "close":
                    self._ends, self.reason = data["code"], data["reason"]
                    continue
                self._hear(data)
                if "id" in lines:
                    self.last_event_id = lines["id"]
                if data["t"] == "ping":
                    self._ends = None

    async def _ask_all(self) -> None:
        """One request after the other, so that what is said first arrives first."""
        while (text := await self._to_ask.get()) is not None and not self._gone:
            body = text if isinstance(text, bytes) else text.encode()
            answer = b"".join([part async for part in self._call("POST", "/rt/v1/frames", body=body)])
            self._take_answer(json.loads(answer or "{}"))

    def _take_answer(self, told: Frame) -> None:
        for frame in told.get("frames", ()):
            self._hear(frame)
        if told.get("close") is not None and not self._gone:
            self.closed = told["close"]
            self._news.set()

    def _scope(self, method: str, path: str, cursors: dict[str, Frame] | None, body: bytes) -> dict[str, Any]:
        headers = [*self._headers, (b"content-length", str(len(body)).encode())]
        if cursors:
            headers.append((b"last-event-id", json.dumps(cursors).encode()))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode({"conn": self.conn}).encode() if method == "GET" else b"",
            "root_path": "",
            "headers": headers,
            "client": ("192.0.2.1", 50000),
            "server": ("testserver", 443),
            "state": {},
        }

    async def _call(
        self, method: str, path: str, *, cursors: dict[str, Frame] | None = None, body: bytes = b""
    ) -> AsyncIterator[bytes]:
        """The parts of a response as they come. Whoever stops reading holds the sender up."""
        parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": body, "more_body": False}
            await self._left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.reading.wait()
            if self._gone:
                return  # as a server does: nobody is told that nobody listens
            if message["type"] == "http.response.start":
                if message["status"] in REFUSED and method == "GET":
                    self._ends = REFUSED[message["status"]]
            elif message.get("body"):
                parts.put_nowait(message["body"])

        async def run() -> None:
            try:
                await self.through(self._scope(method, path, cursors, body), receive, send)
            finally:
                parts.put_nowait(None)

        running = asyncio.create_task(run())
        while (part := await parts.get()) is not None:
            yield part
        await running


class PollTalk(StreamTalk):
    """One tab that hears by polling: the last resort."""

    path = "/rt/v1/events"

    async def _visit(self, cursors: dict[str, Frame]) -> None:
        answer = b"".join([part async for part in self._call("GET", self.path, cursors=cursors)])
        told = json.loads(answer or "{}")
        if "frames" not in told:
            return
        self._ends = None
        for frame in told["frames"]:
            self._hear(frame)
        if told["close"] is not None:
            self._ends, self.reason = told["close"], told["reason"]


def parent_of(started: Started) -> Parent:
    """Who began this conversation, as a browser."""
    return Parent(conversation=started.conversation_id, token=started.token)
