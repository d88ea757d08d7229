"""Earshot as it is: `earshot serve`, sealing, access and idempotency on.

Only its rate limits and the sweeper's pause are raised.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

import msgspec

from app import db
from app.db import Database, open_database
from app.realtime import frames
from app.rehearsal.server import environment, free_port
from app.sealing import KeyRing
from app.settings import Settings
from benchmarks import cast
from benchmarks.cast import Talking
from benchmarks.contenders import Place, Running, words
from benchmarks.plan import NUMBER, Pair, Seat, Step
from benchmarks.processes import EARSHOT, process
from tests.provision.redis import RedisServer

T = TypeVar("T")

PAST, MISSED = 60, 20
RATE = 10_000_000  # messages a minute, of each person
TURN_S = 3600
TOLD = f"rate limits raised to {RATE:,} messages a minute; who vanished is looked for every {TURN_S} s"
BEATS = (('{"t":"ping"', '{"t":"pong"}'),)
IGNORED = ('{"t":"state"', '{"t":"eph"')


class Earshot:
    """A running service and its database: makes pairs for the load generator."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def on_database(self, work: Callable[[Database, KeyRing], Awaitable[T]]) -> T:
        """Do this on the service's own database, beside it."""

        async def connected() -> T:
            database = open_database(self._settings)
            try:
                return await work(database, KeyRing(self._settings.key_ring))
            finally:
                await database.engine.dispose()

        return asyncio.run(connected())

    def pairs(self, count: int) -> tuple[Pair, ...]:
        """Fresh conversations, both sides without cursors."""

        async def make(database: Database, key_ring: KeyRing) -> tuple[Pair, ...]:
            talking = await cast.open_conversations(database, key_ring, count=count)
            passes = await cast.socket_passes(database, [one.coach_session for one in talking])
            return tuple(
                Pair(
                    parent=seat(one, "parent", token=one.parent_token),
                    coach=seat(one, "coach", token=socket_pass),
                )
                for one, socket_pass in zip(talking, passes, strict=True)
            )

        return self.on_database(make)

    def returning(self, count: int, *, among: int = 0) -> tuple[Pair, ...]:
        """Conversations with a past of PAST messages; who comes back has missed the last MISSED of them.

        So many are open in all, where `among` says so.
        """

        async def make(database: Database, key_ring: KeyRing) -> tuple[Pair, ...]:
            talking = await cast.open_conversations(database, key_ring, count=max(count, among))
            talking = talking[:count]
            body = words("parent").replace(NUMBER, "0")
            await cast.say_already(database, key_ring, talking, messages=PAST, body=body)
            sessions = [one.coach_session for one in talking]
            first = await cast.socket_passes(database, sessions)
            second = await cast.socket_passes(database, sessions)
            return tuple(
                Pair(
                    parent=seat(
                        one, "parent", token=one.parent_token, back=one.parent_token, after=PAST - MISSED
                    ),
                    coach=seat(one, "coach", token=once, back=twice, after=PAST - MISSED),
                )
                for one, once, twice in zip(talking, first, second, strict=True)
            )

        return self.on_database(make)

    def stored(self) -> int:
        """How many messages its log holds."""
        return self.on_database(lambda database, _: cast.stored_messages(database))


def seat(one: Talking, side: str, *, token: str, back: str = "", after: int = 0) -> Seat:
    """One side's seat; `back` is the token with which it comes back, holding everything to `after`."""
    stream, body = f"conv:{one.conversation}", words(side)
    prefix = secrets.token_hex(10)
    message_id = f"{prefix[:8]}-{prefix[8:12]}-4{prefix[13:16]}-8{prefix[17:20]}-0000{NUMBER}"
    post = {
        "t": "message.post",
        "id": NUMBER,
        "s": stream,
        "d": {"client_message_id": message_id, "body": body},
    }
    live = (stream, f"staff:{one.conversation}") if side == "coach" else (stream,)
    held = {name: frames.Cursor(epoch=one.epoch, seq=after if name == stream else 0) for name in live}
    return Seat(
        path=frames.PATH,
        protocol=frames.PROTOCOL,
        post=msgspec.json.encode(post).decode(),
        body=body,
        acknowledged=f'"re":"{NUMBER}"',
        steps=_greeting(token, whole=[f'"snapshot","s":"{name}"' for name in live], cursors={}),
        again=_greeting(back, whole=[f'"batch","s":"{stream}"'], cursors=held),
        beats=BEATS,
        ignored=IGNORED,
    )


def _greeting(token: str, *, whole: Sequence[str], cursors: dict[str, frames.Cursor]) -> tuple[Step, ...]:
    """Say hello; then hear the welcome, and each stream to its end. All texts here fit one frame a stream."""
    data = frames.HelloData(token=token or "none", client="load/1.0", conn=uuid4(), cursors=cursors)
    hello = frames.encode(frames.Hello(id="hello", d=data))
    return (Step(hello, '"t":"welcome"'), *(Step("", stream) for stream in whole))


def settings_of(place: Place, *, database_url: str, name: str) -> Settings:
    """What this service and whoever works beside it on its database have in common."""
    return Settings(env="development", database_url=database_url, data_dir=place.folder / name)


@contextmanager
def running(
    place: Place, *, database_url: str, name: str, workers: int = 1, redis: RedisServer | None = None
) -> Iterator[Running]:
    """`earshot serve` on an empty database; several workers reach each other through Redis."""
    settings = settings_of(place, database_url=database_url, name=name)
    db.migrate(settings)
    port = free_port()
    limits = {
        f"EARSHOT_LIMITS__{limit}": str(RATE)
        for limit in ("PARENT_MESSAGES_PER_MINUTE", "STAFF_MESSAGES_PER_MINUTE")
    }
    env = {**environment(settings, EARSHOT_PUBLIC_URL=f"http://127.0.0.1:{port}"), **limits}
    env["EARSHOT_TIMERS__SWEEP"] = str(TURN_S)  # nobody is missed while the others have their turns
    if redis is not None:
        env["EARSHOT_REDIS_URL"] = redis.url
    earshot = Earshot(settings)
    with process(
        [*EARSHOT, "serve", "--quiet", "--port", str(port), "--workers", str(workers)],
        port=port,
        log=place.folder / f"{name}.log",
        env=env,
    ) as pid:
        processes = {"server": pid}
        if database_url.startswith("postgresql"):
            processes["postgres"] = place.postgres_pid
        if redis is not None:
            processes["redis"] = _number(redis, "server", "process_id")
        yield Running(
            port,
            processes,
            earshot.pairs,
            earshot.stored,
            earshot.returning,
            (lambda: _number(redis, "commandstats", "cmdstat_publish:calls")) if redis is not None else None,
            TOLD,
        )


def _number(redis: RedisServer, section: str, name: str) -> int:
    """One of the numbers that Redis keeps of itself; 0 where it has none yet."""
    found = re.search(rf"{name}[:=](\d+)", redis.say("INFO", section).decode())
    return int(found[1]) if found else 0
