"""The socket itself: accepts it, greets it, reads its frames, sends what is queued for it, and lets it go."""

import asyncio

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app import clock
from app.accounts import actions as accounts
from app.accounts.access import own_origin
from app.accounts.queries import conversation_for_token
from app.chat.access import Place, parent_place, places_of
from app.chat.writer import Posted
from app.db import reading, transaction
from app.errors import AppError, NotFound
from app.realtime import frames, recovery
from app.realtime.context import Realtime
from app.realtime.frames import encode
from app.realtime.hub import Connection, Outbound
from app.realtime.recovery import PositionLost
from app.realtime.session import (
    STAFF,
    Bucket,
    Close,
    Command,
    Pace,
    Reply,
    Session,
    error_frame,
    text_bucket,
)
from app.realtime.verbs import CARRY_OUT, conversation_of, participant_of, posted_answer

router = APIRouter()
logger = structlog.get_logger(__name__)

SEND_LAST_S = 5
MOST_TEXTS = 10_000


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
    limits = realtime.settings.limits
    outbound = Outbound(frames_limit=limits.outbound_frames, bytes_limit=limits.outbound_bytes)
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
    session = Session(_pace(realtime), clock.monotonic())
    connection: Connection | None = None
    try:
        connection = await _greet(realtime, websocket, session, outbound)
        if connection is not None:
            await read_frames(realtime, websocket, session, connection)
    except WebSocketDisconnect:
        outbound.abandon()
    finally:
        if connection is not None:
            realtime.hub.remove(connection)
            realtime.sessions.pop(connection, None)


async def read_frames(
    realtime: Realtime, websocket: WebSocket, session: Session, connection: Connection
) -> None:
    """Hop 1 of a message: carry out frame after frame, in their order, until the socket ends."""
    while connection.outbound.closing is None:
        outcome = session.receive(await _next(websocket), clock.monotonic())
        if isinstance(outcome, Close):
            connection.outbound.close(outcome.code)
        elif isinstance(outcome, Reply):
            connection.send(outcome.frame)
        elif isinstance(outcome.frame, frames.MessagePost):
            _post(realtime, connection, outcome.frame)
        elif not isinstance(outcome.frame, frames.Pong):
            await connection.all_answered()  # nothing overtakes a message that was sent before it
            await _carry_out(realtime, connection, outcome.frame)


async def _next(websocket: WebSocket) -> str | bytes:
    """The next message, binary ones too: whatever it holds, the session decides about it."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
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


async def _carry_out(realtime: Realtime, connection: Connection, frame: frames.ClientFrame) -> None:
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
        places = await _identify(realtime, connection, hello.d.token)
    except NotFound as error:
        refusal = error_frame(hello.id, "unauthorized", error.message, error.next_step)
        outbound.put(encode(refusal))
        outbound.close(4501)
        return None
    if _has_too_many(realtime, connection):
        outbound.close(4504)
        return None
    session.welcome(connection.role, _texts(realtime, connection))
    realtime.hub.add(connection)
    realtime.sessions[connection] = session
    try:
        owed = await recovery.join(realtime, connection, places, hello.d.cursors)
        connection.send(_welcome(realtime, connection, hello.id, owed))
        await recovery.deliver(realtime, connection, owed)
    except BaseException:
        realtime.hub.remove(connection)
        realtime.sessions.pop(connection, None)
        raise
    realtime.boards.mark()
    return connection


async def _identify(realtime: Realtime, connection: Connection, token: str) -> list[Place]:
    """Whose token this is, written on the connection, and the places that it opens; NotFound otherwise."""
    async with reading(realtime.database) as session:
        conversation = await conversation_for_token(session, token)
        if conversation is not None:
            connection.role, connection.conversation = "parent", conversation
            return [await parent_place(session, conversation)]
    async with transaction(realtime.database) as session:
        viewer = await accounts.use_socket_pass(session, token)
    if viewer is None or viewer.role not in STAFF:
        raise NotFound("This token opens nothing.", next_step="Get a new one, then come back.")
    connection.role, connection.name = viewer.role, viewer.name
    connection.staff, connection.staff_session = viewer.staff_id, viewer.session_id
    async with reading(realtime.database) as session:
        return await places_of(session, staff_id=viewer.staff_id)


def _texts(realtime: Realtime, connection: Connection) -> Bucket:
    """This person's pace over all of their sockets: coming back does not buy another minute's messages."""
    whose, now = connection.staff or connection.conversation, clock.monotonic()
    assert whose is not None
    if len(realtime.texts) >= MOST_TEXTS:
        here = {each.staff or each.conversation for each in realtime.hub.connections}
        for gone in [key for key, pace in realtime.texts.items() if key not in here and pace.full(now)]:
            del realtime.texts[gone]
    return realtime.texts.setdefault(whose, text_bucket(_pace(realtime), connection.role, now))


def _has_too_many(realtime: Realtime, connection: Connection) -> bool:
    limits = realtime.settings.limits
    if connection.staff is not None:
        return realtime.hub.count(staff=connection.staff) >= limits.staff_sockets
    return realtime.hub.count(conversation=connection.conversation) >= limits.parent_sockets


def _welcome(
    realtime: Realtime, connection: Connection, hello_id: str, owed: list[recovery.Missed]
) -> frames.Welcome:
    settings = realtime.settings
    data = frames.WelcomeData(
        role=connection.role,  # type: ignore[arg-type]  # `_identify` lets no other role in
        ping_s=settings.timers.ping,
        pong_s=settings.timers.pong,
        max_frame=settings.limits.frame_bytes,
        max_text=settings.limits.text_characters,
        streams={
            missed.name: frames.StreamState(
                epoch=missed.standing.epoch, head=missed.standing.head, recovered=missed.recovered
            )
            for missed in owed
        },
    )
    return frames.Welcome(re=hello_id, d=data)


async def _send_all(websocket: WebSocket, outbound: Outbound) -> None:
    """Send what is queued until the socket closes, from whichever side."""
    try:
        while (text := await outbound.take()) is not None:
            await websocket.send_text(text)
        if websocket.application_state is WebSocketState.CONNECTED and outbound.closing:
            await websocket.close(outbound.closing)
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


def _pace(realtime: Realtime) -> Pace:
    timers, limits = realtime.settings.timers, realtime.settings.limits
    return Pace(
        ping=timers.ping,
        pong=timers.pong,
        frame_bytes=limits.frame_bytes,
        parent_messages_per_minute=limits.parent_messages_per_minute,
        staff_messages_per_minute=limits.staff_messages_per_minute,
    )
