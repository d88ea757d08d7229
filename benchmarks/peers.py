"""The Python peers that store what is said: how they are started, and how they are spoken to."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg

from app.settings import PROJECT
from benchmarks.contenders import NotHere, Place, Running, plain_pairs
from benchmarks.plan import NUMBER, Seat, Step
from benchmarks.processes import python_server

# What the project itself does not need stays out of its lock: these peers have an environment of their own,
# with the project's versions of everything that both have.
HOME = PROJECT / "build" / "peers"
NEEDED = (
    *(
        "asyncpg",
        "fastapi",
        "httptools",
        "psycopg[binary]",
        "python-socketio",
        "sqlalchemy[asyncio]",
        "sqlmodel",
    ),
    *("uvicorn", "uvloop", "websockets"),
)


@contextmanager
def tutorial(place: Place) -> Iterator[Running]:
    """FastAPI and SQLModel as their documentation teaches them; the broadcast is the acknowledgement."""
    url = place.postgres("tutorial")

    def seat(room: str, side: str, body: str) -> Seat:
        return Seat(path=f"/{room}/{side}", post=body, body=body, acknowledged=body)

    with _peer(
        "tutorial", place, url=url.replace("postgresql://", "postgresql+psycopg://"), seat=seat
    ) as running:
        yield replace(running, stored=lambda: count_rows(url, "message"))


@contextmanager
def socketio(place: Place) -> Iterator[Running]:
    """python-socketio over WebSocket alone."""
    url = place.postgres("socketio")

    def seat(room: str, side: str, body: str) -> Seat:
        return Seat(
            path=f"/socket.io/?EIO=4&transport=websocket&room={room}&side={side}",
            post=f'421{NUMBER}["post","{body}"]',
            body=body,
            acknowledged=f"431{NUMBER}[",
            steps=(Step("", "0{"), Step("40", "40{")),
            beats=(("2", "3"),),
        )

    with _peer(
        "socketio_peer", place, url=url.replace("postgresql://", "postgresql+asyncpg://"), seat=seat
    ) as running:
        yield replace(running, stored=lambda: count_rows(url, "message"))


@contextmanager
def _peer(module: str, place: Place, *, url: str, seat: Callable[[str, str, str], Seat]) -> Iterator[Running]:
    python = _python()
    with python_server(
        f"benchmarks.{module}", log=place.folder / f"{module}.log", env={"DATABASE_URL": url}, python=python
    ) as (port, pid):
        processes = {"server": pid, "postgres": place.postgres_pid}
        yield Running(port, processes, lambda count: plain_pairs(count, seat))


def _python() -> str:
    """The interpreter of the peers' environment, which is made when it is first needed."""
    python = HOME / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    installed = HOME / ".installed"
    if not installed.exists():
        steps = (
            [*uv, "venv", "-q", "--clear", "--python", sys.executable, str(HOME)],
            [*uv, "pip", "install", "-q", "-p", str(python), "-c", "requirements.lock", *NEEDED],
        )
        for step in steps:
            made = subprocess.run(step, cwd=PROJECT, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise NotHere(f"its packages cannot be installed ({made.stderr.strip()[-300:]})")
        installed.touch()
    return str(python)


def count_rows(url: str, table: str) -> int:
    """How many rows a table of ours holds."""

    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 (ours)
            return found
        finally:
            await connection.close()

    return asyncio.run(count())
