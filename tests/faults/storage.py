"""F3 and F13: the database falls over, or is full, while everybody talks."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx

from app.rehearsal.line import Stuck
from tests.faults.company import Company, Seat, company_of, held_by, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.service import Service, serving

CONVERSATIONS = 10
LEFT_BYTES = 100_000  # of room on the full disk
PATIENCE_S = 20


async def restart_database(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """PostgreSQL stops at once and recovers, under load: refused in words, nothing acknowledged is lost."""
    outcome = ground.outcome(seed)
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
    """No file may grow any more: posts are refused in words, reads work; with room it heals."""
    outcome = ground.outcome(seed)
    seats = await seat(ground.settings, CONVERSATIONS)
    async with (
        serving(ground.nursery, ground.settings) as service,
        company_of(ground.settings, seats, url=service.url) as company,
    ):
        for _ in range(count):
            refused = company.measures.refused
            async with company.talking(chance), _full(ground, service):
                await _refused(company, more_than=refused)
                broken = await without_room(service.url, company, chance.choice(seats))
            outcome.add([*broken, *await company.faults()])
    return outcome


@asynccontextmanager
async def _full(ground: Ground, service: Service) -> AsyncIterator[None]:
    """There is no room until the block ends: for SQLite's files, or on PostgreSQL's disk."""
    if ground.disk is None:
        _let_files_grow_to(service, _largest(ground) + LEFT_BYTES)
        yield
        _let_files_grow_to(service, resource.RLIM_INFINITY)
        return
    assert ground.revive_database is not None
    filler = ground.disk / "filler"
    room = os.statvfs(ground.disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - LEFT_BYTES)
    yield
    filler.unlink()
    await asyncio.to_thread(ground.revive_database)


async def without_room(url: str, company: Company, place: Seat) -> list[str]:
    """What is wrong while messages have no room: advice and a parent's own words are there, staff who come
    anew are let in or refused in a sentence (something small may still fit), and what they hold stays.
    """
    broken = []
    coach = company.coaches[place.conversation]
    async with httpx.AsyncClient(trust_env=False, base_url=url, timeout=PATIENCE_S) as http:
        advice = await http.get("/advice")
        if advice.status_code != httpx.codes.OK:
            broken.append(f"advice answers {advice.status_code}")
        staff = await http.post(
            "/api/v1/staff/socket-pass", json={}, headers=company.staff_headers(place.coach, url)
        )
        refused = staff.status_code == httpx.codes.SERVICE_UNAVAILABLE and staff.json()["next_step"]
        if not refused and not staff.is_success:
            broken.append(f"staff who come back are answered {staff.status_code}")
    newcomer = company.another_tab(place)
    try:
        await newcomer.until(lambda: held_by(newcomer, place) > 0, what="their own words", within=PATIENCE_S)
    except Stuck as stuck:
        broken.append(f"on a full disk {stuck}")
    finally:
        await newcomer.hang_up()
    if not coach.up:
        broken.append("a coach's socket was closed")
    return broken


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
