"""What a message, a return, a first look and a claim cost as work grows: the curve must stay flat."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import asyncpg

from app.db import Database, transaction
from app.queue.actions import claim_next
from app.sealing import KeyRing
from benchmarks import cast, earshot
from benchmarks.contenders import Place
from benchmarks.earshot import Earshot
from benchmarks.runs import greet_one_by_one, talk
from benchmarks.table import rendered

CONVERSATIONS = (10, 100, 1_000, 10_000)
MESSAGES = (10_000, 100_000, 1_000_000, 10_000_000)
A_CONVERSATION = 100  # messages of each filled conversation
LOOKED_AT = 40
WAITING, CLAIMS = 30, 9
POST_S = 3.0
COSTS = ("post", "recover", "snapshot", "queue head")

# Rows that stand in nobody's way: closed conversations, whose texts have the length of real ones.
FILL = """
CREATE TEMP TABLE filled AS
  SELECT gen_random_uuid() AS id, gen_random_uuid() AS parent FROM generate_series(1, {more});
INSERT INTO conversation (id, status, origin, generation, epoch, language, on_hold, created_at, closed_at)
  SELECT id, 'closed', 'parent', 1, 'filled', 'en', false, now(), now() FROM filled;
INSERT INTO participant (id, conversation_id, role, generation, joined_at, read_up_to)
  SELECT parent, id, 'parent', 0, now(), 0 FROM filled;
INSERT INTO stream_head (conversation_id, stream, head)
  SELECT id, stream, {each} FROM filled, (VALUES ('conv'), ('staff')) AS streams (stream);
INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
  client_message_id, body, body_mac, data)
  SELECT id, 'conv', seq, 'message.posted', now(), 1, parent, 'parent', gen_random_uuid(), gen_random_uuid(),
    decode(repeat('5a', 150), 'hex'), decode(repeat('a5', 32), 'hex'), '{{}}'
  FROM filled, generate_series(1, {each}) AS seq;
DROP TABLE filled;
"""


@dataclass(frozen=True, slots=True)
class Costs:
    """Medians in milliseconds."""

    post: float
    recover: float
    snapshot: float
    queue_head: float

    def values(self) -> tuple[float, ...]:
        """In the order of COSTS."""
        return (self.post, self.recover, self.snapshot, self.queue_head)


def measured(place: Place) -> str:
    """Both curves, as two tables."""
    url = place.postgres("curve")
    with earshot.running(place, database_url=url, name="curve") as running:
        service = Earshot(earshot.settings_of(place, database_url=url, name="curve"))

        def costs(among: int) -> Costs:
            posts = talk(running, workload="closed", pairs=1, seconds=POST_S)
            looks = greet_one_by_one(running, service.returning(LOOKED_AT, among=among))
            return Costs(
                post=posts.p50_ms,
                recover=_middle_ms(looks.whole_s),
                snapshot=_middle_ms(looks.greeted_s),
                queue_head=service.on_database(_claims),
            )

        talk(running, workload="closed", pairs=1, seconds=POST_S)  # the first of everything is slower
        growing = _grown(CONVERSATIONS, costs)
        stored = 0

        def filled(messages: int) -> Costs:
            nonlocal stored
            asyncio.run(_fill(url, messages - stored))
            stored = messages
            return costs(LOOKED_AT)

        storing = _grown(MESSAGES, filled)
    return "\n\n".join((_table("open conversations", growing), _table("stored messages", storing)))


def _grown(sizes: Sequence[int], costs: Callable[[int], Costs]) -> list[tuple[int, Costs]]:
    grown = []
    for size in sizes:
        grown.append((size, costs(size)))
        print(f"  {size:>12,}  {' '.join(f'{value:8.2f}' for value in grown[-1][1].values())}", flush=True)
    return grown


def _table(what: str, grown: Sequence[tuple[int, Costs]]) -> str:
    smallest = grown[0][1].values()
    heads = (what, *(f"{name}, ms (ratio)" for name in COSTS))
    return rendered(
        heads,
        [
            [
                f"{size:,}",
                *(
                    f"{value:.2f} ({value / first:.2f})"
                    for value, first in zip(costs.values(), smallest, strict=True)
                ),
            ]
            for size, costs in grown
        ],
    )


def _middle_ms(seconds: Sequence[float]) -> float:
    return 1000 * median(seconds)


async def _fill(url: str, messages: int) -> None:
    """So many messages more, and what the database does by itself in time: statistics, a checkpoint."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        await connection.execute(FILL.format(more=messages // A_CONVERSATION, each=A_CONVERSATION))
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _claims(database: Database, key_ring: KeyRing) -> float:
    """The median of some claims of whoever is next, while others wait, in milliseconds."""
    coach = await cast.queue_up(database, key_ring, count=WAITING)
    times = []
    for _ in range(CLAIMS):
        began = perf_counter()
        async with transaction(database) as session:
            await claim_next(session, staff_id=coach)
        times.append(perf_counter() - began)
    return _middle_ms(times)
