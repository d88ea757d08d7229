"""A socket's way out: bounded, so that a client which does not read costs a close, and no memory."""

import asyncio
from collections import deque
from collections.abc import Callable


class Outbound:
    """A socket's outbound queue, bounded in frames and bytes; recovery is let through uncounted.

    Where there is a way to `write` at once, a frame takes it while nothing is queued.
    """

    def __init__(
        self, *, frames_limit: int, bytes_limit: int, write: Callable[[str], bool] | None = None
    ) -> None:
        self._write = write
        self._frames_limit = frames_limit
        self._bytes_limit = bytes_limit
        self._queue: deque[tuple[str, bool]] = deque()
        self._counted = 0
        self._bytes = 0
        self._taker: asyncio.Future[None] | None = None
        self._idle = True  # everything queued has been taken, and the taker came back for more
        self._drained: asyncio.Event | None = None
        self.closing: int | None = None
        self.reason = ""
        self.closed = asyncio.Event()
        self.abandoned = False

    def put(self, text: str, *, counted: bool = True) -> None:
        """Queue a frame; one too many overflows the queue, and the socket will be closed as slow (4002)."""
        if self.closing is not None:
            return
        if counted and self._idle and self._write is not None and self._write(text):
            return  # recovery does not come here: it waits for the socket to drain after each frame
        if counted:
            self._counted += 1
            self._bytes += len(text)
            if self._counted > self._frames_limit or self._bytes > self._bytes_limit:
                self.close(4002)
                return
        self._queue.append((text, counted))
        self._idle = False
        self._wake_taker()

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket with this code once what is queued has been sent; when it is slow, at once."""
        if self.closing is None:
            self.closing, self.reason = code, reason
            if code == 4002:
                self._queue.clear()  # it is not being read; the client recovers when it comes back
            self._wake_taker()
            self.closed.set()

    def abandon(self) -> None:
        """The socket is gone: nothing more can be sent, and nobody waits for it."""
        self.closing = self.closing or 1006
        self.abandoned = True
        self._queue.clear()
        self._wake_taker()
        self._say_drained()
        self.closed.set()

    async def take(self) -> str | None:
        """The next frame; None when the socket must be closed now."""
        while not self._queue:
            self._say_drained()
            if self.closing is not None:
                return None
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker
        text, counted = self._queue.popleft()
        if counted:
            self._counted -= 1
            self._bytes -= len(text)
        return text

    def take_all(self) -> list[str]:
        """Every frame that is queued now."""
        texts = [text for text, _ in self._queue]
        self._queue.clear()
        self._counted = self._bytes = 0
        self._say_drained()
        return texts

    async def drained(self) -> None:
        """Wait until everything queued has been handed to the socket."""
        while not self._idle:
            self._drained = self._drained or asyncio.Event()
            await self._drained.wait()

    def _wake_taker(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)

    def _say_drained(self) -> None:
        self._idle = True
        if self._drained is not None:
            self._drained.set()
            self._drained = None
