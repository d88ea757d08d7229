"""F15: the server dies, and five hundred clients come back at once."""

import asyncio
from dataclasses import replace
from random import Random

from app import clock
from tests.faults.company import EAGER, Company, Seat, company_of, seat, words
from tests.faults.ground import Ground, Outcome
from tests.faults.service import Service, serving

BACK_S = 10.0
# Conversations, and tabs of each parent: with their coaches, at least five hundred clients.
MANY, FEW = (460, 1), (50, 10)


async def come_back_at_once(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """The server is killed and started again; everybody has something to say, and is whole soon after."""
    outcome, longest = ground.outcome(seed), 0.0
    conversations, tabs = MANY if ground.scale == 1 else FEW
    # A client that gives up before the machine can answer makes all of them wait longer.
    manner = replace(EAGER, opening_s=ground.bound(EAGER.opening_s))
    seats = await seat(ground.settings, conversations)
    async with (
        serving(ground.nursery, ground.settings) as service,
        company_of(ground.settings, seats, url=service.url, tabs=tabs, manner=manner) as company,
    ):
        for _ in range(count):
            took = await _once(service, company, chance)
            longest = max(longest, took)
            outcome.add([*back_late(took, ground.bound(BACK_S)), *await company.faults()])
        outcome.told["clients"] = str(len(company.lines))
    outcome.told["longest until everybody was whole"] = f"{longest:.1f} s"
    return outcome


def back_late(seconds: float, bound: float) -> list[str]:
    """What is wrong where the last of them was whole only so long after the server was up."""
    return [f"everybody was whole only after {seconds:.1f} s"] if seconds > bound else []


async def _once(service: Service, company: Company, chance: Random) -> float:
    await service.kill()
    async with asyncio.TaskGroup() as saying:
        for place in company.seats:
            saying.create_task(_both_speak(company, place, chance))
        up = await service.start()
    await company.whole()
    return clock.monotonic() - up


async def _both_speak(company: Company, place: Seat, chance: Random) -> None:
    for line in (company.tabs[place.conversation][0], company.coaches[place.conversation]):
        await company.say(place, line, words(chance, 60))
