"""What the tests of several workers ask for: a Redis that may be broken, and workers on one PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from app.settings import Settings
from tests.provision.redis import RedisServer, redis_server
from tests.talk import running, until

BEAT_S = 0.1  # a fifth of the default, and with it every other time of the broker


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """A Redis that no test breaks."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, to be broken."""
    with redis_server() as server:
        yield server


@dataclass(frozen=True, slots=True)
class Workers:
    """Two workers of one service."""

    one: FastAPI
    two: FastAPI

    async def acquainted(self) -> None:
        """Wait until both are heard, trusted, and know all of each other's sockets."""
        for app, other in ((self.one, self.two), (self.two, self.one)):
            broker, peer = app.state.broker, other.state.broker
            await until(
                lambda broker=broker, peer=peer: (
                    broker.trusted
                    and peer.worker in broker.directory.peers
                    and broker.directory.peers[peer.worker].number == peer._number
                )
            )


def joined(settings: Settings, server: RedisServer) -> Settings:
    """Settings of a worker that shares this Redis."""
    timers = settings.timers.model_copy(update={"beat": BEAT_S})
    return settings.model_copy(update={"redis_url": server.url, "timers": timers})


@asynccontextmanager
async def two_workers(settings: Settings) -> AsyncIterator[Workers]:
    """Two workers in this loop, acquainted with each other."""
    async with running(settings) as one, running(settings) as two:
        workers = Workers(one, two)
        await workers.acquainted()
        yield workers
