"""Says every few seconds which people this worker hears: one statement for all staff, one for all parents."""

import asyncio
from uuid import UUID

import structlog

from app import clock
from app.db import DATABASE_ERRORS, transaction
from app.queue import presence
from app.realtime.context import Realtime

PARENTS_EVERY = 5  # in renewals: minutes count with them, not seconds

logger = structlog.get_logger(__name__)


async def run_renewing(realtime: Realtime) -> None:
    """Renew leases until cancelled."""
    turn = 0
    while True:
        await asyncio.sleep(realtime.settings.timers.renew)
        turn += 1
        try:
            await renew(realtime, parents=turn % PARENTS_EVERY == 0)
        except DATABASE_ERRORS as error:
            logger.warning("leases.not_renewed", kind=type(error).__name__)


async def renew(realtime: Realtime, *, parents: bool = True) -> None:
    """Write down when each person at this worker was last heard."""
    now = clock.monotonic()
    staff: dict[UUID, float] = {}
    families: dict[UUID, float] = {}
    for connection, session in realtime.sessions.items():
        ago = max(0.0, now - session.heard)
        if connection.staff is not None:
            staff[connection.staff] = min(ago, staff.get(connection.staff, ago))
        elif connection.conversation is not None and parents:
            families[connection.conversation] = min(ago, families.get(connection.conversation, ago))
    if not staff and not families:
        return
    async with transaction(realtime.database) as writing:
        await presence.renew(writing, heard=staff)
        if families:
            await presence.renew_parents(writing, heard=families)
