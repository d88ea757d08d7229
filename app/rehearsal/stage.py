"""What the people of one rehearsal share, and what they leave behind for the verdict."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import httpx

from app.rehearsal.line import Line, Measures, Refused, Stuck
from app.rehearsal.scripts import Script
from app.rehearsal.verdict import Fault, Posted, View

QUEUE_PATIENCE_S = 600.0


@dataclass(slots=True)
class Stage:
    """One rehearsal. `speed` 0 means as fast as possible; `strangers` are coaches' lines for parents that
    are not rehearsed, whose conversations are ended at once where there are none. `end_rest` ends a break
    that the service gives a rehearsed coach, who needs none."""

    url: str
    http: httpx.AsyncClient
    consent_version: str
    plain_disposition: str
    speed: float = 0
    strangers: tuple[str, ...] = ()
    take_after_s: float = 0
    known_within_s: float = 10.0
    measures: Measures = field(default_factory=Measures)
    scripts: dict[UUID, Script] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    keep_views: bool = True
    end_rest: Callable[[UUID], Awaitable[None]] | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _started: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def enter(self, conversation: UUID, script: Script) -> None:
        """A rehearsed parent has started this conversation."""
        async with self._started:
            self.scripts[conversation] = script
            self._started.notify_all()

    async def script_of(self, conversation: UUID) -> Script | None:
        """What is played in this conversation, or None for one that is not rehearsed.

        A coach may hold a conversation before its parent has read that it was started.
        """
        async with self._started:
            try:
                async with asyncio.timeout(self.known_within_s):
                    await self._started.wait_for(lambda: conversation in self.scripts)
            except TimeoutError:
                return None
            return self.scripts[conversation]

    def works_through(self, conversation: UUID) -> bool:
        """Whether the rehearsed supervisor works concerns of this conversation through."""
        return conversation in self.scripts or bool(self.strangers)

    async def think(self, seconds: float) -> None:
        """The time that a person takes."""
        if self.speed:
            await asyncio.sleep(seconds / self.speed)

    def stuck(self, conversation: UUID, line: Line, why: Stuck | Refused) -> None:
        """Note that this conversation could not be played to its end, and where it stopped."""
        detail = f"the {line.side} was refused: {why}" if isinstance(why, Refused) else str(why)
        last = line.streams[f"conv:{conversation}"].last
        self.faults.append(Fault(conversation=str(conversation), seq=last, kind="stuck", detail=detail))

    def collect(self, line: Line, *, own: dict[UUID, bool]) -> None:
        """Keep what a line saw; `own` are its conversations and whether it stayed to their end."""
        if not self.keep_views:
            return
        self.posted.extend(line.posted)
        for name in list(line.streams):
            kind, _, key = name.partition(":")
            if kind == "conv":
                conversation = UUID(key)
                whole = own.get(conversation, False)
                self.views.append(line.view(conversation, entitled=conversation in own, whole=whole))
