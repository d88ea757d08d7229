"""What time demands of the sockets: pings with the streams' heads, the end of silent ones, read cursors."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.chat.actions import mark_read
from app.db import transaction
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.session import Close, PingDue

MOST_SECONDS = 1.0

logger = structlog.get_logger(__name__)


async def beat(realtime: Realtime) -> None:
    """Look at every socket about once a second (ten times a ping, where pings are faster) until cancelled."""
    every = min(MOST_SECONDS, realtime.settings.timers.ping / 10)
    while True:
        await asyncio.sleep(every)
        now = clock.monotonic()
        for connection, session in list(realtime.sessions.items()):
            due = session.tick(now)
            if isinstance(due, Close):
                connection.outbound.close(due.code)
            elif isinstance(due, PingDue):
                heads = {name: place.head for name, place in connection.subscriptions.items()}
                connection.send(frames.Ping(d=frames.PingData(heads=heads)))
        await store_reads(realtime)


async def store_reads(realtime: Realtime) -> None:
    """Write the read cursors that moved since the last time, all in one transaction."""
    if not realtime.reads:
        return
    moved = dict(realtime.reads)
    realtime.reads.clear()
    try:
        async with transaction(realtime.database) as session:
            await mark_read(session, read=moved)
    except (SQLAlchemyError, OSError) as error:
        logger.warning("reads.not_stored", kind=type(error).__name__)
        realtime.reads.update({**moved, **realtime.reads})
