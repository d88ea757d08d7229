"""F14: a new version comes, with a migration over a hundred thousand messages, while everybody talks.

It is done as docs/operations.md says for an upgrade without a pause: migrate, start the new version beside
the old, lead newcomers to it, stop the old.
"""

import asyncio
from dataclasses import dataclass
from random import Random
from uuid import uuid4

import asyncpg

from app.rehearsal.server import environment
from tests.faults.company import company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.proxy import proxy_to
from tests.faults.service import Service, serving

CONVERSATIONS = 10
MESSAGES, EACH = 100_000, 100
PAUSE_S = 0.1

# Rows as they are stored; nobody opens them, and none of their bytes may change.
FILL = f"""
CREATE TEMP TABLE filled AS
  SELECT gen_random_uuid() AS id, gen_random_uuid() AS parent FROM generate_series(1, {MESSAGES // EACH});
INSERT INTO conversation (id, status, origin, generation, epoch, language, on_hold, created_at, closed_at)
  SELECT id, 'closed', 'parent', 1, 'filled', 'en', false, now(), now() FROM filled;
INSERT INTO stream_head (conversation_id, stream, head) SELECT id, 'conv', {EACH} FROM filled;
INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
  client_message_id, body, body_mac, data)
  SELECT id, 'conv', seq, 'message.posted', now(), 1, parent, 'parent', gen_random_uuid(), gen_random_uuid(),
    decode(md5(id::text || seq) || repeat('5a', 120), 'hex'), decode(repeat('a5', 32), 'hex'), '{{}}'
  FROM filled, generate_series(1, {EACH}) AS seq;
DROP TABLE filled;
"""
KEPT = """
SELECT count(*), sum(hashtextextended(concat_ws('|', l.conversation_id, l.stream, l.seq, l.kind, l.at,
  l.sender_id, l.client_message_id, l.body, l.body_mac), 0))
FROM log_entry AS l JOIN conversation AS c ON c.id = l.conversation_id WHERE c.epoch = 'filled'
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of the filled messages there are, and a digest of them all."""

    messages: int
    digest: int


async def upgrade(
    ground: Ground, count: int, seed: int, chance: Random, *, careless: bool = False
) -> Outcome:
    """The new version takes over from the old; what was stored and what is being said is all there."""
    outcome = ground.outcome(seed)
    await _ask(ground, FILL)
    before = await _kept(ground)
    for number in range(count):
        seats = await seat(ground.settings, CONVERSATIONS)
        await _ask(ground, "ALTER TABLE log_entry DROP COLUMN IF EXISTS length")
        if number:
            await _ask(ground, f"UPDATE alembic_version SET version_num = '{outcome.told.pop('version')}'")
        outcome.told["version"] = await _version(ground)
        async with (
            serving(ground.nursery, ground.settings) as old,
            proxy_to(old.url) as proxy,
            company_of(ground.settings, seats, url=proxy.url, manner=ground.manner) as company,
        ):
            new = Service(ground.nursery, ground.settings, {"EARSHOT_TEST_BUG": "next_version"})
            broken = []
            try:
                async with company.talking(chance, pause_s=PAUSE_S):
                    if await _migrate(ground, careless=careless):
                        broken.append("the migration failed")
                    await new.start()
                    proxy.lead_to(new.url)
                    await old.terminate()
                broken += [*lost(before, await _kept(ground)), *await company.faults()]
            finally:
                if new.pid is not None:
                    await new.kill()
            outcome.add(broken)
    outcome.told = {"messages migrated": f"{before.messages:,}"}
    return outcome


def lost(before: Kept, after: Kept) -> list[str]:
    """What is wrong with the messages that were there before."""
    if after.messages != before.messages:
        return [f"{before.messages - after.messages} of {before.messages} messages are lost"]
    return [] if after.digest == before.digest else ["a stored message was changed"]


async def _migrate(ground: Ground, *, careless: bool) -> int:
    """Run the new version's `earshot migrate`; its status."""
    more = {"EARSHOT_TEST_BUG": "next_version", **({"EARSHOT_TEST_CARELESS": "1"} if careless else {})}
    pid = await asyncio.to_thread(
        ground.nursery.start,
        ["migrate"],
        environment=environment(ground.settings, **more),
        log=ground.settings.data_dir / f"migrate-{uuid4().hex[:8]}.log",
    )
    return await asyncio.to_thread(ground.nursery.ended, pid)


async def _kept(ground: Ground) -> Kept:
    (row,) = await _ask(ground, KEPT)
    return Kept(row[0], int(row[1]))


async def _version(ground: Ground) -> str:
    (row,) = await _ask(ground, "SELECT version_num FROM alembic_version")
    return str(row[0])


async def _ask(ground: Ground, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(ground.settings.database.replace("postgresql+asyncpg", "postgresql"))
    try:
        if ";" in statement:
            await connection.execute(statement)
            return []
        rows: list[asyncpg.Record] = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()
