"""Everybody who can be measured, in the order in which they take their turns."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks import contenders, earshot, ejabberd, peers
from benchmarks.contenders import Contender, Place, Running
from tests.provision.redis import redis_server


@contextmanager
def _earshot_on_postgres(place: Place) -> Iterator[Running]:
    with earshot.running(place, database_url=place.postgres("earshot"), name="earshot") as running:
        yield running


@contextmanager
def _earshot_on_sqlite(place: Place) -> Iterator[Running]:
    url = f"sqlite:///{place.folder / 'earshot.db'}"
    with earshot.running(place, database_url=url, name="earshot-sqlite") as running:
        yield running


@contextmanager
def _two_workers(place: Place) -> Iterator[Running]:
    url = place.postgres("earshot")
    with (
        redis_server() as redis,
        earshot.running(place, database_url=url, name="earshot-two", workers=2, redis=redis) as running,
    ):
        yield running


LINEUP = (
    Contender("bare", "bytes copied (the generator's ceiling)", contenders.bare),
    Contender("relay", "raw relay, stores nothing", contenders.relay),
    Contender("earshot", "Earshot on PostgreSQL", _earshot_on_postgres),
    Contender("earshot-sqlite", "Earshot on SQLite", _earshot_on_sqlite),
    Contender("earshot-2", "Earshot, two workers and Redis", _two_workers),
    Contender("tutorial", "FastAPI + SQLModel as taught", peers.tutorial, peer=True),
    Contender("socketio", "python-socketio + SQLAlchemy", peers.socketio, peer=True),
    Contender("ejabberd", "ejabberd, archive in PostgreSQL", ejabberd.archiving, peer=True),
)


@contextmanager
def running(chosen: list[Contender], place: Place) -> Iterator[dict[str, Running]]:
    """All of them at once; one that cannot run here says why, and is left out."""
    with ExitStack() as stack:
        up = {}
        for contender in chosen:
            try:
                up[contender.key] = stack.enter_context(contender.run(place))
            except contenders.NotHere as missing:
                print(f"{contender.name} is left out: {missing}", flush=True)
        yield up
