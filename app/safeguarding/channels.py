"""Carries a page to a lead, by e-mail and webhook: an identifier and a link, never a word of a family."""

import asyncio
import hmac
import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from hashlib import sha256
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx

from app import clock

TIMEOUT_S = 10.0
SIGNATURE, DELIVERY = "Earshot-Signature", "Earshot-Delivery"
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
CHANNEL_ERRORS = (smtplib.SMTPException, OSError, httpx.HTTPError)


class NotTakenError(OSError):
    """The other side answered, and did not take it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a page says. `page` is the same each time that one is sent again, so that a receiver can tell."""

    page: UUID
    concern: UUID
    number: int
    link: str


def call(*, page: UUID, concern: UUID, number: int, public_url: str) -> Call:
    """A page with the link that opens the concern in the console."""
    return Call(page, concern, number, f"{public_url.rstrip('/')}/console#concern-{concern}")


async def send_mail(url: str, *, sender: str, to: str, calling: Call) -> None:
    """Hand the page to the mail server; CHANNEL_ERRORS where it did not take it."""
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = "Earshot: a concern waits for a lead"
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(str(calling.page), domain=sender.rpartition("@")[2] or "earshot")
    message.set_content(
        f"Nobody has acknowledged concern {calling.concern} yet. This is call number {calling.number}.\n\n"
        f"Open it and say that you have seen it:\n{calling.link}\n"
    )
    await asyncio.to_thread(_hand_over, url, message)


async def try_mail(url: str) -> None:
    """Connect and sign in as for sending, and send nothing; CHANNEL_ERRORS where that fails."""
    await asyncio.to_thread(lambda: _connected(url).quit())


def _hand_over(url: str, message: EmailMessage) -> None:
    with _connected(url) as server:
        refused = server.send_message(message)
    if refused:
        raise NotTakenError("the mail server refused the address")


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def signature(secret: str, *, at: int, body: bytes) -> str:
    """What the signature's header says: the time, and HMAC-SHA-256 over time, a dot and the body."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    return f"t={at},v1={mac}"


async def send_webhook(url: str, *, secret: str, calling: Call) -> None:
    """Post the page, signed; CHANNEL_ERRORS where it was not answered with a 2xx."""
    at = int(clock.now().timestamp())
    body = json.dumps(
        {
            "event": "concern.page",
            "page": str(calling.page),
            "concern": str(calling.concern),
            "number": calling.number,
            "link": calling.link,
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: signature(secret, at=at, body=body),
        DELIVERY: str(calling.page),
    }
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
        answer = await client.post(url, content=body, headers=headers)
    if not answer.is_success:
        raise NotTakenError(f"the receiver answered {answer.status_code}")
