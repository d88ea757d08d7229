"""Who a token belongs to, how much they may, and bringing them up to date: for sockets and streams alike."""

from collections.abc import Callable, Sequence
from uuid import UUID

from app import clock
from app.accounts import actions as accounts
from app.accounts.queries import conversation_for_token, pass_is_good
from app.accounts.rules import Viewer
from app.accounts.tokens import token_hash
from app.chat.access import Place, parent_place, places_of
from app.db import reading, transaction
from app.errors import NotFound
from app.realtime import frames, recovery
from app.realtime.context import Realtime
from app.realtime.hub import Connection
from app.realtime.outbound import Outbound
from app.realtime.pace import make_room
from app.realtime.session import (
    OTHER_FRAMES_PER_MINUTE,
    STAFF,
    Bucket,
    Pace,
    Session,
)


def outbound_of(realtime: Realtime, *, write: Callable[[str], bool] | None = None) -> Outbound:
    """An empty outbound queue, bounded as the settings say."""
    limits = realtime.settings.limits
    return Outbound(frames_limit=limits.outbound_frames, bytes_limit=limits.outbound_bytes, write=write)


async def identify(realtime: Realtime, connection: Connection, token: str) -> list[Place]:
    """Whose token this is, written on the connection, and the places that it opens; NotFound otherwise."""
    async with reading(realtime.database) as session:
        conversation = await conversation_for_token(session, token)
        if conversation is not None:
            place = await parent_place(session, conversation)
            connection.role, connection.conversation = "parent", conversation
            connection.token_hash = token_hash(token)
            return [place]
        good = await pass_is_good(session, token)
    if good:
        async with transaction(realtime.database) as session:
            viewer = await accounts.use_socket_pass(session, token)
        if viewer is not None and viewer.role in STAFF:
            return await be_staff(realtime, connection, viewer)
    raise NotFound("This token opens nothing.", next_step="Get a new one, then come back.")


async def be_parent(realtime: Realtime, connection: Connection, conversation: UUID) -> list[Place]:
    """Write on the connection that it is this conversation's parent; their only place."""
    connection.role, connection.conversation = "parent", conversation
    async with reading(realtime.database) as session:
        return [await parent_place(session, conversation)]


async def be_staff(realtime: Realtime, connection: Connection, viewer: Viewer) -> list[Place]:
    """Write on the connection who of the staff it is; the places that they own now."""
    connection.role, connection.name = viewer.role, viewer.name
    connection.staff, connection.staff_session = viewer.staff_id, viewer.session_id
    async with reading(realtime.database) as session:
        return await places_of(session, staff_id=viewer.staff_id)


def admit(realtime: Realtime, connection: Connection, session: Session) -> bool:
    """Let an identified connection in; False, and closed with 4504, where this person has too many."""
    if has_too_many(realtime, connection):
        connection.outbound.close(4504)
        return False
    session.welcome(connection.role, texts_of(realtime, connection))
    connection.welcomed = False
    realtime.hub.add(connection)
    realtime.sessions[connection] = session
    return True


def let_go(realtime: Realtime, connection: Connection) -> None:
    """The connection is gone: nobody speaks to it any more."""
    realtime.hub.remove(connection)
    realtime.sessions.pop(connection, None)


async def bring_up(
    realtime: Realtime,
    connection: Connection,
    places: Sequence[Place],
    cursors: dict[str, frames.Cursor],
    *,
    hello_id: str,
) -> None:
    """Subscribe an admitted connection to all that is theirs, welcome it, and send what it missed."""
    try:
        owed = await recovery.join(realtime, connection, places, cursors)
        connection.send(_welcome(realtime, connection, hello_id, owed))
        connection.welcomed = True
        await recovery.deliver(realtime, connection, owed)
    except BaseException:
        let_go(realtime, connection)
        raise
    realtime.boards.mark()


def texts_of(realtime: Realtime, connection: Connection) -> Bucket:
    """This person's pace over all of their connections: coming back buys no further minute's messages."""
    return realtime.paces.of(_whose(connection), connection.role)


def requests_of(realtime: Realtime, connection: Connection) -> Bucket:
    """This person's pace of all else, over all of their requests."""
    make_room(realtime.hub, realtime.requests)
    fresh = Bucket(OTHER_FRAMES_PER_MINUTE, clock.monotonic())
    return realtime.requests.setdefault(_whose(connection), fresh)


def pace(realtime: Realtime) -> Pace:
    """Timers and limits as the settings have them."""
    return realtime.paces.pace


def _whose(connection: Connection) -> UUID:
    whose = connection.staff or connection.conversation
    assert whose is not None
    return whose


def has_too_many(realtime: Realtime, connection: Connection) -> bool:
    """Whether this person has as many connections as they may."""
    limits = realtime.settings.limits
    if connection.staff is not None:
        return realtime.hub.count(staff=connection.staff) >= limits.staff_sockets
    return realtime.hub.count(conversation=connection.conversation) >= limits.parent_sockets


def _welcome(
    realtime: Realtime, connection: Connection, hello_id: str, owed: list[recovery.Missed]
) -> frames.Welcome:
    settings = realtime.settings
    data = frames.WelcomeData(
        role=connection.role,  # type: ignore[arg-type]  # `identify` lets no other role in
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
