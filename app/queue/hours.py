"""The task that looks at the clock for those who wait: the service closes, and messages come forward."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import exists, select
from sqlmodel import col

from app import clock
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.queue.messages import PUT_OFF, bring_forward, tell_closing
from app.queue.models import WAITS, QueueEntry
from app.queue.rules import Turn

logger = structlog.get_logger(__name__)

Opening = Callable[[], tuple[bool, str | None]]


async def run_hours(database: Database, opening: Opening, *, every: float) -> None:
    """Look until cancelled. `opening` says whether it is open now, and when it next is (RFC 3339)."""
    while True:
        await asyncio.sleep(every)
        try:
            await look_at_the_hours(database, opening)
        except DATABASE_ERRORS as error:
            logger.warning("hours.not_looked_at", kind=type(error).__name__)


async def look_at_the_hours(database: Database, opening: Opening) -> None:
    """Tell who waits past closing time, and bring messages forward; most looks find nothing to do."""
    now = clock.now()
    is_open, next_opening = opening()
    untold = col(QueueEntry.told_closing_at).is_(None) & col(QueueEntry.message_left_at).is_(None)
    due = (col(QueueEntry.turn) == Turn.MESSAGE) & (col(QueueEntry.entered_at) <= now - PUT_OFF)
    async with reading(database) as session:
        closing = not is_open and await session.scalar(select(exists().where(WAITS, untold)))
        forward = await session.scalar(select(exists().where(WAITS, due)))
    if closing:
        async with transaction(database) as session:
            await tell_closing(session, next_opening=next_opening)
    if forward:
        async with transaction(database) as session:
            await bring_forward(session, now=now)
