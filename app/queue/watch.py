"""The watch: reads what both sides write for signs of a risk, within a second of storing, after the commit.

A committed message only puts its conversation down as unread. One task reads what has gathered, some texts
at a time, in a thread; a flag raises the conversation's priority and tells people. It closes nothing, lowers
nothing and answers nobody. What a crash leaves unread is found at the start and by the sweeper.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app import clock
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.events import LogAppended
from app.queue.actions import raise_risk
from app.safeguarding.actions import raise_flags
from app.safeguarding.reading import flagged_of
from app.safeguarding.unread import Flagged, Unread, conversations_with_unread, move_all_on, unread_of
from app.sealing import KeyRing

GATHERED_S = 0.1  # what is stored meanwhile is read together
CONVERSATIONS = 50  # read together
TOLD = 10  # told of in one transaction, which keeps these conversations' writers waiting
SWEPT_EVERY_S = 5.0
SETTLED = timedelta(seconds=2)  # by then, whoever committed it should have read it
LATELY = timedelta(minutes=10)
AT_START = timedelta(days=30)

logger = structlog.get_logger(__name__)


class Watch:
    """One per worker; `run` is its task."""

    def __init__(self, database: Database, key_ring: KeyRing) -> None:
        self._database = database
        self._key_ring = key_ring
        self._unread: dict[UUID, None] = {}
        self._wake = asyncio.Event()

    def heard(self, event: LogAppended) -> None:
        """A message was committed: its conversation has something unread."""
        if event.kind == "message.posted":
            self._unread[event.conversation] = None
            self._wake.set()

    async def run(self) -> None:
        """Read until cancelled."""
        ended_within, swept = AT_START, clock.monotonic() - SWEPT_EVERY_S
        while True:
            try:
                if clock.monotonic() - swept >= SWEPT_EVERY_S:
                    await self.find(before=clock.now() - SETTLED, ended_within=ended_within)
                    ended_within, swept = LATELY, clock.monotonic()
                await self.read()
            except DATABASE_ERRORS as error:
                logger.error("watch.not_read", kind=type(error).__name__)  # noqa: TRY400 (it may quote a text)
                await asyncio.sleep(GATHERED_S)
            if self._unread:
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEPT_EVERY_S):
                    await self._wake.wait()
            await asyncio.sleep(GATHERED_S)

    @property
    def waiting(self) -> bool:
        """Whether something is known to be unread."""
        return bool(self._unread)

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
        """Read some of what is unread; a conversation that has more is put down again, behind the others."""
        taken = list(self._unread)[:CONVERSATIONS]
        if not taken:
            return
        for conversation in taken:
            del self._unread[conversation]
        try:
            found = await self._read(taken)
        except DATABASE_ERRORS:
            self._unread.update(dict.fromkeys(taken))
            raise
        self._unread.update({unread.conversation: None for unread in found if unread.more})

    async def _read(self, conversations: Sequence[UUID]) -> list[Unread]:
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
        for start in range(0, len(risky), TOLD):
            await self._tell(risky[start : start + TOLD])
        if quiet:
            async with transaction(self._database) as session:
                await move_all_on(session, quiet)
        return found

    async def _tell(self, risky: Sequence[tuple[Unread, Sequence[Flagged]]]) -> None:
        async with transaction(self._database) as session:
            for unread, flagged in risky:
                await raise_risk(session, conversation_id=unread.conversation)
                await raise_flags(session, self._key_ring, unread=unread, flagged=flagged)
