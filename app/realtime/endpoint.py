"""The socket itself: accepts it, greets it, reads its frames, sends what is queued for it, and lets it go."""

import asyncio

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app import clock
from app.accounts.access import own_origin
from app.chat.writer import Posted
from app.errors import AppError, NotFound
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.greeting import admit, bring_up, identify, let_go, outbound_of, pace
from app.realtime.hub import Connection, Outbound
from app.realtime.recovery import PositionLost
from app.realtime.session import (
    Close,
    Command,
    Reply,
    Session,
    error_frame,
)
from app.realtime.verbs import CARRY_OUT, conversation_of, participant_of, posted_answer

router = APIRouter()
logger = structlog.get_logger(__name__)

SEND_LAST_S = 5


@router.websocket(frames.PATH)
async def serve(websocket: WebSocket) -> None:
    """One socket, from its opening to its end."""
    realtime: Realtime = websocket.app.state.realtime
    if frames.PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(4505)
        return
    await websocket.accept(subprotocol=frames.PROTOCOL)
    if not own_origin(websocket):
        await websocket.close(4502)
        return
    outbound = outbound_of(realtime)
    sender = asyncio.create_task(_send_all(websocket, outbound))
    reader = asyncio.create_task(_greet_and_read(realtime, websocket, outbound))
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
    if isinstance(error, SQLAlchemyError | OSError):
        # The database is away: its own words and a traceback may quote what somebody wrote.
        logger.error("socket.failed", kind=type(error).__name__)
    elif error is not None:
        raise error


async def _greet_and_read(realtime: Realtime, websocket: WebSocket, outbound: Outbound) -> None:
    session = Session(pace(realtime), clock.monotonic())
    connection: Connection | None = None
    try:
        connection = await _greet(realtime, websocket, session, outbound)
        if connection is not None:
            await read_frames(realtime, websocket, session, connection)
    except WebSocketDisconnect:
        outbound.abandon()
    finally:
        if connection is not None:
            let_go(realtime, connection)


async def read_frames(
    realtime: Realtime, websocket: WebSocket, session: Session, connection: Connection
) -> None:
    """Hop 1 of a message: carry out frame after frame, in their order, until the socket ends."""
    while connection.outbound.closing is None:
        text = await _next(websocket)
        if realtime.hub.leaving:
            return  # unanswered, so it is sent again elsewhere
        outcome = session.receive(text, clock.monotonic())
        if isinstance(outcome, Close):
            connection.outbound.close(outcome.code)
        elif isinstance(outcome, Reply):
            connection.send(outcome.frame)
        elif isinstance(outcome.frame, frames.MessagePost):
            post(realtime, connection, outcome.frame)
        elif not isinstance(outcome.frame, frames.Pong):
            await connection.all_answered()  # nothing overtakes a message that was sent before it
            connection.asked()
            try:
                await carry_out(realtime, connection, outcome.frame)
            finally:
                connection.answered()


async def _next(websocket: WebSocket) -> str | bytes:
    """The next message, binary ones too: whatever it holds, the session decides about it."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    return message.get("text") or message.get("bytes") or ""


def post(realtime: Realtime, connection: Connection, frame: frames.MessagePost) -> None:
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
    realtime: Realtime, websocket: WebSocket, session: Session, outbound: Outbound
) -> Connection | None:
    """Wait for hello, find out who it is, and bring them up to date; None when the socket must go."""
    try:
        async with asyncio.timeout(realtime.settings.timers.hello):
            text = await _next(websocket)
    except TimeoutError:
        outbound.close(4500)
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


async def _send_all(websocket: WebSocket, outbound: Outbound) -> None:
    """Send what is queued until the socket closes, from whichever side."""
    try:
        while (text := await outbound.take()) is not None:
            await websocket.send_text(text)
        if websocket.application_state is WebSocketState.CONNECTED and outbound.closing:
            await websocket.close(outbound.closing, outbound.reason)
    except (WebSocketDisconnect, RuntimeError):  # Starlette's two ways to say that the client has gone
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
