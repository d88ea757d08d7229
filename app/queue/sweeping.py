"""The task that looks after the stranded every few seconds."""

import asyncio

import structlog

from app import clock
from app.db import DATABASE_ERRORS, Database
from app.queue.breaks import give_breaks
from app.queue.stranded import bounds_of, sweep
from app.sealing import KeyRing
from app.settings import Timers

ASTRAY = 3  # in sweeps: who looks so late was stopped themselves

logger = structlog.get_logger(__name__)


async def run_sweeping(database: Database, key_ring: KeyRing, timers: Timers) -> None:
    """Sweep until cancelled, and begin the breaks that are due.

    A worker that has just begun, or was stopped for a while, knows of nobody whether they are there: it
    judges nobody until everybody has had the time to be heard.
    """
    bounds, every = bounds_of(timers), timers.sweep
    looked = began = clock.monotonic()
    while True:
        await asyncio.sleep(every)
        try:
            await give_breaks(database, timers)
        except DATABASE_ERRORS as error:
            logger.warning("breaks.not_given", kind=type(error).__name__)
        now = clock.monotonic()
        if now - looked > (1 + ASTRAY) * every:
            began = now
        looked = now
        if now - began < bounds.lost.total_seconds():
            continue
        try:
            await sweep(database, key_ring, bounds)
        except DATABASE_ERRORS as error:
            logger.warning("stranded.not_looked_after", kind=type(error).__name__)
            began = clock.monotonic()  # who could not be renewed meanwhile is not to blame
