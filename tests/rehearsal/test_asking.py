"""Asking over HTTP: a connection that the service gives up in the moment of asking costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.rehearsal.asking import ask

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"asked":2}'


@asynccontextmanager
async def _dropping(first: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service that drops so many connections after what they ask and answers then; all that was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"{}"))
        if len(asked) > first:
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", asked


async def test_a_dropped_connection_is_asked_again() -> None:
    async with _dropping(1) as (url, asked), httpx.AsyncClient(trust_env=False) as http:
        told, _ = await ask(http, url, {})
    assert told == {"asked": 2}
    assert len(asked) == 2


async def test_it_is_asked_again_once_and_no_more() -> None:
    async with _dropping(2) as (url, asked), httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(http, url, {})
    assert len(asked) == 2
