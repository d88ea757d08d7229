"""How the Python peers are served: exactly as `earshot serve` serves Earshot."""

import sys

import uvicorn
from starlette.types import ASGIApp

from app.rehearsal.server import allow_sockets, listen

HOST = "127.0.0.1"


def serve(app: ASGIApp) -> None:
    """Serve an ASGI application on the port that the command line names, until it is ended."""
    allow_sockets()
    with listen(HOST, int(sys.argv[1])) as listener:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            access_log=False,
            log_level="warning",
        )
        uvicorn.Server(config).run(sockets=[listener])
