"""Serving: one worker in this process, or several, which a supervisor starts, watches and starts again."""

import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.errors import AppError, ConfigurationError
from app.main import create_app
from app.realtime.transport import DirectProtocol
from app.rehearsal.server import allow_sockets
from app.settings import Settings, load_settings

GRACE_S = 5
LOOK_S = 1
GARBAGE = (20_000, 20, 20)  # gc.set_threshold: new objects, then rounds of the younger generation
START_S = 60  # a worker that answers nothing for so long, as it starts or later, is started anew


def serve_until_stopped(settings: Settings, listener: socket.socket, *, announce: Callable[[], None]) -> None:
    """Serve on this socket until SIGTERM or Ctrl-C. ConfigurationError where a worker cannot start.

    `announce` is called once settings and content are found fit. Several workers share the socket. One that
    dies is started again; SIGHUP replaces them one by one, each when its successor serves.
    """
    if settings.workers == 1:
        allow_sockets()
        app = create_app(settings)
        announce()
        settle_memory()
        uvicorn.Server(_config(settings, app)).run(sockets=[listener])
        return
    create_app(settings)  # what stops each worker is said once, before any is started
    announce()
    # The workers read the settings for themselves, and what was given on the command line from here.
    os.environ["EARSHOT_PUBLIC_URL"] = settings.public_url
    os.environ["EARSHOT_WORKERS"] = str(settings.workers)
    supervisor = Supervisor(_config(settings, "app.serving:worker"), [listener])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise ConfigurationError("A worker could not start.", next_step="It said why above.")


class Supervisor(Multiprocess):
    """uvicorn's, which also sees at once that a worker has died while it was asked whether it is well."""

    def keep_subprocess_alive(self) -> None:
        """Look after each worker, and start one anew that is gone or does not answer."""
        for process in self.processes:
            # With a copy of the worker's own end here, its death would not end the wait for its answer.
            process.child_conn.close()
        super().keep_subprocess_alive()


def worker() -> FastAPI:
    """The service as one of several workers; where it cannot start, that is said and the supervisor stops."""
    allow_sockets()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        app = create_app(load_settings())
    except AppError as error:
        sys.stderr.write(f"{error.message}\n{error.next_step}\n")
        sys.exit(STARTUP_FAILURE)
    settle_memory()
    return app


def settle_memory() -> None:
    """What is there before the first request stays: looking it through for garbage would delay messages.

    Nearly everything that a message leaves behind is freed by itself, so garbage is looked for more rarely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def _end_with(supervisor: int) -> None:
    """Stop this worker when its supervisor was killed: it would keep the port, and nobody could stop it."""
    while os.getppid() == supervisor:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def sockets_of(settings: Settings) -> dict[str, Any]:
    """How the server speaks WebSocket."""
    return {
        "ws": DirectProtocol,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,  # heartbeats are frames of the protocol
        "ws_max_size": 4 * settings.limits.frame_bytes,  # what is a little too long gets an answer
    }


def _config(settings: Settings, app: FastAPI | str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        **sockets_of(settings),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=START_S,
    )
