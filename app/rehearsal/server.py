"""A server of the rehearsal's own: another process, on the configured database, at any hour."""

import asyncio
import errno
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import httpx

from app.errors import ConfigurationError
from app.settings import PROJECT, Settings

HOST = "127.0.0.1"
STOP_S, LOOK_S = 20, 0.05
SOCKETS = 65_536

# One machine plays everybody, so limits that count by person or by address must not hold it back.
RAISED = {
    "PARENT_MESSAGES_PER_MINUTE": "100000",
    "STAFF_MESSAGES_PER_MINUTE": "100000",
    "PARENT_SOCKETS": "20",
    "UNHEARD_SOCKETS": "65536",
    "STARTS_PER_MINUTE": "1000000",
    "SIGN_INS_PER_MINUTE": "1000000",
}


@asynccontextmanager
async def own_server(
    settings: Settings, *, host: str = HOST, port: int | None = None, log: Path | None = None
) -> AsyncIterator[str]:
    """The address of a running service with raised limits; it ends with the block.

    It is quiet and logs into `log`; without one it says where it is, as `earshot serve` does.
    """
    url = f"http://{host}:{port or free_port()}"
    with _output(log) as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "serve", "--host", host, "--port", url.rpartition(":")[2]),
            *(("--quiet",) if log else ()),
            env=environment(settings, EARSHOT_PUBLIC_URL=url, EARSHOT_HOURS="always"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C ends the rehearsal first, which then ends its server
        )
    try:
        await _wait_for(process, url, log)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _output(log: Path | None) -> AbstractContextManager[BinaryIO | None]:
    if log is None:
        return nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


def environment(settings: Settings, **more: str) -> Mapping[str, str]:
    """The variables with which another process runs on these settings, limits raised."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))),
        "EARSHOT_ENV": settings.env,
        "EARSHOT_DATABASE_URL": settings.database,
        "EARSHOT_REDIS_URL": settings.redis_url,
        "EARSHOT_WORKERS": str(settings.workers),
        "EARSHOT_DATA_DIR": str(settings.data_dir),
        "EARSHOT_CONTENT_DIR": str(settings.content_dir),
        "EARSHOT_WEB_DIR": str(settings.web_dir),
        "EARSHOT_SECRET": settings.secret,
        "EARSHOT_KEYS": settings.keys,
        **{f"EARSHOT_LIMITS__{name}": value for name, value in RAISED.items()},
        "EARSHOT_TIMERS__DEBRIEF": "0",  # rehearsed coaches need none
        "EARSHOT_TIMERS__BREAK_EVERY": "0",
        **more,
    }


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ConfigurationError says what to do where the port is taken."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} on {host} is in use.",
                next_step=f"Stop what uses it, or take another: --port {port + 1}",
            ) from None
        raise ConfigurationError(
            f"Port {port} on {host} cannot be listened on: {error.strerror}.",
            next_step="Give another --host or --port.",
        ) from None


def allow_sockets() -> None:
    """Let this process hold as many sockets as the system allows; its first limit is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS if hard == resource.RLIM_INFINITY else min(SOCKETS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _wait_for(process: asyncio.subprocess.Process, url: str, log: Path | None) -> None:
    """Wait until the server answers, however long it takes; ConfigurationError as soon as it has ended."""
    async with httpx.AsyncClient(trust_env=False) as http:
        while not await answers(http, url):
            if process.returncode is not None:
                raise ConfigurationError(
                    f"The rehearsal's own server ended as it started (status {process.returncode}).",
                    next_step=f"{log} says why." if log else "What it said stands above.",
                )
            await asyncio.sleep(LOOK_S)


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    """Whether a service is up and well at this address."""
    try:
        return (await http.get(f"{url}/healthz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
