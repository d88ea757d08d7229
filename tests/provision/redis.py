"""A Redis of the tests' own: on loopback, nothing kept on disk, gone when they end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.provision.packages import CannotProvideError, apt_install

NAMES = ("redis-server", "valkey-server")
READY = "Ready to accept connections"
START_S = 20


@dataclass(slots=True)
class RedisServer:
    """A server that can be killed, started again on the same port, and stopped in its tracks."""

    port: int
    folder: Path
    binary: str
    _process: "subprocess.Popen[str] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self._process = subprocess.Popen(
            [
                self.binary,
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = _Said(self._process)
        if not said.ready.wait(START_S) or not said.is_up:
            raise CannotProvideError(f"Redis did not start: {''.join(said.lines)}")

    def say(self, *words: str) -> bytes:
        """What it answers to a command, as it stands on the wire."""
        return self._say(" ".join(words).encode())

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stop it in its tracks: connections stay, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _say(self, line: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
                wire.sendall(line + b"\r\nQUIT\r\n")
                answer = b""
                while more := wire.recv(65536):
                    answer += more
                return answer
        except OSError:
            return b""


class _Said:
    """What a server writes, read to its end; `ready` is set once it takes commands, or has ended."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.ready = threading.Event()
        self.is_up = False
        self.lines: list[str] = []
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as written:
            for line in written:
                self.lines.append(line)
                if READY in line:
                    self.is_up = True
                    self.ready.set()
        self.ready.set()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a server; it is ended and its folder removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-redis-"))
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = RedisServer(port=port, folder=folder, binary=_binary())
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)


def _binary() -> str:
    """The system's Redis or Valkey, that in EARSHOT_TEST_REDIS_SERVER, or one that is installed now."""
    named = os.environ.get("EARSHOT_TEST_REDIS_SERVER")
    found = named or _on_system()
    if found is None and apt_install("redis-server"):
        found = _on_system()
    if found is None:
        raise CannotProvideError(
            "The tests of several workers need Redis: apt install redis-server (or valkey-server), "
            "or name its program in EARSHOT_TEST_REDIS_SERVER."
        )
    return found


def _on_system() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)
