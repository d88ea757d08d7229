"""Noting in the audit record who was shown which transcripts: whatever is queued goes in together.

The record is one chain, so that its entries wait for each other. When many people come back at once, one
transaction notes all who came during the last one; nobody is shown a word before theirs is durable.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app import audit
from app.db import DATABASE_ERRORS, Database, transaction


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody, as in `coach:<id>`, is about to be shown these; `noted` is done once that is stored."""

    actor: str
    conversations: Collection[UUID]
    noted: asyncio.Future[None]


class Readings:
    """One per worker. It has a task only while something waits to be noted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queued: list[Reading] = []
        self._noting: asyncio.Task[None] | None = None

    async def note(self, actor: str, conversations: Collection[UUID]) -> None:
        """Return once it stands in the record; one of DATABASE_ERRORS where it does not."""
        noted = asyncio.get_running_loop().create_future()
        self._queued.append(Reading(actor, conversations, noted))
        if self._noting is None:
            self._noting = asyncio.create_task(self._note_all())
        await noted

    async def settled(self) -> None:
        """Return when nothing waits any more: before the database is closed."""
        if self._noting is not None:
            await asyncio.wait({self._noting})

    async def _note_all(self) -> None:
        try:
            while self._queued:
                batch, self._queued = self._queued, []
                try:
                    await self._note_batch(batch)
                finally:
                    for reading in batch:
                        reading.noted.cancel()  # whoever is not answered by now never will be
        finally:
            self._noting = None

    async def _note_batch(self, batch: list[Reading]) -> None:
        error: BaseException | None = None
        try:
            async with transaction(self._database) as session:
                for reading in batch:
                    for conversation in sorted(reading.conversations):
                        subject = f"conversation:{conversation}"
                        audit.note(session, actor=reading.actor, action="transcript.read", subject=subject)
        except DATABASE_ERRORS as caught:
            error = caught
        for reading in batch:
            if reading.noted.done():  # they left while it was stored
                continue
            if error is None:
                reading.noted.set_result(None)
            else:
                reading.noted.set_exception(error)
