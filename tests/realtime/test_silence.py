"""Who is not heard any more is let go, and nobody waits for their last word."""

import asyncio
import json
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.db import Database
from app.settings import Settings
from tests.faults.proxy import proxy_to
from tests.provision.server import running_server
from tests.scenes import PATIENCE_S, enter

BEFORE_S = 6  # the server library's own patience with a close that is not answered is ten seconds


async def test_the_connection_of_who_is_not_heard_ends_with_the_servers_last_word(
    settings: Settings, database: Database
) -> None:
    timers = settings.timers.model_copy(update={"ping": 0.3, "pong": 0.3})
    started = await enter(database, settings)
    async with (
        running_server(settings.model_copy(update={"timers": timers})) as server,
        proxy_to(server.socket_url.replace("ws://", "http://")) as proxy,
    ):
        url = f"{proxy.url.replace('http://', 'ws://')}/rt/v1"
        socket = await connect(
            url, subprotocols=[Subprotocol("earshot.v1")], proxy=None, compression=None, ping_interval=None
        )
        hello = {"token": started.token, "client": "tests/1", "conn": str(uuid4())}
        await socket.send(json.dumps({"t": "hello", "id": "1", "d": hello}))
        async with asyncio.timeout(PATIENCE_S):
            while json.loads(await socket.recv())["t"] != "welcome":
                pass
        (wire,) = proxy.living
        wire.cut(down=False)  # what the client says is lost, its answer to the close included
        async with asyncio.timeout(BEFORE_S):
            await wire.left_by_server.wait()
        await socket.wait_closed()
        assert socket.close_code == 4001
