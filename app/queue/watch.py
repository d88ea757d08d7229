"""The watch: reads what both sides write for signs of a risk, within a second of storing, after the commit.

One task reads what has gathered, some texts at a time: as this worker heard them where it missed nothing, or
from the log. What tells of a risk is always read from the log, and raised with the place behind it; the place
behind quiet texts is stored once a second. A flag raises the conversation's priority and tells people. It
closes nothing, lowers nothing and answers nobody. What a crash leaves unread is found at the start and by the
sweeper.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog

from app import clock
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.events import LogAppended
from app.queue.actions import raise_risk
from app.queue.heard import Heard
from app.safeguarding.actions import raise_flags
from app.safeguarding.reading import flagged_of, flags_of
from app.safeguarding.unread import Flagged, Quiet, Unread, conversations_with_unread, move_all_on, unread_of
from app.sealing import KeyRing

GATHERED_S = 0.1  # what is stored meanwhile is read together
CONVERSATIONS = 50  # read together
TOLD = 10  # told of in one transaction, which keeps these conversations' writers waiting
MOVED_EVERY_S = 1.0
SWEPT_EVERY_S = 5.0
SETTLED = timedelta(seconds=3)  # by then, whoever committed it should have read it and said so
LATELY = timedelta(minutes=10)
AT_START = timedelta(days=30)

logger = structlog.get_logger(__name__)


class Watch:
    """One per worker; `run` is its task."""

    def __init__(self, database: Database, key_ring: KeyRing) -> None:
        self._database = database
        self._key_ring = key_ring
        self._heard = Heard()
        self._unread: dict[UUID, None] = {}  # to be read from the log
        self._wake = asyncio.Event()

    def heard(self, event: LogAppended) -> None:
        """An event was committed; a message is unread."""
        if not self._heard.hear(event):
            self._unread[event.conversation] = None
        if event.kind == "message.posted":
            self._wake.set()

    async def run(self) -> None:
        """Read until cancelled."""
        ended_within, swept, moved = AT_START, clock.monotonic() - SWEPT_EVERY_S, clock.monotonic()
        while True:
            try:
                if clock.monotonic() - swept >= SWEPT_EVERY_S:
                    await self.find(before=clock.now() - SETTLED, ended_within=ended_within)
                    ended_within, swept = LATELY, clock.monotonic()
                await self.read()
                if clock.monotonic() - moved >= MOVED_EVERY_S:
                    await self.move_on()
                    moved = clock.monotonic()
            except DATABASE_ERRORS as error:
                logger.error("watch.not_read", kind=type(error).__name__)  # noqa: TRY400 (it may quote a text)
                await asyncio.sleep(GATHERED_S)
            if self.waiting:
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MOVED_EVERY_S):
                    await self._wake.wait()
            await asyncio.sleep(GATHERED_S)

    @property
    def waiting(self) -> bool:
        """Whether something is known to be unread."""
        return bool(self._unread) or self._heard.waiting

    async def find(self, *, before: datetime, ended_within: timedelta = AT_START) -> None:
        """Find what was stored before this moment and nobody has read."""
        async with reading(self._database) as session:
            found = await conversations_with_unread(
                session, before=before, ended_since=clock.now() - ended_within
            )
        if found:
            logger.info("watch.found_unread", conversations=len(found))
        self._unread.update(dict.fromkeys(found))

    async def read(self) -> None:
        """Read what was heard, and of the logs that must be read some.

        A conversation that has more is put down again, behind the others.
        """
        await self._read_heard()
        taken = list(self._unread)[:CONVERSATIONS]
        if not taken:
            return
        for conversation in taken:
            del self._unread[conversation]
            self._heard.log_is_read(conversation)
        try:
            found = await self._read_logs(taken)
        except DATABASE_ERRORS:
            self._unread.update(dict.fromkeys(taken))
            raise
        for unread in found:
            if unread.more or not self._heard.learn(unread.conversation, up_to=unread.up_to):
                self._unread[unread.conversation] = None
        for conversation in set(taken) - {unread.conversation for unread in found}:
            if self._heard.forget(conversation):  # nothing was unread, but something has come meanwhile
                self._unread[conversation] = None

    async def move_on(self) -> None:
        """Store up to where quiet texts were read."""
        if not (quiet := self._heard.moved()):
            return
        async with transaction(self._database) as session:
            await move_all_on(session, quiet)
        self._heard.stored(quiet)

    async def _read_heard(self) -> None:
        taken = self._heard.take()
        flags = iter(await flags_of([(said.speaker, said.body) for each in taken for said in each.texts]))
        for each in taken:
            if any(list(islice(flags, len(each.texts)))):
                self._unread[each.conversation] = None
            else:
                self._heard.quiet(each)

    async def _read_logs(self, conversations: Sequence[UUID]) -> list[Unread]:
        """Read these on from the places that the database knows."""
        async with reading(self._database) as session:
            found = await unread_of(session, self._key_ring, conversations)
        quiet: list[Unread] = []
        risky: list[tuple[Unread, list[Flagged]]] = []
        for unread, flagged in zip(found, await flagged_of(found), strict=True):
            if flagged:
                risky.append((unread, flagged))
            else:
                quiet.append(unread)
        risky.sort(key=lambda each: each[0].conversation)
        told = [
            each
            for start in range(0, len(risky), TOLD)
            for each in await self._tell(risky[start : start + TOLD])
        ]
        if quiet:
            async with transaction(self._database) as session:
                await move_all_on(
                    session, [Quiet(each.conversation, each.after, each.up_to) for each in quiet]
                )
        return quiet + told

    async def _tell(self, risky: Sequence[tuple[Unread, Sequence[Flagged]]]) -> list[Unread]:
        """Raise what was found; whatever another worker has read meanwhile is to be read on from there."""
        told = []
        async with transaction(self._database) as session:
            for unread, flagged in risky:
                await raise_risk(session, conversation_id=unread.conversation)
                raised = await raise_flags(session, self._key_ring, unread=unread, flagged=flagged)
                told.append(unread if raised else replace(unread, more=True))
        return told
