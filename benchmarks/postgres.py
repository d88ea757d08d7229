"""One durable PostgreSQL server for everybody who stores there, with a database for each."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import asyncpg

from benchmarks.cost import parent_of
from tests.provision.postgres import postgres_server


@contextmanager
def durable() -> Iterator[tuple[Callable[[str], str], int]]:
    """What makes an empty database and tells its address, and the server's process."""
    with postgres_server(durable=True) as url:
        numbers = count(1)

        def database(name: str) -> str:
            name = f"{name}{next(numbers)}"
            asyncio.run(_ask(url, f'CREATE DATABASE "{name}"'))
            return url.rpartition("/")[0] + f"/{name}"

        yield database, asyncio.run(_server_process(url))


def told(url: str) -> str:
    """The version, and what decides whether a commit is durable."""
    return asyncio.run(_told(url))


async def _told(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        version: str = await connection.fetchval("SHOW server_version")
        decides = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        told = [f"{name}={await connection.fetchval(f'SHOW {name}')}" for name in decides]
        return ", ".join([version, *told])
    finally:
        await connection.close()


async def _server_process(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


async def _ask(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
