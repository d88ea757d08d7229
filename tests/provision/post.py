"""A real mail server and a receiver of webhooks of our own, on this machine, that can be told to fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as MailSession


@dataclass
class Letterbox:
    """What has come in, and whether the next ones are refused."""

    url: str = ""
    refusing: bool = False
    refused: int = 0
    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, number: int) -> None:
        """Wait until so many mails or posts have been taken."""
        async with asyncio.timeout(20), self.came:
            await self.came.wait_for(lambda: len(self.mails) + len(self.posts) >= number)

    async def until_refused(self, number: int) -> None:
        """Wait until so many have been refused."""
        async with asyncio.timeout(20), self.came:
            await self.came.wait_for(lambda: self.refused >= number)

    async def handle_DATA(self, _: SMTP, __: MailSession, envelope: Envelope) -> str:  # noqa: N802 (the server's name)
        """Take a mail, or refuse it for now."""
        async with self.came:
            self.came.notify_all()
            if self.refusing:
                self.refused += 1
                return "451 Not now"
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append((list(envelope.rcpt_tos), message_from_bytes(content)))
            return "250 OK"


@asynccontextmanager
async def mail_server() -> AsyncIterator[Letterbox]:
    """A mail server that takes everything."""
    box = Letterbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example.org"), "127.0.0.1", 0)
    box.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def receiver() -> AsyncIterator[Letterbox]:
    """A receiver of webhooks that answers 200, or 503 while it refuses."""
    box = Letterbox()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        async with box.came:
            if box.refusing:
                box.refused += 1
            else:
                box.posts.append((headers, body))
            box.came.notify_all()
        status = "503 Not now" if box.refusing else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    box.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pages"
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


def posted(box: Letterbox, number: int = 0) -> dict[str, Any]:
    """A post that came, read."""
    found: dict[str, Any] = json.loads(box.posts[number][1])
    return found
