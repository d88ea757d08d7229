"""The daily job: count, make rows, take out what was withdrawn, erase what has been kept long enough."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.chat import erasure
from app.content.rules import Codebook
from app.db import Database, transaction
from app.export import building, runs
from app.export.rows import RowsMade, make_rows, remove_withdrawn_of
from app.export.tallies import count_closed
from app.queue import closing
from app.safeguarding import records
from app.sealing import KeyRing
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Day:
    """What one run of the job did, in conversations."""

    counted: int
    rows: RowsMade
    erased: int


async def run_daily(
    database: Database,
    key_ring: KeyRing,
    settings: Settings,
    codebook: Codebook,
    *,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Day:
    """Do the day's work; may be killed at any moment and run again at any time.

    Who has waited as long as abandoned conversations are kept has left without saying so: they are abandoned.

    Files of exports go that nobody may have any more, and what builds left that were killed.

    Counting and rows come before erasure, so that a conversation whose retention ends today is not missed.
    """
    counted = await count_closed(database, now=now)
    rows = await make_rows(database, key_ring, settings, codebook, now=now, progress=progress)
    async with transaction(database) as session:
        await closing.expire(
            session,
            key_ring,
            before=now - timedelta(hours=settings.abandoned_hours),
            messages_before=now - timedelta(days=settings.retention_days),
        )
    erased = await erase_due(database, key_ring, settings, now=now)
    async with transaction(database) as session:
        await records.erase(session, key_ring, closed_before=now - timedelta(days=settings.safeguarding_days))
    await runs.remove_spent(database, settings, now=now)
    await asyncio.to_thread(building.remove_unfinished, settings)
    return Day(counted=counted, rows=rows, erased=erased)


async def erase_due(database: Database, key_ring: KeyRing, settings: Settings, *, now: datetime) -> int:
    """Erase every conversation whose retention has ended; how many these were."""
    erased = 0
    while True:
        async with transaction(database) as session:
            due = await erasure.due(
                session,
                now=now,
                retention_days=settings.retention_days,
                abandoned_hours=settings.abandoned_hours,
            )
            # Erasure cuts the link from rows to their consent: those withdrawn since the job began go first.
            await remove_withdrawn_of(session, conversations=due)
            await erasure.erase(session, conversations=due)
        for conversation in due:
            key_ring.forget(conversation)
        if not due:
            return erased
        erased += len(due)
