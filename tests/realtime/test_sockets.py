"""Real sockets against the whole service: greeting, every way of being closed, and one whole conversation."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from app.accounts.actions import disable_staff, issue_socket_pass, revoke_parent_tokens, sign_out
from app.accounts.models import Staff
from app.db import Database, transaction
from app.queue.actions import set_availability
from app.queue.models import Availability
from app.settings import Settings
from tests.cast import CARYS, DEWI, FARID, Person, SignedIn, hire, open_session
from tests.provision.server import LiveServer, running_server
from tests.scenes import PATIENCE_S, enter
from tests.talk import Frame

PROTOCOL = Subprotocol("earshot.v1")
HEARD: WeakKeyDictionary[ClientConnection, list[Frame]] = WeakKeyDictionary()


async def _open(server: LiveServer, *, origin: str | None = None) -> ClientConnection:
    return await connect(
        f"{server.socket_url}/rt/v1",
        subprotocols=[PROTOCOL],
        origin=Origin(origin) if origin else None,
        proxy=None,
        compression=None,
    )


async def _hear(socket: ClientConnection, wanted: Callable[[Frame], object], *, fresh: bool = False) -> Frame:
    """The first frame like this that came to the socket, or, where a fresh one is wanted, that comes now."""
    heard = HEARD.setdefault(socket, [])
    for frame in [] if fresh else heard:
        if wanted(frame):
            return frame
    async with asyncio.timeout(PATIENCE_S):
        while True:
            heard.append(json.loads(await socket.recv()))
            if wanted(heard[-1]):
                return heard[-1]


def _hello(token: str) -> str:
    data = {"token": token, "client": "tests/1", "conn": str(uuid4())}
    return json.dumps({"t": "hello", "id": "1", "d": data})


async def _greet(server: LiveServer, token: str) -> ClientConnection:
    socket = await _open(server)
    await socket.send(_hello(token))
    await _hear(socket, lambda f: f["t"] == "welcome")
    return socket


async def _ask(socket: ClientConnection, verb: str, **fields: object) -> Frame:
    frame_id = str(uuid4())
    await socket.send(json.dumps({"t": verb, "id": frame_id, **fields}))
    return await _hear(socket, lambda f: f["t"] in ("ok", "err") and f["re"] == frame_id)


async def _close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    return closed.value.rcvd.code if closed.value.rcvd else None


async def _sign_in(database: Database, person: Person, *, staff: Staff | None = None) -> SignedIn:
    staff = staff or await hire(database, person)
    if staff.role in ("coach", "supervisor"):
        async with transaction(database) as session:
            await set_availability(session, staff_id=staff.id, availability=Availability.AVAILABLE)
    return await open_session(database, staff)


async def _pass(database: Database, who: SignedIn, *, seconds: float = 60) -> str:
    async with transaction(database) as session:
        return await issue_socket_pass(session, session_id=who.viewer.session_id, seconds=seconds)


@pytest.mark.parametrize(
    "first",
    [
        "not json",
        "{}",
        '{"t":"pong"}',
        '{"t":"queue.next","id":"1"}',
        "[" * 50_000,
        b"\xff\xfe",
        "x" * 70_000,
        json.dumps({"t": "hello", "id": "1", "d": {"token": "", "client": "c", "conn": str(uuid4())}}),
    ],
    ids=["no json", "no frame", "pong", "a verb", "deep", "binary", "large", "no token"],
)
async def test_whoever_does_not_say_hello_is_closed_as_not_speaking_the_protocol(
    live_server: LiveServer, first: str | bytes
) -> None:
    socket = await _open(live_server)
    await socket.send(first)
    assert await _close_code(socket) == 4500


async def test_the_largest_frame_is_heard_a_larger_one_is_answered_a_huge_one_ends_the_socket(
    live_server: LiveServer, database: Database
) -> None:
    started = await enter(database, live_server.settings)
    stream, most = f"conv:{started.conversation_id}", live_server.settings.limits.frame_bytes

    async def send(body: str, size: int) -> Frame:
        frame_id, data = str(uuid4()), {"client_message_id": str(uuid4()), "body": body}
        frame = json.dumps({"t": "message.post", "id": frame_id, "s": stream, "d": data})
        await socket.send(frame.ljust(size))
        return await _hear(socket, lambda f: f["t"] in ("ok", "err") and f["re"] in (frame_id, None))

    socket = await _greet(live_server, started.token)
    assert (await send("as large as may be", most))["t"] == "ok"
    HEARD[socket].clear()
    refused = await send("one byte more", most + 1)
    assert (refused["t"], refused["d"]["code"]) == ("err", "too_large")
    HEARD[socket].clear()
    assert (await send("and the socket lives", 0))["t"] == "ok"
    await socket.send("x" * (4 * most + 1))
    assert await _close_code(socket) == 1009


async def test_a_made_up_token_waits_for_no_turn_to_write(
    live_server: LiveServer, database: Database
) -> None:
    socket = await _open(live_server)
    async with transaction(database):  # on SQLite nobody else writes meanwhile
        await socket.send(_hello("made-up"))
        assert await _close_code(socket) == 4501


async def test_whoever_says_nothing_is_closed(settings: Settings) -> None:
    hasty = settings.model_copy(update={"timers": settings.timers.model_copy(update={"hello": 0.3})})
    async with running_server(hasty) as server:
        assert await _close_code(await _open(server)) == 4500


async def test_a_token_that_opens_nothing_is_refused_in_words_and_closed(
    live_server: LiveServer, database: Database
) -> None:
    carys, farid = await _sign_in(database, CARYS), await _sign_in(database, FARID)
    spent = await _pass(database, carys)
    first = await _greet(live_server, spent)
    refused = {
        "invented": "an-invented-token",
        "spent": spent,
        "late": await _pass(database, carys, seconds=-1),
        "a researcher's": await _pass(database, farid),
        "a session's": carys.token,
        "with NUL": "a\0b",
    }
    for why, token in refused.items():
        socket = await _open(live_server)
        await socket.send(_hello(token))
        answer = await _hear(socket, lambda _: True)
        assert (answer["t"], answer["re"]) == ("err", "1"), why
        assert answer["d"]["code"] == "unauthorized", why
        assert await _close_code(socket) == 4501, why
    await first.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_another_sites_page_may_not_connect(live_server: LiveServer, origin: str) -> None:
    assert await _close_code(await _open(live_server, origin=origin)) == 4502


async def test_our_own_page_may_connect(live_server: LiveServer, database: Database) -> None:
    started = await enter(database, live_server.settings)
    socket = await _open(live_server, origin=live_server.url)
    await socket.send(_hello(started.token))
    assert (await _hear(socket, lambda _: True))["t"] == "welcome"
    await socket.close()


async def test_one_socket_too_many_is_refused_and_the_others_stay(
    live_server: LiveServer, database: Database
) -> None:
    started = await enter(database, live_server.settings)
    carys = await _sign_in(database, CARYS)
    for most, token in ((3, lambda: started.token), (8, None)):
        async with AsyncExitStack() as stack:
            sockets = []
            for _ in range(most):
                fresh = token() if token else await _pass(database, carys)
                sockets.append(await _greet(live_server, fresh))
                stack.push_async_callback(sockets[-1].close)
            extra = await _open(live_server)
            await extra.send(_hello(token() if token else await _pass(database, carys)))
            assert await _close_code(extra) == 4504
            pong = await sockets[0].ping()
            await asyncio.wait_for(pong, PATIENCE_S)


async def test_of_one_address_only_so_many_sockets_may_stand_open_without_a_word(
    settings: Settings, database: Database
) -> None:
    started = await enter(database, settings)
    few = {"limits": settings.limits.model_copy(update={"unheard_sockets": 2})}
    async with running_server(settings.model_copy(update=few)) as server, AsyncExitStack() as stack:
        first, _ = [await stack.enter_async_context(await _open(server)) for _ in range(2)]
        assert await _close_code(await _open(server)) == 4005
        await first.send(_hello(started.token))
        await _hear(first, lambda frame: frame["t"] == "welcome")
        third = await stack.enter_async_context(await _open(server))
        assert await _close_code(await _open(server)) == 4005
        await third.send("not json")
        assert await _close_code(third) == 4500
        await (await _greet(server, started.token)).close()


@pytest.mark.parametrize("offered", [[], ["earshot.v2"], ["graphql-ws", "earshot.v9"]])
async def test_an_unknown_version_is_told_so(live_server: LiveServer, offered: list[str]) -> None:
    socket = await connect(
        f"{live_server.socket_url}/rt/v1",
        subprotocols=[Subprotocol(name) for name in offered] or None,
        proxy=None,
    )
    assert await _close_code(socket) == 4505


async def test_a_silent_socket_is_pinged_and_closed(settings: Settings, database: Database) -> None:
    timers = settings.timers.model_copy(update={"ping": 0.3, "pong": 1})
    started = await enter(database, settings)
    stream = f"conv:{started.conversation_id}"
    async with running_server(settings.model_copy(update={"timers": timers})) as server:
        silent, lively = await _greet(server, started.token), await _greet(server, started.token)

        async def answer() -> None:
            heads: list[dict[str, int]] = []
            while len(heads) < 4 or heads[-1] != {stream: 1}:  # 0 until the socket has the stream
                ping = await _hear(lively, lambda f: f["t"] == "ping", fresh=True)
                heads.append(ping["d"]["heads"])
                await lively.send('{"t":"pong"}')

        answering = asyncio.create_task(answer())
        await _hear(silent, lambda f: f["t"] == "ping")
        assert await _close_code(silent) == 4001
        await asyncio.wait_for(answering, PATIENCE_S)
        await lively.close()


async def test_too_many_wrong_frames_close_a_greeted_socket(
    live_server: LiveServer, database: Database
) -> None:
    socket = await _greet(live_server, (await enter(database, live_server.settings)).token)
    for number in range(21):
        await socket.send(json.dumps({"t": "zap", "id": str(number)}))
    assert await _close_code(socket) == 4500


async def _conversation(
    server: LiveServer, database: Database
) -> tuple[ClientConnection, ClientConnection, str, SignedIn]:
    started = await enter(database, server.settings)
    carys = await _sign_in(database, CARYS)
    parent = await _greet(server, started.token)
    coach = await _greet(server, await _pass(database, carys))
    await _ask(coach, "queue.claim", d={"conversation": str(started.conversation_id)})
    return parent, coach, str(started.conversation_id), carys


async def test_a_whole_conversation(live_server: LiveServer, database: Database) -> None:
    parent, coach, conversation, _ = await _conversation(live_server, database)
    stream = f"conv:{conversation}"
    assigned = await _hear(parent, lambda f: f.get("k") == "conversation.assigned")
    assert assigned["d"] == {"coach": "Carys"}
    await _hear(coach, lambda f: f["t"] == "snapshot" and f["s"] == stream)  # from here on all comes live
    for speaker, listener, who in ((parent, coach, "parent"), (coach, parent, "coach")):
        client_id = str(uuid4())
        data = {"client_message_id": client_id, "body": f"Hello from the {who}"}
        first = await _ask(speaker, "message.post", s=stream, d=data)
        again = await _ask(speaker, "message.post", s=stream, d=data)
        assert (first["d"]["duplicate"], again["d"]["duplicate"]) == (False, True)
        assert {**first["d"], "duplicate": True} == again["d"]
        other = await _ask(speaker, "message.post", s=stream, d={**data, "body": "Something else"})
        assert other["d"]["code"] == "idempotency_conflict"
        heard = await _hear(listener, lambda f, w=who: f.get("k") == "message.posted" and f["d"]["from"] == w)
        assert heard["d"]["body"] == f"Hello from the {who}"
    await coach.send(json.dumps({"t": "typing", "s": stream}))
    assert (await _hear(parent, lambda f: f.get("k") == "typing"))["d"] == {"from": "coach"}
    await parent.send(json.dumps({"t": "read", "s": stream, "d": {"up_to": 999}}))
    assert (await _hear(coach, lambda f: f.get("k") == "read"))["d"] == {"from": "parent", "up_to": 4}
    wrap_up = {"conversation": conversation, "topics": ["slep"], "disposition": "advice-given"}
    assert (await _ask(coach, "wrap_up.submit", d=wrap_up))["t"] == "err"
    assert (await _ask(parent, "conversation.end", d={"conversation": conversation}))["t"] == "ok"
    refused = await _ask(coach, "wrap_up.submit", d=wrap_up)
    assert "slep" in refused["d"]["message"]
    assert (await _ask(coach, "wrap_up.submit", d={**wrap_up, "topics": ["sleep"]}))["t"] == "ok"
    await _hear(parent, lambda f: f.get("k") == "conversation.closed")
    after = await _ask(
        coach, "message.post", s=stream, d={"client_message_id": str(uuid4()), "body": "One more thing"}
    )
    assert after["d"]["code"] == "not_found"
    await parent.close()
    await coach.close()


async def test_notes_never_reach_the_parent_by_either_way(
    live_server: LiveServer, database: Database
) -> None:
    """A post to the staff stream is refused: it would be said aloud."""
    parent, coach, conversation, _ = await _conversation(live_server, database)
    words = {"client_message_id": str(uuid4()), "body": "staffCanary"}
    aloud = await _ask(coach, "message.post", s=f"staff:{conversation}", d=words)
    assert aloud["d"]["code"] == "bad_request"
    noted = await _ask(coach, "note.add", d={"conversation": conversation, **words})
    assert noted["t"] == "ok"
    stream = f"staff:{conversation}"
    heard = await _hear(coach, lambda f: f.get("s") == stream and "staffCanary" in json.dumps(f))
    assert "Carys Vane" in json.dumps(heard), "live or, where it came that early, in the snapshot"
    said = {"client_message_id": str(uuid4()), "body": "And now aloud"}
    await _ask(coach, "message.post", s=f"conv:{conversation}", d=said)
    await _hear(parent, lambda f: f.get("k") == "message.posted")
    everything = json.dumps(HEARD[parent])
    assert "And now aloud" in everything
    assert "staffCanary" not in everything
    await parent.close()
    await coach.close()


@pytest.mark.parametrize("how", ["signed out", "disabled"])
async def test_a_session_that_ends_takes_its_sockets_along(
    live_server: LiveServer, database: Database, how: str
) -> None:
    _, coach, _, carys = await _conversation(live_server, database)
    served = live_server.app.state.database

    async def shut_out() -> None:
        async with transaction(served) as session:
            if how == "signed out":
                await sign_out(session, viewer=carys.viewer)
            else:
                await disable_staff(session, staff_id=carys.viewer.staff_id)

    await _in_the_servers_loop(live_server, shut_out)
    assert await _close_code(coach) == 4501


async def test_revoked_tokens_close_the_parents_sockets(live_server: LiveServer, database: Database) -> None:
    parent, coach, conversation, _ = await _conversation(live_server, database)

    async def revoke() -> None:
        async with transaction(live_server.app.state.database) as session:
            await revoke_parent_tokens(session, conversation_id=UUID(conversation), actor="operator")

    await _in_the_servers_loop(live_server, revoke)
    assert await _close_code(parent) == 4501
    assert (await _hear(coach, lambda f: f.get("k") == "presence" and not f["d"]["here"]))["d"][
        "from"
    ] == "parent"
    await coach.close()


async def _in_the_servers_loop(server: LiveServer, work: Callable[[], object]) -> None:
    loop = server.app.state.writer._wake._loop
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), loop))  # type: ignore[arg-type]


async def test_two_coaches_claim_one_parent_over_the_wire(
    live_server: LiveServer, database: Database
) -> None:
    sockets = [
        await _greet(live_server, await _pass(database, await _sign_in(database, person)))
        for person in (CARYS, DEWI)
    ]
    for _ in range(3):
        conversation = str((await enter(database, live_server.settings)).conversation_id)
        answers = await asyncio.gather(
            *(_ask(socket, "queue.claim", d={"conversation": conversation}) for socket in sockets)
        )
        assert sorted(answer["t"] for answer in answers) == ["err", "ok"]
        loser = next(answer for answer in answers if answer["t"] == "err")
        assert loser["d"]["code"] == "already_claimed"
    for socket in sockets:
        await socket.close()


async def test_a_server_that_stops_sends_its_clients_away_to_come_back(
    settings: Settings, database: Database
) -> None:
    started = await enter(database, settings)
    async with running_server(settings) as server:
        socket = await _greet(server, started.token)
    code = await _close_code(socket)
    assert code is not None
    assert code in (1012, 4000), "either says restart; 4500 and above would keep clients away"
