"""`earshot serve --workers 2` for real: a conversation across two processes, and one of them dies in it."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.accounts.actions import issue_socket_pass
from app.db import Database, transaction
from app.errors import ConfigurationError
from app.main import create_app
from app.rehearsal.server import own_server
from app.settings import Settings
from tests.cast import CARYS, open_session
from tests.provision.redis import RedisServer
from tests.scenes import claim, enter, on_duty
from tests.talk import Frame, until

PATIENCE_S = 60  # processes start and end in between

POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _workers() -> list[int]:
    """The worker processes of a supervisor that this process has started."""
    parents: dict[int, int] = {}
    spawned = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent = int(status.parent.name), _parent(int(status.parent.name))
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        parents[pid] = parent
        if b"spawn_main" in command:
            spawned.append(pid)
    return sorted(pid for pid in spawned if parents.get(parents.get(pid, 0)) == os.getpid())


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def _greet(url: str, token: str, *, not_at: int | None = None) -> ClientConnection:
    """A greeted socket; at the other worker than the one named, which is held up meanwhile."""
    if not_at is not None:
        os.kill(not_at, signal.SIGSTOP)
    try:
        async with asyncio.timeout(PATIENCE_S):
            address = f"{url.replace('http', 'ws', 1)}/rt/v1"
            socket = await connect(
                address, subprotocols=[Subprotocol("earshot.v1")], proxy=None, compression=None
            )
            hello = {"token": token, "client": "tests/1", "conn": str(uuid4())}
            await socket.send(json.dumps({"t": "hello", "id": "1", "d": hello}))
            assert json.loads(await socket.recv())["t"] == "welcome"
            return socket
    finally:
        if not_at is not None:
            os.kill(not_at, signal.SIGCONT)


async def _hear(socket: ClientConnection, wanted: Callable[[Frame], object]) -> Frame:
    async with asyncio.timeout(PATIENCE_S):
        while not wanted(frame := json.loads(await socket.recv())):
            pass
    return frame


async def _say(socket: ClientConnection, stream: str, body: str) -> None:
    data = {"client_message_id": str(uuid4()), "body": body}
    await socket.send(json.dumps({"t": "message.post", "id": body, "s": stream, "d": data}))
    await _hear(socket, lambda f: f["t"] == "ok" and f["re"] == body)


@POSTGRES
async def test_two_processes_carry_one_conversation_one_is_replaced_and_both_end_with_their_supervisor(
    settings: Settings, database: Database, shared_redis: RedisServer, tmp_path: Path
) -> None:
    started = await enter(database, settings)
    stream = f"conv:{started.conversation_id}"
    carys = await on_duty(database, CARYS)
    await claim(database, carys, started.conversation_id)
    session_id = (await open_session(database, carys)).viewer.session_id

    def channels() -> int:
        return shared_redis.say("PUBSUB", "CHANNELS", "earshot:*").count(b"earshot:")

    two = settings.model_copy(update={"redis_url": shared_redis.url, "workers": 2})
    async with own_server(two, log=tmp_path / "log") as url:
        await until(lambda: channels() == 3, seconds=PATIENCE_S)  # one for each, and one for both
        first, second = _workers()
        parent = await _greet(url, started.token, not_at=second)
        async with transaction(database) as session:
            token = await issue_socket_pass(session, session_id=session_id, seconds=60)
        coach = await _greet(url, token, not_at=first)
        await _say(parent, stream, "from one process")
        await _hear(coach, lambda f: f["t"] == "ev" and f["d"].get("body") == "from one process")
        await _say(coach, stream, "from the other")
        await _hear(parent, lambda f: f["t"] == "ev" and f["d"].get("body") == "from the other")

        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(parent.wait_closed(), PATIENCE_S)
        parent = await _greet(url, started.token)
        await _say(parent, stream, "back again")
        await _hear(coach, lambda f: f["t"] == "ev" and f["d"].get("body") == "back again")
        await until(lambda: channels() == 3 and first not in _workers(), seconds=PATIENCE_S)
        await parent.close()
        await coach.close()
        os.kill(_parent(second), signal.SIGKILL)
        await until(lambda: channels() == 0)  # no worker outlives its supervisor


@SQLITE
@pytest.mark.parametrize("changes", [{"workers": 2}, {"redis_url": "redis://127.0.0.1"}])
def test_sqlite_serves_one_worker_and_says_so(settings: Settings, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        create_app(settings.model_copy(update=changes))
    assert "SQLite serves one worker" in refused.value.message
    assert "PostgreSQL" in refused.value.next_step


@POSTGRES
def test_several_workers_need_redis_and_say_so(settings: Settings) -> None:
    with pytest.raises(ConfigurationError) as refused:
        create_app(settings.model_copy(update={"workers": 2}))
    assert "EARSHOT_REDIS_URL" in refused.value.next_step


@POSTGRES
def test_an_address_that_names_no_redis_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="EARSHOT_REDIS_URL"):
        create_app(settings.model_copy(update={"redis_url": "hints:6379"}))
