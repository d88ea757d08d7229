"""A living service to look at: a past, parents who arrive, and coaches who answer some of them."""

import asyncio
import random
from collections.abc import Callable

import httpx

from app import clock
from app.content.reading import read_content
from app.content.rules import Content
from app.db import open_database
from app.export.rows import make_rows
from app.export.tallies import count_closed
from app.rehearsal.cast import demo_people
from app.rehearsal.coaches import be_coach, be_supervisor
from app.rehearsal.leaving import leave_nobody
from app.rehearsal.parents import be_parent
from app.rehearsal.past import has_past, write_past
from app.rehearsal.server import own_server
from app.rehearsal.simulate import HTTP_WAIT_S, new_stage
from app.rehearsal.staff import Hired, hired_staff, lead_of
from app.rehearsal.stage import Stage
from app.rehearsal.stories import read_stories, tell
from app.sealing import KeyRing
from app.settings import Settings

COACHES, CHATS = 2, 2
ARRIVE_S = 20.0  # on average between two parents, at their own pace
PARENTS_AT_ONCE = 8
TAKEN_AFTER_S = 15.0  # until then a visitor who plays a coach may be quicker
AGAIN_S, KNOWN_WITHIN_S = 1.0, 1.0

Progress = Callable[[str, int], None]  # told what was done, and how many there are in all


async def fill_past(settings: Settings, *, count: int, seed: int, progress: Progress) -> bool:
    """Give a migrated database the demo people and a year of conversations, tallies and rows.

    False where it has a past already.
    """
    content, key_ring, database = (
        read_content(settings.content_dir),
        KeyRing(settings.key_ring),
        open_database(settings),
    )
    try:
        await demo_people(database)
        if await has_past(database):
            return False
        await write_past(
            database,
            key_ring,
            settings,
            content,
            count=count,
            seed=seed,
            written=lambda: progress("conversation", count),
        )
        await count_closed(database, now=clock.now())
        await make_rows(
            database,
            key_ring,
            settings,
            content.codebook,
            now=clock.now(),
            progress=lambda _, found: progress("row", found),
        )
        return True
    finally:
        await database.engine.dispose()


async def live(settings: Settings, *, host: str, port: int, speed: float) -> None:
    """Serve, with people who come and go at `speed` times their own pace, until it is cancelled."""
    content, database = read_content(settings.content_dir), open_database(settings)
    try:
        async with (
            own_server(settings, host=host, port=port) as url,
            httpx.AsyncClient(trust_env=False, timeout=HTTP_WAIT_S) as http,
            hired_staff(
                database, http, url, coaches=COACHES, capacity=CHATS, signed_in=lambda: None
            ) as staff,
        ):
            stage = new_stage(url, http, content, speed=speed)
            stage.strangers = read_stories().strangers
            stage.take_after_s = TAKEN_AFTER_S / speed
            stage.known_within_s = KNOWN_WITHIN_S
            stage.keep_views = False
            try:
                async with asyncio.TaskGroup() as everybody:
                    for person in staff:
                        everybody.create_task(_work(stage, person))
                    await _arrivals(stage, content, everybody, speed=speed)
            finally:
                await leave_nobody(
                    database,
                    KeyRing(settings.key_ring),
                    content.codebook,
                    rehearsed=stage.scripts,
                    supervisor=lead_of(staff),
                )
    finally:
        await database.engine.dispose()


async def _work(stage: Stage, person: Hired) -> None:
    """Play this person; one who got stuck begins a new shift."""
    while True:
        if person.role == "coach":
            await be_coach(stage, person.socket_pass, capacity=CHATS)
        else:
            await be_supervisor(stage, person.socket_pass)
        await asyncio.sleep(AGAIN_S)


async def _arrivals(stage: Stage, content: Content, everybody: asyncio.TaskGroup, *, speed: float) -> None:
    chance = random.Random()  # noqa: S311 (who comes next in a demo is no secret)
    at_once = asyncio.Semaphore(PARENTS_AT_ONCE)
    while True:
        await at_once.acquire()
        parent = everybody.create_task(be_parent(stage, tell(content.codebook, chance)))
        parent.add_done_callback(lambda _: at_once.release())
        await asyncio.sleep(chance.expovariate(speed / ARRIVE_S))
