"""The task that offers parents to coaches: when something changed, an offer's time is up, or 5 s passed."""

import asyncio
import contextlib

import structlog

from app import clock
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.queue.offers import Offering, assign, decide, miss_overdue, next_expiry

logger = structlog.get_logger(__name__)

LOOK_S = 5.0


async def run_offering(database: Database, changed: asyncio.Event, offering: Offering) -> None:
    """Offer until cancelled; `changed` is set by whatever may have made a decision possible."""
    while True:
        wait = LOOK_S
        changed.clear()
        try:
            await offer_all(database, offering)
            async with reading(database) as session:
                expiry = await next_expiry(session)
            if expiry is not None:
                wait = min(LOOK_S, max(0.0, (expiry - clock.now()).total_seconds()))
        except DATABASE_ERRORS as error:
            logger.warning("offers.not_made", kind=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await changed.wait()


async def offer_all(database: Database, offering: Offering) -> int:
    """End what is overdue and make every offer that can be made now; how many were made."""
    made = 0
    async with reading(database) as session:
        expiry = await next_expiry(session)
    if expiry is not None and expiry <= clock.now():
        async with transaction(database) as session:
            await miss_overdue(session, clock.now())
    more = await _something_to_offer(database, offering)
    while more:
        async with transaction(database) as session:
            more = await assign(session, clock.now(), offering=offering) is not None
        made += more
    return made


async def _something_to_offer(database: Database, offering: Offering) -> bool:
    """Looked at without a lock first: most changes leave nothing to decide."""
    if not offering.on:
        return False
    async with reading(database) as session:
        return await decide(session, clock.now()) is not None
