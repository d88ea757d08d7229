"""The composition root: makes the parts, wires events to who wants them, and hangs the rooms' routes."""

import asyncio
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles
from structlog.typing import EventDict

from app import clock, db, events, lifecycle
from app.accounts import routes as accounts
from app.accounts.limits import SharedWindows
from app.answers import BoundedBodies, StrictHeaders, answer_errors
from app.chat.writer import Writer
from app.content import routes as advice
from app.content.reading import read_content
from app.content.rules import Content, Promises, broken_promises
from app.errors import ConfigurationError
from app.export import review_routes as review
from app.export import routes as research
from app.export.builds import Builds
from app.export.daily import run_daily
from app.export.tallies import count_closed
from app.queue import routes as queue
from app.queue.hours import run_hours
from app.queue.offering import run_offering
from app.queue.offers import offering_of
from app.queue.paging import Pager, paging_of
from app.queue.routes import opening_now
from app.queue.sweeping import run_sweeping
from app.queue.watch import Watch
from app.realtime import http, pages
from app.realtime.boards import Boards
from app.realtime.broker import Broker
from app.realtime.context import Realtime
from app.realtime.endpoint import Sockets
from app.realtime.envelopes import HINTS
from app.realtime.heartbeat import beat
from app.realtime.hub import Hub
from app.realtime.leases import run_renewing
from app.realtime.link import parse_address
from app.realtime.look import Look
from app.realtime.pace import Paces, pace_of
from app.realtime.readings import Readings
from app.realtime.verbs import listen
from app.reports import routes as reports
from app.safeguarding import routes as safeguarding
from app.sealing import KeyRing
from app.settings import Settings, refuse_lonely_workers
from app.widget import routes as widget

logger = structlog.get_logger(__name__)

NIGHT_HOUR = 3  # in London


def create_app(settings: Settings, content: Content | None = None) -> FastAPI:
    """The service for these settings; its lifespan refuses a database that is behind and bad content.

    Content that was read already is taken as it is; without any, that in `settings.content_dir` is read.
    """
    _configure_logging()
    refuse_lonely_workers(settings)
    app = FastAPI(title="Earshot", version="1", docs_url=None, redoc_url=None, lifespan=_lifespan)
    state = app.state
    state.settings = settings
    state.content = content or read_content(settings.content_dir)
    _require_kept_promises(settings, state.content)
    state.database = db.open_database(settings)
    state.key_ring = KeyRing(settings.key_ring)
    state.readiness = lifecycle.Readiness(state.database)
    state.hub = Hub()
    state.writer = Writer(
        state.database,
        state.key_ring,
        backlog=settings.limits.writer_backlog,
        text_limit=settings.limits.text_characters,
    )

    def opening() -> tuple[bool, str | None]:
        now = opening_now(settings, state.content)
        return now.open, now.next_opening

    def is_open() -> bool:
        return opening()[0]

    state.opening = opening

    state.closed = asyncio.Event()
    state.queue_changed = asyncio.Event()
    state.watch = Watch(state.database, state.key_ring)
    state.builds = Builds(state.database, settings, state.content.codebook)
    state.pager = Pager(state.database, paging_of(settings))
    state.boards = Boards(
        state.database,
        state.hub,
        refresh=settings.timers.queue_refresh,
        is_open=is_open,
        coaches_pick=settings.coaches_pick,
    )
    state.realtime = Realtime(
        settings=settings,
        database=state.database,
        key_ring=state.key_ring,
        content=state.content,
        writer=state.writer,
        hub=state.hub,
        boards=state.boards,
        paces=Paces(state.hub, pace_of(settings)),
        readings=Readings(state.database),
        is_open=is_open,
    )
    _wire(app)
    state.broker = state.look = None
    if settings.redis_url:
        _join_other_workers(app)
    for room in (accounts, advice, safeguarding, queue, http, pages, widget, research, review, reports):
        app.include_router(room.router, dependencies=[Depends(lifecycle.refuse_while_leaving)])
    app.include_router(lifecycle.router)
    app.mount("/static", StaticFiles(directory=settings.web_dir, check_dir=False))
    answer_errors(app)
    app.add_middleware(BoundedBodies, most=settings.limits.frame_bytes)
    app.add_middleware(StrictHeaders, sites=settings.sites)
    app.add_middleware(CorrelationIdMiddleware)
    app.add_middleware(Sockets, realtime=state.realtime)
    return app


def _require_kept_promises(settings: Settings, content: Content) -> None:
    """Refuse to start where the notices that parents read promise something else than the settings do."""
    kept = Promises(
        retention_days=settings.retention_days,
        abandoned_hours=settings.abandoned_hours,
        rows_after_days=settings.rows_after_days,
    )
    broken = broken_promises(content.notices, promised=kept)
    if broken:
        raise ConfigurationError(
            f"The notices promise something else than the settings keep: {', '.join(broken)}.",
            next_step="Make `promises` in content/notices.yaml and the settings agree.",
        )


def _configure_logging() -> None:
    """JSON lines; no exception is put into one, as its words and its local variables may show messages."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _with_request(_: object, __: str, told: EventDict) -> EventDict:
    """A line of the log names the request that it belongs to, as its answer does in `X-Request-ID`."""
    request = correlation_id.get()
    return {**told, "request": request} if request else told


def _wire(app: FastAPI) -> None:
    """Who hears of what, after each commit."""
    bus, hub, boards = app.state.database.bus, app.state.hub, app.state.boards
    realtime: Realtime = app.state.realtime
    hub.claimed = lambda connection, conversation, generation: listen(
        realtime, connection, conversation, generation
    )
    bus.subscribe(events.LogAppended, hub.fan_out)
    bus.subscribe(events.LogAppended, app.state.watch.heard)
    bus.subscribe(events.LogAppended, app.state.pager.heard)
    bus.subscribe(events.CoachAssigned, hub.assigned)
    bus.subscribe(events.CoachReleased, hub.released)
    bus.subscribe(events.StaffSignedOut, hub.signed_out)
    bus.subscribe(events.ParentRevoked, hub.revoked)
    bus.subscribe(events.QueueChanged, boards.mark)
    bus.subscribe(events.QueueChanged, lambda _: app.state.queue_changed.set())
    bus.subscribe(events.ConversationClosed, lambda _: app.state.closed.set())


def _join_other_workers(app: FastAPI) -> None:
    """What is committed here is told to the other workers, and what they tell is handed to who wants it here.

    The two buses keep these apart: what came from another worker is never told again.
    """
    state, bus, hub = app.state, app.state.database.bus, app.state.hub
    settings: Settings = state.settings
    broker = Broker(
        parse_address(settings.redis_url),
        hub,
        state.realtime.paces,
        secret=settings.server_secret,
        beat=settings.timers.beat,
    )
    state.broker, state.look = broker, Look(state.realtime, broker, beat=settings.timers.beat)
    state.shared_windows = SharedWindows(broker.link.ask, secret=settings.server_secret)
    broker.missing = state.look.at
    hub.elsewhere = broker
    for kind in HINTS.values():
        bus.subscribe(kind, broker.tell)
    broker.heard.subscribe(events.CoachAssigned, hub.assigned)
    broker.heard.subscribe(events.CoachReleased, hub.released)
    broker.heard.subscribe(events.StaffSignedOut, hub.signed_out)
    broker.heard.subscribe(events.ParentRevoked, hub.revoked)
    broker.heard.subscribe(events.QueueChanged, state.boards.mark)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    await db.require_current(state.database)
    writing = asyncio.create_task(state.writer.run())
    finishing = {writing}
    works = [
        state.boards.run(),
        state.watch.run(),
        state.pager.run(),
        state.builds.run(),
        beat(state.realtime),
        _count_what_closes(app),
        _work_daily(app),
    ]
    works.append(run_offering(state.database, state.queue_changed, offering_of(state.settings)))
    timers = state.settings.timers
    works.append(run_hours(state.database, state.opening, every=timers.sweep))
    works.append(run_renewing(state.realtime))
    works.append(run_sweeping(state.database, state.key_ring, timers))
    if state.broker is not None:
        works.append(state.broker.run())
        finishing.add(asyncio.create_task(state.look.run()))
    others = [asyncio.create_task(work) for work in works]
    for task in (*finishing, *others):
        task.add_done_callback(_die_aloud)
    with lifecycle.leaving_first(state.hub):
        yield
    await state.hub.leave()
    state.writer.stop()
    if state.look is not None:
        state.look.stop()
    await asyncio.wait(finishing)  # where it failed, that is logged already, and the rest ends in order
    if state.broker is not None:
        await state.broker.farewell()
    for task in others:
        task.cancel()
    await asyncio.wait(others)
    await http.settled(state.realtime)
    await state.realtime.readings.settled()
    await state.database.engine.dispose()


async def _count_what_closes(app: FastAPI) -> None:
    """Tally conversations as they close; what a crash leaves uncounted, the daily job counts."""
    while True:
        await app.state.closed.wait()
        app.state.closed.clear()
        try:
            await count_closed(app.state.database, now=clock.now())
        except db.DATABASE_ERRORS as error:
            logger.warning("tallies.not_counted", kind=type(error).__name__)


async def _work_daily(app: FastAPI) -> None:
    """Run the daily job in the quiet hour of each night; of several workers, one does."""
    state = app.state
    while True:
        await asyncio.sleep(clock.seconds_until(NIGHT_HOUR))
        try:
            async with db.alone(state.database, "daily") as mine:
                if not mine:
                    continue
                day = await run_daily(
                    state.database, state.key_ring, state.settings, state.content.codebook, now=clock.now()
                )
        except db.DATABASE_ERRORS as error:
            logger.error("daily.failed", kind=type(error).__name__)  # noqa: TRY400 (it may quote a text)
        else:
            logger.info("daily.done", counted=day.counted, rows=day.rows.made, erased=day.erased)


def _die_aloud(task: asyncio.Task[None]) -> None:
    """A worker whose background task failed would leave people waiting in silence: say so, and stop it.

    Whatever keeps the service running starts it again; what was acknowledged is stored.
    """
    if not task.cancelled() and (error := task.exception()) is not None:
        # Where it was met, and not what was said of it: that may quote what somebody wrote.
        trail = "".join(traceback.format_tb(error.__traceback__))
        logger.critical("task.failed", kind=type(error).__name__, trail=trail)
        signal.raise_signal(signal.SIGTERM)
