"""Builds the exports that were asked for, one after the other, each in a process of its own.

Conversations share nothing with it: no event loop, no memory, and the machine's time only where some is left.
What was to be built when the service ended is taken up again when it begins.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.process import BaseProcess
from uuid import UUID

import structlog

from app.content.rules import Codebook
from app.db import DATABASE_ERRORS, Database, alone, open_database, reading
from app.errors import AppError
from app.export import queries, runs
from app.export.building import Busy, Failed, build_asked
from app.settings import Settings

LOOK_S = 10  # for what another worker was asked for
NICE = 10
BUILT, BROKEN, REFUSED, BUSY, FAILED = 0, 1, 2, 3, 4  # how a build's process ends; otherwise it was stopped

_SPAWN = multiprocessing.get_context("spawn")

logger = structlog.get_logger(__name__)


class Builds:
    """The service's builds; of several workers, one does them."""

    def __init__(self, database: Database, settings: Settings, codebook: Codebook) -> None:
        self.asked = asyncio.Event()
        self._one = asyncio.Lock()
        self._database = database
        self._settings = settings
        self._codebook = codebook

    async def run(self) -> None:
        """Build what is asked for, until cancelled."""
        while True:
            self.asked.clear()
            try:
                await self.work_off()
            except DATABASE_ERRORS as error:
                logger.warning("export.not_built", kind=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.asked.wait(), LOOK_S)

    async def work_off(self) -> None:
        """Build all that is to be built, unless another worker or the command line is at it."""
        tried: set[UUID] = set()
        async with self._one, alone(self._database, "exports") as mine:
            while mine:
                async with reading(self._database) as session:
                    run_id = await queries.next_to_build(session)
                # One that still waits could not even be given up: the database is away or full.
                if run_id is None or run_id in tried or not await self._build(run_id):
                    return
                tried.add(run_id)

    async def _build(self, run_id: UUID) -> bool:
        """Have one export built; False where its turn has not come."""
        process = _SPAWN.Process(
            target=build_here, args=(self._settings, self._codebook, run_id), daemon=True
        )
        code = await _to_its_end(process)
        if code in (BUILT, REFUSED, BUSY):
            return code != BUSY
        if code == FAILED:
            async with reading(self._database) as session:
                why = (await queries.run(session, run_id)).failure
            logger.error("export.failed", run=str(run_id), why=why)
            return True
        logger.error("export.stopped", run=str(run_id), code=code)
        await runs.give_up_build(
            self._database, run_id, why="The build stopped before it was done. Build the export again."
        )
        return True


def build_here(settings: Settings, codebook: Codebook, run_id: UUID) -> None:
    """Build one export in this process, and end it with a code; what goes wrong shows none of its words."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides when it ends
    os.nice(NICE)
    try:
        code = asyncio.run(_built(settings, codebook, run_id))
    except Exception as error:  # noqa: BLE001 (whatever it is, its words may quote a text)
        logger.error("export.broken", run=str(run_id), kind=type(error).__name__)  # noqa: TRY400
        code = BROKEN
    sys.exit(code)


async def _built(settings: Settings, codebook: Codebook, run_id: UUID) -> int:
    database = open_database(settings)
    try:
        await build_asked(database, settings, codebook, run_id=run_id)
    except Busy:
        return BUSY
    except Failed:
        return FAILED
    except (AppError, *DATABASE_ERRORS):  # the run says why
        return REFUSED
    finally:
        await database.engine.dispose()
    return BUILT


async def _to_its_end(process: BaseProcess) -> int | None:
    """Run a process, and kill it if this is cancelled; its exit code."""
    await asyncio.to_thread(process.start)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
        process.kill()
        process.join()
    return process.exitcode
