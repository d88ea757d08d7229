"""Replays people's words through the real service over real sockets, and judges what came of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import httpx

from app import clock
from app.content.reading import read_content
from app.content.rules import Content
from app.db import Database, open_database, require_current, transaction
from app.errors import ConfigurationError, Forbidden
from app.queue.breaks import end_rest
from app.rehearsal.coaches import be_coach, be_supervisor
from app.rehearsal.leaving import leave_nobody
from app.rehearsal.parents import be_parent
from app.rehearsal.questions import Question
from app.rehearsal.scripts import Script, write_scripts
from app.rehearsal.server import answers, own_server
from app.rehearsal.staff import Hired, hired_staff, lead_of
from app.rehearsal.stage import Stage
from app.rehearsal.stored import stored_entries
from app.rehearsal.verdict import Fault, verdict
from app.sealing import KeyRing
from app.settings import Settings

Progress = Callable[[str], None]  # told "staff" or "conversation" after each
HTTP_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a rehearsal is played. `speed` 0 is as fast as possible, 1 is people's own pace."""

    coaches: int = 8
    parents_at_once: int = 20
    speed: float = 0
    consent: float = 0.6
    seed: int = 1
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal measured, in seconds, and all that it found wrong."""

    conversations: int
    messages: int
    dropped: int
    seconds: float
    waits: tuple[float, ...]
    to_ok: tuple[float, ...]
    to_other_side: tuple[float, ...]
    faults: tuple[Fault, ...]


def refuse_production(settings: Settings) -> None:
    """Rehearsed people must never sit among real ones."""
    if not settings.development:
        raise Forbidden(
            "Rehearsals run in development only: rehearsed people must not sit among real families.",
            next_step="Run it on a machine and a database of its own, without EARSHOT_ENV=production.",
        )


async def simulate(
    settings: Settings, questions: Sequence[Question], plan: Plan, *, progress: Progress
) -> Outcome:
    """Play every question as a conversation, then compare what was acknowledged, seen and stored."""
    refuse_production(settings)
    content = read_content(settings.content_dir)
    scripts = write_scripts(
        questions,
        codebook=content.codebook,
        seed=plan.seed,
        consent=plan.consent,
        limit=settings.limits.text_characters,
    )
    database = open_database(settings)
    try:
        async with (
            _service(settings, plan.url) as url,
            httpx.AsyncClient(trust_env=False, timeout=HTTP_WAIT_S) as http,
        ):
            await require_current(database)
            stage, key_ring = new_stage(url, http, content, speed=plan.speed), KeyRing(settings.key_ring)
            stage.end_rest = partial(_end_rest, database)
            async with hired_staff(
                database,
                http,
                url,
                coaches=plan.coaches,
                capacity=settings.capacity,
                signed_in=lambda: progress("staff"),
            ) as staff:
                try:
                    began = clock.monotonic()
                    await play(stage, staff, scripts, plan.parents_at_once, settings.capacity, progress)
                    seconds = clock.monotonic() - began
                finally:
                    await leave_nobody(
                        database,
                        key_ring,
                        content.codebook,
                        rehearsed=stage.scripts,
                        supervisor=lead_of(staff),
                    )
            return await _judge(stage, database, key_ring, len(scripts), seconds)
    finally:
        await database.engine.dispose()


def new_stage(url: str, http: httpx.AsyncClient, content: Content, *, speed: float) -> Stage:
    """A stage with the words and codes that the content has today."""
    return Stage(
        url=url,
        http=http,
        consent_version=content.notices.consent.version,
        plain_disposition=content.codebook.dispositions[0].id,
        speed=speed,
    )


async def play(
    stage: Stage,
    staff: Sequence[Hired],
    scripts: Sequence[Script],
    parents_at_once: int,
    capacity: int,
    progress: Progress,
) -> None:
    """Play these scripts to their ends, at most so many parents at a time."""
    at_once = asyncio.Semaphore(parents_at_once)

    async def one(script: Script) -> None:
        async with at_once:
            await be_parent(stage, script)
        progress("conversation")

    async with asyncio.TaskGroup() as everybody:
        for person in staff:
            if person.role == "coach":
                everybody.create_task(be_coach(stage, person.socket_pass, capacity=capacity))
            else:
                everybody.create_task(be_supervisor(stage, person.socket_pass))
        async with asyncio.TaskGroup() as parents:
            for script in scripts:
                parents.create_task(one(script))
        stage.over.set()


@asynccontextmanager
async def _service(settings: Settings, url: str | None) -> AsyncIterator[str]:
    """The running service at `url`, or one of our own."""
    if url is None:
        async with own_server(settings, log=settings.data_dir / "rehearsal.log") as own:
            yield own
        return
    url = url.rstrip("/")
    async with httpx.AsyncClient(trust_env=False) as http:
        if not await answers(http, url):
            raise ConfigurationError(
                f"No service answers at {url}.",
                next_step="Start it with `earshot serve`, or leave out --url.",
            )
    yield url


async def _end_rest(database: Database, staff_id: UUID) -> None:
    """A service of one's own gives breaks, for which the rehearsal would wait minutes."""
    async with transaction(database) as session:
        await end_rest(session, staff_id=staff_id)


async def _judge(
    stage: Stage, database: Database, key_ring: KeyRing, conversations: int, seconds: float
) -> Outcome:
    found = verdict(
        posted=stage.posted,
        views=stage.views,
        stored=await stored_entries(database, key_ring, stage.scripts),
        canaries={conversation: script.canary for conversation, script in stage.scripts.items()},
    )
    measures = stage.measures
    return Outcome(
        conversations=conversations,
        messages=measures.messages,
        dropped=measures.dropped,
        seconds=seconds,
        waits=tuple(measures.waits),
        to_ok=tuple(measures.to_ok),
        to_other_side=tuple(measures.to_other_side),
        faults=tuple(sorted({*found, *stage.faults})),
    )


def at(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lie (nearest rank); 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
