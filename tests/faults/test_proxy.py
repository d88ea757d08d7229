"""The fault proxy itself: each fault does what it says, to the connection that it was made for alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from tests.faults.proxy import Proxy, Wire, proxy_to

PATIENCE_S = 20


@dataclass
class End:
    """A client of an echoing server, through the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wire: Wire

    async def echo(self, text: bytes) -> bytes:
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.readexactly(len(text)), PATIENCE_S)

    async def hears_nothing(self) -> bool:
        """Whether nothing more comes once the echo has certainly been swallowed or held."""
        return await self.wire_is_idle() and not self.reader._buffer

    async def wire_is_idle(self) -> bool:
        for _ in range(50):  # every callback of the loop that was due has run
            await asyncio.sleep(0)
        return True


@dataclass
class Echo:
    proxy: Proxy
    heard: asyncio.Queue[bytes]
    left: asyncio.Event
    ends: list[asyncio.StreamWriter]

    async def client(self) -> End:
        host, _, port = self.proxy.url.removeprefix("http://").partition(":")
        before = len(self.proxy.wires)
        reader, writer = await asyncio.open_connection(host, int(port))
        self.ends.append(writer)
        return End(reader, writer, await asyncio.wait_for(self.proxy.wire(before), PATIENCE_S))


@asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    left = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                heard.put_nowait(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            left.set()
            await close(writer)

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, proxy_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy:
        opened = Echo(proxy, heard, left, [])
        yield opened
        for writer in opened.ends:
            await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_without_a_fault_both_ways_are_carried() -> None:
    async with echoing() as echo:
        client = await echo.client()
        assert await client.echo(b"hello") == b"hello"
        assert (client.wire.up.passed, client.wire.down.passed) == (5, 5)
        client.writer.close()
        await asyncio.wait_for(echo.left.wait(), PATIENCE_S)


async def test_a_cut_up_keeps_what_is_said_from_the_server() -> None:
    async with echoing() as echo:
        client, other = await echo.client(), await echo.client()
        client.wire.cut(down=False)
        client.writer.write(b"lost")
        assert await other.echo(b"still here") == b"still here"
        assert echo.heard.get_nowait() == b"still here"
        assert echo.heard.empty()


async def test_a_cut_down_keeps_the_answer_from_the_client() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.cut(up=False)
        client.writer.write(b"heard")
        assert await asyncio.wait_for(echo.heard.get(), PATIENCE_S) == b"heard"
        assert await client.hears_nothing()


async def test_a_client_that_leaves_a_cut_wire_is_not_missed_by_the_server() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.cut()
        client.writer.close()
        await asyncio.wait_for(client.wire.left_by_client.wait(), PATIENCE_S)
        assert not echo.left.is_set()


async def test_a_half_open_connection_is_accepted_and_leads_nowhere() -> None:
    async with echoing() as echo:
        echo.proxy.half_open = lambda: True
        client = await echo.client()
        client.writer.write(b"anybody?")
        client.writer.close()
        await asyncio.wait_for(client.wire.left_by_client.wait(), PATIENCE_S)
        assert echo.heard.empty()


async def test_a_reset_breaks_both_sides_off() -> None:
    async with echoing() as echo:
        client = await echo.client()
        await client.echo(b"hello")
        client.wire.reset()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(client.reader.read(), PATIENCE_S)
        await asyncio.wait_for(echo.left.wait(), PATIENCE_S)


async def test_a_reset_in_the_middle_lets_a_part_through_at_most() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.reset_mid_frame(after=3)
        client.writer.write(b"a whole frame")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(client.reader.readexactly(13), PATIENCE_S)


async def test_a_pause_holds_everything_until_it_is_over() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.down.pause()
        client.writer.write(b"later")
        assert await asyncio.wait_for(echo.heard.get(), PATIENCE_S) == b"later"
        assert await client.hears_nothing()
        client.wire.down.resume()
        assert await asyncio.wait_for(client.reader.readexactly(5), PATIENCE_S) == b"later"


async def test_a_paused_reader_fills_its_senders_buffers() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.up.pause()
        written = 0
        while client.writer.transport.get_write_buffer_size() < 1_000_000:
            client.writer.write(bytes(1_000_000))
            written += 1_000_000
            await asyncio.sleep(0)
        assert client.wire.up.passed == 0
        assert written < 100_000_000


async def test_a_slow_way_lets_so_many_bytes_through_a_second() -> None:
    async with echoing() as echo:
        client = await echo.client()
        client.wire.down.bytes_a_second = 1000
        began = asyncio.get_running_loop().time()
        assert await client.echo(bytes(200)) == bytes(200)
        assert asyncio.get_running_loop().time() - began >= 0.2
