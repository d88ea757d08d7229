"""F2 and F4 over two workers, and their replacement: parents sit at one worker, their coach at the other.

Whichever worker or broker falls silent, messages cross by the log, and who lost a conversation neither writes
nor is shown anything more of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from random import Random

from app import clock
from app.rehearsal.line import Stuck
from tests.faults.company import Company, company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.handover import Relay, relay_of
from tests.faults.pair import Pair, channels, two_workers
from tests.faults.service import serving
from tests.provision.redis import RedisServer, redis_server
from tests.talk import until

CONVERSATIONS = 6
ACROSS_S = 2.0  # how late a message may cross without Redis
LATE_S = 5.0  # and when its worker is replaced
PAUSE_S = 0.2
AWAY_S = (2.0, 4.0)  # twice in each try, at full length
WAKING_BEATS = 10
ROLLED, RATE = 20, 200  # conversations; messages a second
TAKEN_UP_S = 15.0
PATIENCE_S = 60
LEAKS = "unguarded"  # the seeded bug whose harm is waited for, however busy the machine

BREAKS: dict[str, tuple[Callable[[RedisServer], object], Callable[[RedisServer], object]]] = {
    "killed": (RedisServer.kill, RedisServer.start),
    "paused": (RedisServer.pause, RedisServer.resume),
    "flushed": (lambda redis: redis.say("FLUSHALL"), lambda _: None),
}


@asynccontextmanager
async def _across(ground: Ground, *, bug: str = "") -> AsyncIterator[tuple[Pair, Company, Relay]]:
    """Parents at worker one; their coach at worker two, and at worker one another who may take over."""
    seats = await seat(ground.settings, CONVERSATIONS)
    async with (
        two_workers(ground, bug=bug) as pair,
        company_of(
            ground.settings, seats, url=pair.two.url, parents_url=pair.one.url, manner=ground.manner
        ) as company,
        relay_of(ground, company, url=pair.one.url) as relay,
    ):
        yield pair, company, relay


async def stop_owner(
    ground: Ground,
    count: int,
    seed: int,
    chance: Random,
    *,
    stopped_s: tuple[float, float] = (5.0, 60.0),
    bug: str = "",
) -> Outcome:
    """The owner's worker is stopped, the conversation goes to a coach at the other, and the old one wakes."""
    outcome = ground.outcome(seed)
    async with _across(ground, bug=bug) as (pair, company, relay):
        for _ in range(count):
            place = chance.choice(company.seats)
            async with company.talking(chance, pause_s=PAUSE_S):
                if relay.owner(place) is not relay.desks[0]:
                    await relay.hand_over(place)
                    await relay.taken_up(place)
                await asyncio.sleep(chance.uniform(0.1, 0.4))  # the moment of the fault
                pair.two.pause()
                stopped = clock.monotonic()
                try:
                    await relay.hand_over(place)
                    await relay.taken_up(place)
                    length = chance.uniform(*stopped_s) * ground.scale
                    await asyncio.sleep(max(0, length - (clock.monotonic() - stopped)))  # the fault's length
                finally:
                    pair.two.resume()
                if bug == LEAKS:
                    await relay.leaked()
                await asyncio.sleep(WAKING_BEATS * ground.beat)  # what it shows because it slept comes now
            outcome.add([*await relay.faults(), *await company.faults()])
    return outcome


async def break_redis(ground: Ground, count: int, seed: int, chance: Random, *, bug: str = "") -> Outcome:
    """Redis is killed, paused or flushed while a conversation changes hands; then it is as before."""
    outcome, longest = ground.outcome(seed), 0.0
    async with _across(ground, bug=bug) as (pair, company, relay):
        for number in range(count):
            kind = list(BREAKS)[number % len(BREAKS)]
            strike, heal = BREAKS[kind]
            company.measures.to_other_side.clear()
            place = chance.choice(company.seats)
            broken = []
            async with company.talking(chance, pause_s=PAUSE_S):
                await asyncio.sleep(chance.uniform(0.1, 0.4))  # the moment of the fault
                await asyncio.to_thread(strike, pair.redis)
                try:
                    await asyncio.sleep(chance.uniform(*AWAY_S) * ground.scale)  # the fault's own length
                    await relay.hand_over(place)
                    await relay.taken_up(place, within=TAKEN_UP_S)
                    await asyncio.sleep(chance.uniform(*AWAY_S) * ground.scale)
                    if bug == LEAKS:
                        await relay.leaked()
                except Stuck as stuck:
                    broken.append(str(stuck))
                finally:
                    await asyncio.to_thread(heal, pair.redis)
            crossed = max(company.measures.to_other_side)
            longest = max(longest, crossed)
            broken += [*late_crossing(crossed, ground.bound(ACROSS_S)), *await relay.faults()]
            outcome.add([f"Redis {kind}: {each}" for each in broken])
            outcome.failures += await company.faults()
    outcome.told["longest way across while Redis was away"] = f"{longest:.1f} s"
    return outcome


def late_crossing(seconds: float, bound: float) -> list[str]:
    """What is wrong where the slowest message took so long from one side to the other."""
    return [f"a message crossed only after {seconds:.1f} s"] if seconds > bound else []


async def roll(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """`earshot serve --workers 2` is told to replace its workers one by one, under 200 messages a second."""
    outcome, longest = ground.outcome(seed), 0.0
    seats = await seat(ground.settings, ROLLED)
    with ExitStack() as stack:
        redis = await asyncio.to_thread(stack.enter_context, redis_server())
        settings = ground.settings.model_copy(update={"redis_url": redis.url, "workers": 2})
        async with (
            serving(ground.nursery, settings, more=ground.timers) as service,
            company_of(ground.settings, seats, url=service.url) as company,
        ):
            await until(lambda: len(channels(redis)) == 3, seconds=PATIENCE_S)
            for _ in range(count):
                company.measures.to_hold.clear()
                before = channels(redis)
                async with company.talking(chance, pause_s=2 * ROLLED / RATE):
                    service.replace_workers()
                    await until(lambda before=before: _replaced(before, channels(redis)), seconds=PATIENCE_S)
                held = max(company.measures.to_hold)
                longest = max(longest, held)
                outcome.add([*too_late(held, ground.bound(LATE_S)), *await company.faults()])
            await service.terminate()
    outcome.told["longest until a message was held by the other side"] = f"{longest:.1f} s"
    return outcome


def _replaced(before: set[bytes], now: set[bytes]) -> bool:
    """Whether two workers listen, neither of them one of those before; one channel is everybody's."""
    return len(now) == 3 and len(now & before) == 1


def too_late(seconds: float, bound: float) -> list[str]:
    """What is wrong where the other side held a message only so long after it was sent."""
    return [f"the other side held a message only after {seconds:.1f} s"] if seconds > bound else []
