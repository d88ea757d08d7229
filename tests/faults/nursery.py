"""Servers by the dozen: a process that has imported the service already, and forks one for each order.

Killing a server three hundred times costs an hour when each start imports everything anew. What runs in the
fork is `earshot serve` itself. `python -m tests.faults.nursery` reads orders, one JSON object a line.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from app.settings import PROJECT, Settings


class Nursery:
    """The near end: starts servers and says how they ended. Its calls block for milliseconds."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._turn = Lock()

    def start(
        self, arguments: list[str], *, environment: Mapping[str, str], log: Path, hasty: bool = False
    ) -> int:
        """Fork `earshot ARGUMENTS…`; its process id. A hasty one acknowledges before it commits."""
        return int(
            self._ask(start=arguments, environment=dict(environment), log=str(log), hasty=hasty)["pid"]
        )

    def ended(self, pid: int) -> int:
        """Wait until this server has ended; what `waitpid` says of it."""
        return int(self._ask(wait=pid)["status"])

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery until the block ends; servers that still run are killed with it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    ) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def main() -> None:
    """The far end: carry out orders until there are no more."""
    with tempfile.TemporaryDirectory() as folder:
        grow_up(Path(folder))
    answers = os.fdopen(os.dup(1), "w")  # a server that forgets itself prints elsewhere
    os.dup2(2, 1)
    living: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            living.discard(order["wait"])
            told = {"status": status}
        else:
            pid = os.fork()
            if pid == 0:
                answers.close()
                become_server(order)
            living.add(pid)
            told = {"pid": pid}
        answers.write(json.dumps(told) + "\n")
        answers.flush()
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def grow_up(folder: Path) -> None:
    """Import and build everything once: the first time is slow, and a fork has it already."""
    import app.cli  # noqa: F401 (every fork has then what it imports)
    from app import db
    from app.main import create_app

    settings = Settings(env="development", data_dir=folder)
    db.migrate(settings)
    create_app(settings)
    gc.collect()
    gc.freeze()


def become_server(order: dict[str, Any]) -> None:
    """What the fork does, to its end."""
    import app.cli

    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for standard, here in ((0, nothing), (1, log), (2, log)):
        os.dup2(here, standard)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["earshot", *order["start"]]
    status = 1
    try:
        if order["hasty"]:
            from tests.faults.hasty import seed

            seed()
        if bug := os.environ.get("EARSHOT_TEST_BUG"):
            importlib.import_module(f"tests.faults.{bug}").seed()
        app.cli.main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
