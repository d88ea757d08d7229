"""ejabberd, with every message archived in PostgreSQL (mod_mam), reached over WebSocket (RFC 7395).

It is run where it is installed, as its own user, on loopback, with a configuration, a node name and a folder
of its own. Accounts stand in its database, so they are put there instead of being registered one by one.
"""

import asyncio
import base64
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from app.rehearsal.server import free_port
from benchmarks.contenders import SIDES, NotHere, Place, Running, words
from benchmarks.peers import count_rows
from benchmarks.plan import NUMBER, Pair, Seat, Step
from benchmarks.processes import process

SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")
USER = "ejabberd"
HOST = "localhost"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
CONFIGURATION = """\
hosts: [localhost]
loglevel: warning
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{/ws: ejabberd_http_ws}}
auth_method: [sql]
auth_password_format: plain
disable_sasl_mechanisms: []
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {sql_port}
sql_database: {database}
sql_username: postgres
sql_password: "trusted"
sql_pool_size: 20
default_db: sql
modules:
  mod_mam:
    db_type: sql
    default: always
    request_activates_archiving: false
shaper: {{}}
shaper_rules:
  max_user_sessions: 10
websocket_ping_interval: 600
"""


@contextmanager
def archiving(place: Place) -> Iterator[Running]:
    """One node; a message is in both archives before the other side hears it."""
    control = shutil.which("ejabberdctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if control is None or not SCHEMA.exists():
        raise NotHere("it is not installed (apt-get install ejabberd erlang-p1-pgsql)")
    if not list(Path("/usr/lib").glob("*/erlang/lib/p1_pgsql-*")) + list(
        Path("/usr/lib/erlang/lib").glob("p1_pgsql-*")
    ):
        raise NotHere("its PostgreSQL driver is not installed (apt-get install erlang-p1-pgsql)")
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise NotHere(f"there is no user {USER}") from None
    if os.geteuid() != 0:
        raise NotHere(f"only root can start it as the user {USER}")
    url = place.postgres("ejabberd")
    asyncio.run(_run(url, SCHEMA.read_text()))
    port, folder = free_port(), place.folder / "ejabberd"
    folder.mkdir()
    (folder / "ejabberd.yml").write_text(
        CONFIGURATION.format(port=port, database=urlsplit(url).path[1:], sql_port=urlsplit(url).port)
    )
    place.folder.chmod(0o711)
    for path in (folder, folder / "ejabberd.yml"):
        os.chown(path, user.pw_uid, user.pw_gid)
    env = {
        "HOME": str(folder),
        "INET_DIST_INTERFACE": "127.0.0.1",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
    }
    where = ("--config-dir", str(folder), "--logs", str(folder), "--spool", str(folder / "spool"))
    command = [control, "--node", f"bench{port}@localhost", *where, "foreground"]
    try:
        with process(command, port=port, log=place.folder / "ejabberd.log", env=env, user=USER) as pid:
            yield Running(
                port,
                {"server": pid, "postgres": place.postgres_pid},
                lambda count: _pairs(url, count),
                lambda: count_rows(url, "archive") // 2,  # each side has an archive
            )
    finally:  # the name server that its script has started
        subprocess.run(["epmd", "-kill"], env={**os.environ, **env}, capture_output=True, check=False)  # noqa: S607 (Erlang's, wherever it is)


def _pairs(url: str, count: int) -> tuple[Pair, ...]:
    pairs, accounts = [], []
    for _ in range(count):
        room = secrets.token_hex(6)
        names = {side: f"{side}-{room}" for side in SIDES}
        accounts += [(name, "pw") for name in names.values()]
        pairs.append(
            Pair(
                parent=_seat(names["parent"], to=names["coach"], body=words("parent")),
                coach=_seat(names["coach"], to=names["parent"], body=words("coach")),
            )
        )
    asyncio.run(_add(url, accounts))
    return tuple(pairs)


def _seat(name: str, *, to: str, body: str) -> Seat:
    opening = f'<open xmlns="{FRAMING}" to="{HOST}" version="1.0"/>'
    plain = base64.b64encode(f"\0{name}\0pw".encode()).decode()
    auth = f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{plain}</auth>'
    bind = (
        '<iq type="set" id="bind" xmlns="jabber:client">'
        '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>load</resource></bind></iq>'
    )
    return Seat(
        path="/ws",
        protocol="xmpp",
        post=(
            f'<message xmlns="jabber:client" to="{to}@{HOST}/load" type="chat" id="{NUMBER}">'
            f"<body>{body}</body></message>"
        ),
        body=body,
        steps=(
            Step(opening, "mechanism"),
            Step(auth, "<success"),
            Step(opening, "urn:ietf:params:xml:ns:xmpp-bind"),
            Step(bind, "<jid>"),
            Step('<presence xmlns="jabber:client"/>', "<presence"),
        ),
        ignored=("<presence", "<iq"),
    )


async def _run(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def _add(url: str, accounts: list[tuple[str, str]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table("users", records=accounts, columns=["username", "password"])
    finally:
        await connection.close()
