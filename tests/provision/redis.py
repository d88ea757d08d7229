"""A Redis of the tests' own: on loopback, nothing kept on disk, gone when they end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.provision.packages import CannotProvideError, apt_install

NAMES = ("redis-server", "valkey-server")
START_S = 20


@dataclass(slots=True)
class RedisServer:
    """A server that can be killed, started again on the same port, and stopped in its tracks."""

    port: int
    folder: Path
    binary: str
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                self.binary,
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--save", "", "--appendonly", "no", "--logfile", str(self.folder / "log")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + START_S
        while b"PONG" not in self._say(b"PING"):
            if time.monotonic() > end or self._process.poll() is not None:
                raise CannotProvideError(f"Redis did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

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
