"""Two workers on one PostgreSQL that share a Redis of their own, which may be broken."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.faults.ground import Ground
from tests.faults.service import Service, serving
from tests.provision.redis import RedisServer, redis_server
from tests.talk import until

PATIENCE_S = 60
PATIENT = {"EARSHOT_TIMERS__RESCUE": "300"}  # these rows hand conversations over themselves
# Who came back to a worker with a bug in it would be shown what is right: they must not give it up.
WAITED_FOR = {"EARSHOT_TIMERS__PING": "25"}


@dataclass(frozen=True, slots=True)
class Pair:
    """The workers, and what they tell each other by."""

    one: Service
    two: Service
    redis: RedisServer


@asynccontextmanager
async def two_workers(ground: Ground, *, bug: str = "") -> AsyncIterator[Pair]:
    """Two services that have heard of each other, with the ground's timers; `bug` names a seeded one."""
    more: Mapping[str, str] = {
        **ground.timers,
        **PATIENT,
        **({"EARSHOT_TEST_BUG": bug, **WAITED_FOR} if bug else {}),
    }
    with ExitStack() as stack:
        redis = await asyncio.to_thread(stack.enter_context, redis_server())
        settings = ground.settings.model_copy(update={"redis_url": redis.url})
        async with AsyncExitStack() as running:
            one, two = [
                await running.enter_async_context(serving(ground.nursery, settings, more=more))
                for _ in range(2)
            ]
            await until(lambda: len(channels(redis)) == 3, seconds=PATIENCE_S)  # each one's, and that of both
            yield Pair(one, two, redis)


def channels(redis: RedisServer) -> set[bytes]:
    """The channels on which workers listen: one each, and one for all."""
    return {line for line in redis.say("PUBSUB", "CHANNELS", "earshot:*").split() if b"earshot:" in line}
