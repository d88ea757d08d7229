"""A proxy as schools and offices have them: it passes everything on, but lets no WebSocket through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

REFUSAL = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass
class Proxy:
    """Where the proxy is reached, and the paths that were asked for through it."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    refused: int = 0


@asynccontextmanager
async def without_sockets(server: str) -> AsyncIterator[Proxy]:
    """Stand before the server until the block ends."""
    proxy, target = Proxy(), urlsplit(server)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(target.hostname, target.port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, back, proxy, writer))
                both.create_task(_pass_back(onward, writer))
        except* OSError:
            pass  # either side has gone, and so does the other
        finally:
            back.close()
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        proxy.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield proxy


async def _pass_on(
    reader: asyncio.StreamReader, back: asyncio.StreamWriter, proxy: Proxy, writer: asyncio.StreamWriter
) -> None:
    while part := await reader.read(65536):
        first = part.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(first) == 3:
            proxy.paths.append(first[1])
        if b"upgrade: websocket" in part.lower():
            proxy.refused += 1
            writer.write(REFUSAL)
            raise ConnectionAbortedError
        back.write(part)
        await back.drain()
    raise ConnectionResetError


async def _pass_back(onward: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await onward.read(65536):
        writer.write(part)
        await writer.drain()
    raise ConnectionResetError
