"""F3 and F13: the database falls over, or is full, while everybody talks."""

import asyncio
import resource
from pathlib import Path
from random import Random

import httpx

from tests.faults.company import Company, company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.service import Service, serving

CONVERSATIONS = 10
LEFT_BYTES = 100_000  # of room on the full disk


async def restart_database(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """PostgreSQL stops at once and recovers, under load: refused in words, nothing acknowledged is lost."""
    outcome = Outcome(seed)
    assert ground.restart_database is not None
    seats = await seat(ground.settings, CONVERSATIONS)
    async with (
        serving(ground.nursery, ground.settings) as service,
        company_of(ground.settings, seats, url=service.url) as company,
    ):
        for _ in range(count):
            refused = company.measures.refused
            async with company.talking(chance):
                await asyncio.sleep(chance.uniform(0.05, 0.3))  # the crash's moment, not a synchronisation
                await asyncio.to_thread(ground.restart_database)
            silent = [] if company.measures.refused > refused else ["nobody was told that it was not stored"]
            outcome.add([*silent, *await company.faults()])
    return outcome


async def fill_disk(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """SQLite's files may not grow any more: posts are refused in words, reads work; with room it heals."""
    outcome = Outcome(seed)
    seats = await seat(ground.settings, CONVERSATIONS)
    async with (
        serving(ground.nursery, ground.settings) as service,
        company_of(ground.settings, seats, url=service.url) as company,
    ):
        for _ in range(count):
            refused = company.measures.refused
            async with company.talking(chance):
                _let_files_grow_to(service, _largest(ground) + LEFT_BYTES)
                await _refused(company, more_than=refused)
                broken = await _reads(service)
                _let_files_grow_to(service, resource.RLIM_INFINITY)
            outcome.add([*broken, *await company.faults()])
    return outcome


def _let_files_grow_to(service: Service, size: int) -> None:
    assert service.pid is not None
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _largest(ground: Ground) -> int:
    """The size of SQLite's largest file."""
    path = Path(ground.settings.database.partition(":///")[2])
    return max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


async def _refused(company: Company, *, more_than: int) -> None:
    """Wait until somebody was told to try again."""
    line = company.lines[0]
    while company.measures.refused <= more_than:
        await line.news(within=1)


async def _reads(service: Service) -> list[str]:
    """What can be read is still read while nothing can be written."""
    async with httpx.AsyncClient(trust_env=False, base_url=service.url) as http:
        answer = await http.get("/advice")
    return [] if answer.status_code == httpx.codes.OK else [f"advice answers {answer.status_code}"]
