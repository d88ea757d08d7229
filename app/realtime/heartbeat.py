"""What time demands of the sockets: pings with the streams' heads, the end of silent ones, read cursors."""

import asyncio
from uuid import UUID

import structlog

from app import clock
from app.accounts.actions import note_seen
from app.accounts.queries import live_among, tokens_among
from app.chat.actions import mark_read
from app.db import DATABASE_ERRORS, reading, transaction
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.session import Close, PingDue

MOST_SECONDS = 0.5
BOOKS_S = 1.0
SESSIONS_EVERY_S = 4  # with the second between two looks: how long a socket outlives what opened it

logger = structlog.get_logger(__name__)


async def beat(realtime: Realtime) -> None:
    """Look after the sockets until cancelled. A dead one is seen in time however slow the database is."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_time(realtime))
        tasks.create_task(_keep_books(realtime))


async def _keep_time(realtime: Realtime) -> None:
    """Look at every socket twice a second (ten times a ping, where pings are faster)."""
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


async def _keep_books(realtime: Realtime) -> None:
    """What the database must be told of the sockets, and asked about them."""
    every = min(BOOKS_S, realtime.settings.timers.ping / 10)
    checked = clock.monotonic()
    while True:
        await asyncio.sleep(every)
        now = clock.monotonic()
        await store_reads(realtime)
        if now - checked >= SESSIONS_EVERY_S:
            await check_sessions(realtime, since=checked)
            await check_tokens(realtime)
            checked = now


async def store_reads(realtime: Realtime) -> None:
    """Write the read cursors that moved since the last time, all in one transaction."""
    if not realtime.reads:
        return
    moved = dict(realtime.reads)
    realtime.reads.clear()
    try:
        async with transaction(realtime.database) as session:
            await mark_read(session, read=moved)
    except DATABASE_ERRORS as error:
        logger.warning("reads.not_stored", kind=type(error).__name__)
        realtime.reads.update({**moved, **realtime.reads})


async def check_sessions(realtime: Realtime, *, since: float) -> None:
    """Close sockets whose staff session has run out (4004); working at one counts as use of its session.

    `since` is the monotonic moment of the check before. Sessions that are ended in this process are felt at
    once, by their event; those that another one ends, as `earshot staff disable` does, are felt here.
    """
    used: dict[UUID, bool] = {}
    for connection, session in realtime.sessions.items():
        if connection.staff_session is not None:
            used[connection.staff_session] = (
                used.get(connection.staff_session, False) or session.acted >= since
            )
    if not used:
        return
    try:
        async with transaction(realtime.database) as database_session:
            live = await live_among(database_session, used.keys())
            await note_seen(database_session, sessions=[known for known in live if used[known]])
    except DATABASE_ERRORS as error:
        logger.warning("sessions.not_checked", kind=type(error).__name__)
        return
    for connection in list(realtime.sessions):
        if connection.staff_session in used.keys() - live:
            connection.outbound.close(4004)


async def check_tokens(realtime: Realtime) -> None:
    """Close the sockets of parents whose token another process has revoked, or erased (4501)."""
    hashes = {connection.token_hash for connection in realtime.hub.of_parents()}
    if not hashes:
        return
    try:
        async with reading(realtime.database) as session:
            live = await tokens_among(session, hashes)
    except DATABASE_ERRORS as error:
        logger.warning("tokens.not_checked", kind=type(error).__name__)
        return
    for connection in realtime.hub.of_parents():
        if connection.token_hash in hashes - live:
            connection.outbound.close(4501)
