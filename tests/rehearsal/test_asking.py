"""Asking over HTTP: a connection that the service gives up in the moment of asking costs nothing."""

import asyncio

import httpx
import pytest

from app.rehearsal.asking import ask

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"asked":2}'


@pytest.mark.parametrize(("dropped", "answered"), [(1, True), (2, False)])
async def test_a_dropped_connection_is_asked_again_once(dropped: int, answered: bool) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"{}")
        if connections > dropped:
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, httpx.AsyncClient(trust_env=False) as http:
        if answered:
            told, _ = await ask(http, url, {})
            assert told == {"asked": 2}
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                await ask(http, url, {})
    assert connections == 2
