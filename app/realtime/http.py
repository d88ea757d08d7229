"""The same wire over HTTP, for networks that let no WebSocket through: a stream, polls, a frame a request.

Frames, sessions and verbs are those of the socket. A request needs nothing of the stream in memory, so that
it may go to any worker; a stream begins where its cursors say: the database holds what came after them.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app import clock
from app.accounts.access import bearer, bearers_conversation, present, require_own_origin, signed_in
from app.accounts.rules import Viewer
from app.accounts.tokens import token_hash
from app.chat import transcript
from app.chat.access import Place
from app.db import DATABASE_ERRORS, reading
from app.errors import AppError, BadRequest, Forbidden
from app.realtime import frames
from app.realtime.codes import HTTP_STATUS
from app.realtime.context import Realtime
from app.realtime.endpoint import carry_out, read_frame
from app.realtime.frames import decode_cursors, decode_sent, encode, encode_cursors
from app.realtime.greeting import (
    admit,
    be_parent,
    be_staff,
    bring_up,
    has_too_many,
    let_go,
    outbound_of,
    pace,
    requests_of,
    texts_of,
)
from app.realtime.hub import Connection, Subscription, stream_name
from app.realtime.outbound import Outbound
from app.realtime.recovery import streams_of
from app.realtime.session import STAFF, Session
from app.realtime.visits import Visit

router = APIRouter(prefix=frames.PATH)
logger = structlog.get_logger(__name__)

NEVER = float("-inf")
SEND_LAST_S = 5
GONE = 1006


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever asks, as a connection that nobody speaks to yet, and the places that they have now."""

    connection: Connection
    places: list[Place]


class Said(BaseModel):
    """A message for one conversation's stream."""

    model_config = ConfigDict(extra="forbid")

    s: str
    body: str

    def __repr__(self) -> str:
        return "Said(…)"


class Stored(BaseModel):
    """A message that is durable now, or was already."""

    message_id: UUID
    seq: int
    at: str
    duplicate: bool


async def listening(request: Request) -> Guest:
    """Who asks for a stream, which a page does by itself: it keeps nobody signed in."""
    return await _guest(request, present)


async def asking(request: Request) -> Guest:
    """Who asks for something to be done."""
    return await _guest(request, signed_in)


async def held(last_event_id: Annotated[str, Header()] = "") -> dict[str, frames.Cursor]:
    """The cursors in `Last-Event-ID`; none where it is missing."""
    if not last_event_id:
        return {}
    try:
        return decode_cursors(last_event_id)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequest("Those are no cursors.", next_step="See docs/protocol.md.") from None


@router.get("/stream")
async def stream(
    request: Request,
    conn: UUID,
    guest: Annotated[Guest, Depends(listening)],
    cursors: Annotated[dict[str, frames.Cursor], Depends(held)],
) -> StreamingResponse:
    """Everything that a socket would hear, as server-sent events, until a ping: then come back for more."""
    realtime: Realtime = request.app.state.realtime
    key, visit = _visit(realtime, guest, conn, cursors)
    return EventStream(_events(realtime, key, visit), visit)


@router.get("/events")
async def events(
    request: Request,
    conn: UUID,
    guest: Annotated[Guest, Depends(listening)],
    cursors: Annotated[dict[str, frames.Cursor], Depends(held)],
) -> Response:
    """The same for where streams do not come through: what there is, at once, or else what comes first."""
    realtime: Realtime = request.app.state.realtime
    key, visit = _visit(realtime, guest, conn, cursors)
    outbound = visit.connection.outbound
    leaving = asyncio.create_task(_gone(request))
    leaving.add_done_callback(lambda task: None if task.cancelled() else _leave(realtime, key, visit))
    try:
        texts = visit.left_over()
        assert visit.opening is not None
        if not visit.opening.done():
            texts += await _collected(outbound, visit.opening)
        if not texts and (first := await outbound.take()) is not None:
            texts.append(first)
        texts += outbound.take_all()
        for text in texts:
            visit.hand_out(text)
    finally:
        leaving.cancel()
        visit.put_down(clock.monotonic())
        if outbound.closing is not None:
            _leave(realtime, key, visit)
        await _opened(visit)
    return _answer(texts, outbound)


@router.post("/frames")
async def frame(request: Request, guest: Annotated[Guest, Depends(asking)]) -> Response:
    """Carry out one frame, as a socket would; its `ok` or `err`, after whatever was asked for."""
    texts = await _asked(request.app.state.realtime, guest, await request.body())
    return _answer(texts, guest.connection.outbound)


@router.post("/messages", status_code=201)
async def say(
    request: Request,
    response: Response,
    said: Said,
    idempotency_key: Annotated[UUID, Header()],
    guest: Annotated[Guest, Depends(asking)],
) -> Stored:
    """Say something: 201 once it is durable, 200 where it was already."""
    data = frames.MessagePostData(client_message_id=idempotency_key, body=said.body)
    text = encode(frames.MessagePost(id="1", s=said.s, d=data))
    answer = decode_sent((await _asked(request.app.state.realtime, guest, text))[-1])
    if isinstance(answer, frames.Err):
        fault = answer.d
        raise AppError(
            fault.message,
            next_step=fault.next_step,
            code=fault.code,
            status=HTTP_STATUS[fault.code],
            retry_ms=fault.retry_ms,
        )
    assert isinstance(answer, frames.Ok)
    stored = Stored.model_validate(answer.d)
    if stored.duplicate:
        response.status_code = 200
    return stored


class EventStream(StreamingResponse):
    """Server-sent events that are closed together with their response, however that ends."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncGenerator[str], visit: Visit) -> None:
        # Proxies may neither change nor hold back what is written.
        super().__init__(
            content, headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        )
        self._content = content
        self._visit = visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.ensure_future(super().__call__(scope, receive, send))
        closed = asyncio.create_task(self._visit.connection.outbound.closed.wait())
        try:
            await asyncio.wait({writing, closed}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({writing}, timeout=SEND_LAST_S)  # who does not read does not stay
        finally:
            writing.cancel()
            closed.cancel()
            await asyncio.wait({writing, closed})
            await self._content.aclose()
            await _opened(self._visit)
        if not writing.cancelled():
            writing.result()


async def _guest(request: Request, viewer_of: Callable[[Request], Awaitable[Viewer]]) -> Guest:
    """A parent by their bearer token, staff by their session; Forbidden for other sites' pages and roles."""
    require_own_origin(request)
    realtime: Realtime = request.app.state.realtime
    connection = Connection(role="", outbound=outbound_of(realtime), over_http=True)
    if "authorization" in request.headers:
        connection.token_hash = token_hash(bearer(request))
        places = await be_parent(realtime, connection, await bearers_conversation(request))
    else:
        viewer = await viewer_of(request)
        if viewer.role not in STAFF:
            raise Forbidden("Your role does not include this.", next_step="Ask a manager if it should.")
        places = await be_staff(realtime, connection, viewer)
    connection.participants.update({place.conversation.id: place.participant.id for place in places})
    return Guest(connection=connection, places=places)


async def _asked(realtime: Realtime, guest: Guest, text: str | bytes) -> list[str]:
    """What there is to say to this frame. A connection of its own hears it, and is gone again."""
    connection = guest.connection
    session = Session(pace(realtime), clock.monotonic())
    session.welcome(connection.role, texts_of(realtime, connection), requests_of(realtime, connection))
    asked = read_frame(realtime, session, connection, text)
    if isinstance(asked, frames.Sync | frames.Typing | frames.Read):
        await _stand(realtime, guest, asked.s)
    work = asyncio.ensure_future(_carried_out(realtime, connection, asked))
    return await _collected(connection.outbound, work)


async def _carried_out(realtime: Realtime, connection: Connection, asked: frames.ClientFrame | None) -> None:
    await connection.all_answered()
    if asked is not None:
        await carry_out(realtime, connection, asked)


async def _gone(request: Request) -> None:
    """Wait until whoever asked is there no more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stand(realtime: Realtime, guest: Guest, name: str) -> None:
    """Write on the connection where this stream stands, if it is one of theirs; the hub is told nothing."""
    connection = guest.connection
    for place in guest.places:
        for kind in streams_of(connection.role):
            if stream_name(kind, place.conversation.id) != name:
                continue
            async with reading(realtime.database) as session:
                at = await transcript.standing(session, conversation_id=place.conversation.id, stream=kind)
            connection.subscriptions[name] = Subscription(
                stream=name, epoch=at.epoch, generation=None, sent=at.head, catching_up=False
            )


async def _collected(outbound: Outbound, work: "asyncio.Future[None]") -> list[str]:
    """All that is queued until this work is done, which may wait for the queue to be empty in between."""
    texts: list[str] = []

    async def collect() -> None:
        while (text := await outbound.take()) is not None:
            texts.append(text)

    collecting = asyncio.create_task(collect())
    try:
        await work
    finally:
        collecting.cancel()
        await asyncio.wait({collecting})
    return texts + outbound.take_all()


def _visit(
    realtime: Realtime, guest: Guest, conn: UUID, cursors: dict[str, frames.Cursor]
) -> tuple[tuple[UUID, UUID], Visit]:
    """This tab's visit, gone on with where that is possible, begun anew otherwise."""
    connection, now = guest.connection, clock.monotonic()
    whose = connection.staff_session or connection.conversation
    assert whose is not None
    key = (whose, conn)
    visit = realtime.visits.get(key)
    if visit is not None and visit.goes_on_from(cursors):
        visit.reading = True
        if (close := visit.session.come_back(now)) is not None:
            visit.connection.outbound.close(close.code)
        return key, visit
    for other_key, other in list(realtime.visits.items()):
        gives_way = other_key[0] == whose and other.forsaken(now) and has_too_many(realtime, connection)
        if other_key == key or gives_way:
            _leave(realtime, other_key, other)
    visit = Visit(connection=connection, session=Session(pace(realtime), now), cursors=dict(cursors))
    visit.session.acted = NEVER  # a page comes back by itself: that is no use of its session
    visit.keeper = asyncio.create_task(_keep(realtime, key, visit))
    realtime.keepers.add(visit.keeper)
    visit.keeper.add_done_callback(realtime.keepers.discard)
    visit.opening = asyncio.ensure_future(_open(realtime, guest, cursors))
    if admit(realtime, connection, visit.session):
        realtime.visits[key] = visit
    return key, visit


async def _open(realtime: Realtime, guest: Guest, cursors: dict[str, frames.Cursor]) -> None:
    connection = guest.connection
    if connection.outbound.closing is not None:
        return
    try:
        await bring_up(realtime, connection, guest.places, cursors, hello_id="hello")
    except BaseException as error:
        connection.outbound.close(4006)
        if not isinstance(error, DATABASE_ERRORS):
            raise
        # The database is away: its own words and a traceback may quote what somebody wrote.
        logger.error("stream.failed", kind=type(error).__name__)  # noqa: TRY400


async def _keep(realtime: Realtime, key: tuple[UUID, UUID], visit: Visit) -> None:
    """See to it that a visit which must end is gone, also while nobody reads it."""
    await visit.connection.outbound.closed.wait()
    let_go(realtime, visit.connection)
    if not visit.reading:
        _leave(realtime, key, visit)
        await _opened(visit)


async def settled(realtime: Realtime) -> None:
    """Wait for visits whose connections are closed: an opening that nobody reads may still be at work."""
    if realtime.keepers:
        await asyncio.wait(set(realtime.keepers), timeout=SEND_LAST_S)


async def _opened(visit: Visit) -> None:
    """Wait for an opening that nobody hears any more: it holds a connection of the database."""
    if visit.connection.outbound.abandoned and visit.opening is not None:
        await asyncio.wait({visit.opening})


def _leave(realtime: Realtime, key: tuple[UUID, UUID], visit: Visit) -> None:
    visit.connection.outbound.abandon()
    let_go(realtime, visit.connection)
    if realtime.visits.get(key) is visit:
        del realtime.visits[key]


async def _events(realtime: Realtime, key: tuple[UUID, UUID], visit: Visit) -> AsyncGenerator[str]:
    outbound, comes_back = visit.connection.outbound, False
    try:
        for text in visit.left_over():
            yield _event(visit, text)
        while (queued := await outbound.take()) is not None:
            yield _event(visit, queued)
            if isinstance(decode_sent(queued), frames.Ping):
                comes_back = True
                return
        if visit.opening is not None and visit.opening.done():
            visit.opening.result()
        if outbound.closing != GONE:
            told = json.dumps({"code": outbound.closing, "reason": outbound.reason})
            yield f"event: close\ndata: {told}\n\n"
    finally:
        visit.put_down(clock.monotonic())
        if not comes_back:
            _leave(realtime, key, visit)


def _event(visit: Visit, text: str) -> str:
    """A frame as a server-sent event; its id is what to send as `Last-Event-ID`, where that has changed."""
    before = dict(visit.cursors)
    visit.hand_out(text)
    named = f"id: {encode_cursors(visit.places())}\n" if visit.cursors != before else ""
    return f"{named}data: {text}\n\n"


def _answer(texts: list[str], outbound: Outbound) -> Response:
    close = json.dumps({"close": outbound.closing, "reason": outbound.reason})
    return Response(f'{{"frames":[{",".join(texts)}],{close[1:]}', media_type="application/json")
