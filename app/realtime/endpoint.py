"""The socket itself: accepts it, greets it, reads its frames, sends what is queued for it, and lets it go."""

import asyncio
from functools import partial

import structlog
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app import clock
from app.accounts.access import own_origin
from app.accounts.limits import address
from app.chat.writer import Posted
from app.db import DATABASE_ERRORS
from app.errors import AppError, NotFound
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.greeting import admit, bring_up, identify, let_go, outbound_of, pace
from app.realtime.hub import Connection
from app.realtime.outbound import Outbound
from app.realtime.recovery import PositionLost
from app.realtime.seats import conversation_of, participant_of
from app.realtime.session import (
    SILENT,
    Close,
    Command,
    Reply,
    Session,
    error_frame,
)
from app.realtime.transport import DirectProtocol, direct_of
from app.realtime.verbs import CARRY_OUT, posted_answer

logger = structlog.get_logger(__name__)

SEND_LAST_S = 5


class Gone(Exception):
    """The client has closed the socket, or the network has."""


class Sockets:
    """Answers the sockets of the wire itself, before everything else: each layer would cost every frame."""

    def __init__(self, app: ASGIApp, *, realtime: Realtime) -> None:
        self._app = app
        self._realtime = realtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == frames.PATH:
            await serve(self._realtime, scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def serve(realtime: Realtime, scope: Scope, receive: Receive, send: Send) -> None:
    """One socket, from its opening to its end."""
    await receive()  # that it wants to be opened
    if frames.PROTOCOL not in scope["subprotocols"]:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4505})
        return
    await send({"type": "websocket.accept", "subprotocol": frames.PROTOCOL})
    if not own_origin(HTTPConnection(scope)):
        await send({"type": "websocket.close", "code": 4502})
        return
    direct = direct_of(scope)
    outbound = outbound_of(realtime, write=direct.write if direct else None)
    sender = asyncio.create_task(_send_all(send, outbound, direct))
    whose = address(HTTPConnection(scope))
    reader = asyncio.create_task(_greet_and_read(realtime, receive, outbound, direct, whose))
    closed = asyncio.create_task(outbound.closed.wait())
    try:
        # A socket that must go is let go even while its reader waits, or its sender is stuck.
        await asyncio.wait({reader, closed}, return_when=asyncio.FIRST_COMPLETED)
        if reader.done() and not reader.cancelled() and reader.exception() is not None:
            outbound.close(4006)
        await asyncio.wait({sender}, timeout=SEND_LAST_S)
    finally:
        for task in (reader, sender, closed):
            task.cancel()
        await asyncio.wait({reader, sender, closed})
    error = None if reader.cancelled() else reader.exception()
    if isinstance(error, DATABASE_ERRORS):
        # The database is away: its own words and a traceback may quote what somebody wrote.
        logger.error("socket.failed", kind=type(error).__name__)
    elif error is not None:
        raise error


async def _greet_and_read(
    realtime: Realtime, receive: Receive, outbound: Outbound, direct: DirectProtocol | None, whose: str
) -> None:
    session = Session(pace(realtime), clock.monotonic())
    connection: Connection | None = None
    try:
        connection = await _greet(realtime, receive, session, outbound, whose)
        if connection is not None:
            if direct is not None:
                direct.hear = partial(_hear, realtime, session, connection)
            await _read_frames(realtime, receive, session, connection)
    except Gone:
        outbound.abandon()
    finally:
        if direct is not None:
            direct.hear = None
        if connection is not None:
            let_go(realtime, connection)


async def _read_frames(
    realtime: Realtime, receive: Receive, session: Session, connection: Connection
) -> None:
    """Read frame after frame, and carry them out in their order, until the socket ends."""
    while connection.outbound.closing is None:
        text = await _next(receive)
        if realtime.hub.leaving:
            return  # unanswered, so it is sent again elsewhere
        asked = read_frame(realtime, session, connection, text)
        if asked is not None:
            await connection.all_answered()  # nothing overtakes a message that was sent before it
            connection.asked()
            try:
                await carry_out(realtime, connection, asked)
            finally:
                connection.answered()


def _hear(realtime: Realtime, session: Session, connection: Connection, text: bytes) -> None:
    """The short way in, which only messages come by."""
    if not realtime.hub.leaving:
        asked = read_frame(realtime, session, connection, text)
        assert asked is None


def read_frame(
    realtime: Realtime, session: Session, connection: Connection, text: str | bytes
) -> frames.ClientFrame | None:
    """Hop 1 of a message: pass it on at once; a frame that takes its time is returned."""
    if connection.outbound.closing is not None:
        return None
    outcome = session.receive(text, clock.monotonic())
    if isinstance(outcome, Close):
        connection.outbound.close(outcome.code)
    elif isinstance(outcome, Reply):
        connection.send(outcome.frame)
    elif isinstance(outcome.frame, frames.MessagePost):
        _post(realtime, connection, outcome.frame)
    elif not isinstance(outcome.frame, frames.Pong):
        return outcome.frame
    return None


async def _next(receive: Receive) -> str | bytes:
    """The next message, binary ones too: whatever it holds, the session decides about it."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise Gone
    return message.get("text") or message.get("bytes") or ""


def _post(realtime: Realtime, connection: Connection, frame: frames.MessagePost) -> None:
    """Hand a message to the writer; the next frame is read while it is being stored."""

    def answer(outcome: Posted | AppError) -> None:
        connection.answered()
        if isinstance(outcome, AppError):
            connection.send(_error(frame.id, outcome))
        else:
            connection.send(frames.Ok(re=frame.id, d=posted_answer(outcome)))

    try:
        conversation = conversation_of(frame.s)
        realtime.writer.post(
            conversation=conversation,
            participant=participant_of(connection, conversation),
            client_message_id=frame.d.client_message_id,
            body=frame.d.body,
            answer=answer,
        )
    except AppError as error:
        connection.send(_error(frame.id, error))
    else:
        connection.asked()


async def carry_out(realtime: Realtime, connection: Connection, frame: frames.ClientFrame) -> None:
    """Do what the frame asks for, and queue its `ok` or `err`."""
    frame_id = getattr(frame, "id", None)
    try:
        answer = await CARRY_OUT[type(frame)](realtime, connection, frame)
    except PositionLost:
        connection.outbound.close(4003)
    except AppError as error:
        connection.send(_error(frame_id, error))
    else:
        if frame_id is not None:
            connection.send(frames.Ok(re=frame_id, d=answer or {}))


async def _greet(
    realtime: Realtime, receive: Receive, session: Session, outbound: Outbound, whose: str
) -> Connection | None:
    """Wait for hello, find out who it is, and bring them up to date; None when the socket must go."""
    text = await _first(realtime, receive, outbound, whose)
    if text is None:
        return None
    outcome = session.receive(text, clock.monotonic())
    if not isinstance(outcome, Command) or not isinstance(outcome.frame, frames.Hello):
        if isinstance(outcome, Reply):
            outbound.put(encode(outcome.frame))
        outbound.close(outcome.code if isinstance(outcome, Close) else 4500)
        return None
    hello = outcome.frame
    connection = Connection(role="", outbound=outbound)
    try:
        places = await identify(realtime, connection, hello.d.token)
    except NotFound as error:
        refusal = error_frame(hello.id, "unauthorized", error.message, error.next_step)
        outbound.put(encode(refusal))
        outbound.close(4501)
        return None
    if not admit(realtime, connection, session):
        return None
    await bring_up(realtime, connection, places, hello.d.cursors, hello_id=hello.id)
    return connection


async def _first(realtime: Realtime, receive: Receive, outbound: Outbound, whose: str) -> str | bytes | None:
    """What this socket says first; None where it must go: it is silent, or too many of its address are."""
    if realtime.unheard[whose] >= realtime.settings.limits.unheard_sockets:
        outbound.close(4005)
        return None
    realtime.unheard[whose] += 1
    try:
        async with asyncio.timeout(realtime.settings.timers.hello):
            return await _next(receive)
    except TimeoutError:
        outbound.close(4500)
        return None
    finally:
        realtime.unheard[whose] -= 1
        if not realtime.unheard[whose]:
            del realtime.unheard[whose]


async def _send_all(send: Send, outbound: Outbound, direct: DirectProtocol | None) -> None:
    """Send what is queued until the socket closes, from whichever side."""
    try:
        while (text := await outbound.take()) is not None:
            await send({"type": "websocket.send", "text": text})
        if not outbound.abandoned:
            await send({"type": "websocket.close", "code": outbound.closing, "reason": outbound.reason})
            if direct is not None and outbound.closing == SILENT:
                direct.part()
    except (OSError, RuntimeError):  # the server's two ways to say that the client has gone
        pass
    finally:
        outbound.abandon()


def _error(frame_id: str | None, error: AppError) -> frames.Err:
    return error_frame(
        frame_id,
        error.code,  # type: ignore[arg-type]  # AppError's codes are the wire's
        error.message,
        error.next_step,
        retry_ms=error.retry_ms,
    )
