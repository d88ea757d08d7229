"""F5 and F6: the network is cut, or reads slowly."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from app import clock
from app.rehearsal.line import Stuck
from app.rehearsal.simulate import at
from tests.faults.company import Company, company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.proxy import Proxy, Wire, proxy_to
from tests.faults.service import serving

DEAD_S = 35  # a dead peer is seen so soon, with heartbeats at full length
DROPPED_S = 90  # on a machine that many share
COMPARED = 30  # long texts from each coach, a stretch to compare with
MEMORY_KB = 64 * 1024
SLOW = (0, 1024)  # bytes a second
LONG_TEXT = "🧸" * 3900

CUTS: dict[str, Callable[[Wire], None]] = {
    "what clients say is lost": lambda wire: wire.cut(down=False),
    "what the server says is lost": lambda wire: wire.cut(up=False),
    "both ways are cut": lambda wire: wire.cut(),
    "half-open": lambda wire: wire.reset(),
    "reset in the middle of a frame": lambda wire: wire.reset_mid_frame(),
}


async def cut_off(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """Each kind of cut strikes `count` parents at once while everybody talks."""
    outcome, longest = ground.outcome(seed), 0.0
    seats = await seat(ground.settings, count)
    async with (
        serving(ground.nursery, ground.settings, more=ground.timers) as service,
        proxy_to(service.url) as proxy,
        company_of(
            ground.settings, seats, url=service.url, parents_url=proxy.url, manner=ground.manner
        ) as company,
    ):
        for kind, strike in CUTS.items():
            async with company.talking(chance):
                for place in seats:
                    await company.tabs[place.conversation][0].connected()
                victims = proxy.living
                if kind == "half-open":
                    blind = iter(victims)
                    proxy.half_open = lambda blind=blind: next(blind, None) is not None
                began = clock.monotonic()
                for wire in victims:
                    strike(wire)
                seen = await asyncio.gather(*(_seen_dead(wire) for wire in victims))
            took = max(seen) - began
            longest = max(longest, took)
            late = took > ground.bound(DEAD_S * ground.scale)
            broken = [f"{kind}: a dead peer was seen only after {took:.1f} s"] if late else []
            outcome.add([*broken, *await company.faults()], count=len(seats))
    outcome.told["longest until a dead peer was seen"] = f"{longest:.1f} s"
    return outcome


async def _seen_dead(wire: Wire) -> float:
    """When one of the two sides gave the connection up."""
    ends = [asyncio.create_task(end.wait()) for end in (wire.left_by_server, wire.left_by_client, wire.over)]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    return clock.monotonic()


async def read_slowly(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """Parents who read nothing, or 1 KB a second, while their coaches write a lot; others talk on."""
    outcome = ground.outcome(seed)
    ratios: list[float] = []
    seats = await seat(ground.settings, 12)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(ground.nursery, ground.settings))
        proxy = await stack.enter_async_context(proxy_to(service.url))
        slow, others = [
            await stack.enter_async_context(
                company_of(ground.settings, part, url=service.url, parents_url=through)
            )
            for part, through in ((seats[:2], proxy.url), (seats[2:], service.url))
        ]
        assert service.pid is not None
        memory = _memory_kb(service.pid)
        while outcome.count < count:
            broken: list[str] = []
            healthy = await _others_p99(slow, others, chance, proxy, until_dropped=False, broken=broken)
            spoilt = await _others_p99(slow, others, chance, proxy, until_dropped=True, broken=broken)
            ratios.append(spoilt / healthy)
            grown = _memory_kb(service.pid) - memory
            if grown > MEMORY_KB:
                broken.append(f"the server grew by {grown // 1024} MB")
            broken += [*await slow.faults(), *await others.faults()]
            outcome.add(broken, count=len(slow.seats))
    middle = at(ratios, 0.5)
    outcome.told["the others' p99, slow readers to none"] = f"{middle:.2f}"
    if ground.scale == 1 and middle > 2:
        outcome.failures.append(f"the others' p99 was {middle:.2f} times what it is without slow readers")
    return outcome


async def _others_p99(
    slow: Company, others: Company, chance: Random, proxy: Proxy, *, until_dropped: bool, broken: list[str]
) -> float:
    """The others talk while coaches write long texts to parents, who read slowly if `until_dropped`."""
    over = asyncio.Event()
    victims = proxy.living
    others.measures.to_other_side.clear()

    async def write(number: int) -> None:
        while not over.is_set():
            await _say_long(slow, number)

    async with asyncio.TaskGroup() as writing, others.talking(chance):
        for number in range(len(slow.seats)):
            writing.create_task(write(number))
        if until_dropped:
            for wire, speed in zip(victims, SLOW, strict=True):
                if speed:
                    wire.down.bytes_a_second = speed
                else:
                    wire.down.pause()
            told = await asyncio.gather(*(_dropped(slow, number) for number in range(len(slow.seats))))
            broken += [fault for faults in told for fault in faults]
        else:
            for _ in range(COMPARED):
                await asyncio.gather(*(_say_long(slow, number) for number in range(len(slow.seats))))
        over.set()
        for wire in victims:
            wire.down.bytes_a_second = None
            wire.down.resume()
    await slow.whole()
    return at(others.measures.to_other_side, 0.99)


async def _say_long(slow: Company, number: int) -> None:
    place = slow.seats[number]
    await slow.say(place, slow.coaches[place.conversation], LONG_TEXT)


async def _dropped(slow: Company, number: int) -> list[str]:
    """Wait until the coach is told that this parent has gone; what is wrong where that does not come."""
    place = slow.seats[number]
    coach = slow.coaches[place.conversation]
    present = f"conv:{place.conversation}"
    try:
        await coach.until(
            lambda: "parent" not in coach.here[present], what="a slow reader's end", within=DROPPED_S
        )
    except Stuck as stuck:
        return [str(stuck)]
    return []


def _memory_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the server has no memory")
