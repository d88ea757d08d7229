"""The load generator finds a server out that loses, doubles, swaps or misdelivers messages, or rambles."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks import generator
from benchmarks.contenders import plain_pairs
from benchmarks.generator import play
from benchmarks.plan import Plan, Seat

PAIRS = 3
FAULTY_AT = "00000005"


@dataclass
class Relay:
    """Hands each text to the other side, but for what `twist` makes of it."""

    twist: Callable[["Relay", str, str], list[tuple[str, str]]]
    sockets: dict[str, ServerConnection] = field(default_factory=dict)

    async def hold(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        path = socket.request.path
        self.sockets[path] = socket
        async for text in socket:
            for where, what in self.twist(self, path, str(text)):
                await self.sockets[where].send(what)


def other(path: str) -> str:
    room, _, side = path.rpartition("/")
    return f"{room}/{'coach' if side == 'parent' else 'parent'}"


def honest(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return [(other(path), text)]


def losing(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return [] if FAULTY_AT in text else honest(relay, path, text)


def doubling(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return honest(relay, path, text) * (2 if FAULTY_AT in text else 1)


def misdelivering(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    stranger = next(each for each in relay.sockets if each not in (path, other(path)))
    return [*honest(relay, path, text), *([(stranger, text)] if FAULTY_AT in text else [])]


def changing(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return [(other(path), text.replace("story", "stork") if FAULTY_AT in text else text)]


def swapping(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return [(other(path), text.replace(FAULTY_AT, "00000006"))]


def rambling(relay: Relay, path: str, text: str) -> list[tuple[str, str]]:
    return [*honest(relay, path, text), *([(path, "by the way")] if FAULTY_AT in text else [])]


@asynccontextmanager
async def relay_of(twist) -> AsyncIterator[int]:
    relay = Relay(twist)
    async with serve(relay.hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def raw(room: str, side: str, body: str) -> Seat:
    return Seat(path=f"/{room}/{side}", post=body, body=body)


def plan(port: int, workload="closed", rate=0.0) -> Plan:
    return Plan(
        port=port,
        workload=workload,
        pairs=plain_pairs(PAIRS, raw),
        processes={},
        seconds=0.1,
        warm_up=0.05,
        rate=rate,
    )


@pytest.mark.parametrize(("workload", "rate"), [("closed", 0.0), ("open", 500.0)])
async def test_an_honest_server_has_no_faults(workload, rate):
    async with relay_of(honest) as port:
        outcome = await play(plan(port, workload, rate))
    assert outcome.faults == ()
    assert 0 < outcome.delivered <= outcome.acknowledged
    assert 0 < outcome.p50_ms <= outcome.p99_ms


@pytest.mark.parametrize("twist", [losing, doubling, misdelivering, changing, swapping, rambling])
async def test_a_faulty_server_is_found_out(twist, monkeypatch):
    monkeypatch.setattr(generator, "REST_S", 0.2)
    async with relay_of(twist) as port:
        outcome = await play(plan(port))
    assert outcome.faults


async def test_a_server_that_hangs_up_is_found_out():
    async def leave(socket: ServerConnection) -> None:
        await socket.recv()

    async with serve(leave, "127.0.0.1", 0) as server:
        outcome = await play(plan(next(iter(server.sockets)).getsockname()[1]))
    assert any("closed a socket" in fault for fault in outcome.faults)


async def test_nobody_there_is_told():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert (await play(plan(port))).faults
