"""Turns to write, where a database has one writer."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turn:
    """Whose turn it is to write where there is one writer: first come, first served, but for those ahead.

    Each turn costs a wait for the disk. A batch of messages, for which many wait, goes ahead of the line, and
    gathers during the turns of at least SPACING others: oftener it would take theirs away.
    """

    SPACING = 7

    def __init__(self) -> None:
        self._taken = False
        self._since = 0  # turns of others since one went ahead
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def taken(self, *, ahead: bool = False) -> AsyncIterator[None]:
        """Wait for the turn and hold it."""
        if self._taken:
            await self._given(self._ahead if ahead else self._others)
        self._taken, self._since = True, 0 if ahead else self._since + 1
        try:
            yield
        finally:
            self._pass_on()

    async def _given(self, waiting: deque[asyncio.Future[None]]) -> None:
        given = asyncio.get_running_loop().create_future()
        waiting.append(given)
        try:
            await given
        except asyncio.CancelledError:
            if given.cancelled():
                waiting.remove(given)
            else:  # it was given in the moment of leaving
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        early = self._since >= self.SPACING
        for waiting in (self._ahead, self._others) if early else (self._others, self._ahead):
            for given in waiting:
                if not given.done():
                    waiting.remove(given)
                    given.set_result(None)
                    return
        self._taken = False
