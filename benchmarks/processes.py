"""Servers as processes of their own, and the generator as another one beside them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.rehearsal.server import free_port
from app.settings import PROJECT
from benchmarks.plan import Outcome, Plan

HOST = "127.0.0.1"
EARSHOT = (sys.executable, "-m", "app.cli")
START_S, STOP_S, LOOK_S = 120.0, 20.0, 0.05


class NotStarted(RuntimeError):
    """A server did not come up; the message holds the end of what it said."""


@contextmanager
def python_server(
    module: str, *, log: Path, env: Mapping[str, str] | None = None, python: str = sys.executable
) -> Iterator[tuple[int, int]]:
    """Run a module of ours that serves on the port it is given; its port and process."""
    port = free_port()
    with process([python, "-m", module, str(port)], port=port, log=log, env=env) as pid:
        yield port, pid


@contextmanager
def process(
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[int]:
    """Run a server until the block ends; it listens on the port when the block begins."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            start_new_session=True,
        )
        try:
            _wait_until_listening(running, port, log)
            yield running.pid
        finally:
            _end(running)


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started, as a script starts its server; they are gone afterwards."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_S
        try:
            os.killpg(running.pid, sign)
            while time.monotonic() < until:
                running.poll()
                os.killpg(running.pid, 0)
                time.sleep(LOOK_S)
        except ProcessLookupError:
            return


def generate(plan: Plan) -> Outcome:
    """Play a plan in a generator process."""
    played = subprocess.run(
        [sys.executable, "-m", "benchmarks.generator"],
        cwd=PROJECT,
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(played.stdout, type=Outcome)


def _wait_until_listening(running: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and running.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(LOOK_S)
    raise NotStarted(f"{running.args!r} does not listen:\n{log.read_text(errors='replace')[-2000:]}")
