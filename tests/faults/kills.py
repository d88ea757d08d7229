"""F1 and F2: the server is killed in the middle of sending, or stopped in its tracks and woken again."""

import asyncio
from random import Random

from app import clock
from tests.faults.company import Company, company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.service import Service, serving

CONVERSATIONS = 10
KILLS_OF_ONE_COMPANY = 10
WHOLE_S = 5.0
PATIENT = {"EARSHOT_TIMERS__RESCUE": "300"}  # who sleeps is to find what they had


async def kill_mid_send(
    ground: Ground, count: int, seed: int, chance: Random, *, hasty: bool = False
) -> Outcome:
    """SIGKILL under load at a moment that the dice choose; after the restart everybody is whole in 5 s."""
    outcome, longest = ground.outcome(seed), 0.0
    while outcome.count < count:
        seats = await seat(ground.settings, CONVERSATIONS)
        async with (
            serving(ground.nursery, ground.settings, hasty=hasty) as service,
            company_of(ground.settings, seats, url=service.url) as company,
        ):
            for _ in range(min(KILLS_OF_ONE_COMPANY, count - outcome.count)):
                took = await _one_kill(service, company, chance)
                longest = max(longest, took)
                late = (
                    [f"everybody was whole only after {took:.1f} s"] if took > ground.bound(WHOLE_S) else []
                )
                outcome.add([*await company.faults(), *late])
    outcome.told["longest until everybody was whole"] = f"{longest:.1f} s"
    return outcome


async def _one_kill(service: Service, company: Company, chance: Random) -> float:
    async with company.talking(chance):
        await asyncio.sleep(chance.uniform(0.02, 0.3))  # the kill's moment, not a synchronisation
        await service.kill()
        up = await service.start()
    return clock.monotonic() - up


async def stop_and_wake(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """SIGSTOP for 5 to 60 s at full length, then SIGCONT: clients that came back meanwhile are whole."""
    outcome = ground.outcome(seed)
    seats = await seat(ground.settings, CONVERSATIONS)
    async with (
        serving(ground.nursery, ground.settings, more={**ground.timers, **PATIENT}) as service,
        company_of(ground.settings, seats, url=service.url, manner=ground.manner) as company,
    ):
        for _ in range(count):
            async with company.talking(chance):
                service.pause()
                await asyncio.sleep(chance.uniform(5, 60) * ground.scale)  # the fault's own length
                service.resume()
            outcome.add(await company.faults())
    return outcome
