"""The whole service on a real socket, in a thread of the test's process."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI

from app.settings import Settings

START_S = 20
STOP_S = 20


@dataclass(frozen=True, slots=True)
class LiveServer:
    """Where a running server is reached, and the settings and application that it runs with."""

    url: str
    settings: Settings
    app: FastAPI

    @property
    def socket_url(self) -> str:
        """The same origin for a WebSocket client."""
        return self.url.replace("http://", "ws://", 1)


class _Announced(uvicorn.Server):
    """A server that says when it has started, or has failed to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.decided = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.decided.set()


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[LiveServer]:
    """Serve the application on a free loopback port until the block ends; `/healthz` answers first."""
    from app.main import create_app
    from app.serving import sockets_of
    from tests.scenes import content

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = settings.model_copy(update={"public_url": url})
    app = create_app(settings, content())
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="on",
        **sockets_of(settings),
        timeout_graceful_shutdown=5,
    )
    server = _Announced(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="live-server")
    thread.start()
    try:
        if not await asyncio.to_thread(server.decided.wait, START_S) or not server.started:
            raise RuntimeError("the server did not start; its log says why")
        async with httpx.AsyncClient(base_url=url) as client:
            (await client.get("/healthz")).raise_for_status()
        yield LiveServer(url=url, settings=settings, app=app)
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, STOP_S)
        listener.close()
        if thread.is_alive():
            server.force_exit = True
            raise RuntimeError(f"the server did not stop within {STOP_S} seconds")
