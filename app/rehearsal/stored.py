"""What the database holds of a rehearsal's conversations, for the verdict."""

from collections.abc import Collection
from uuid import UUID

from app.chat.rules import Stream
from app.chat.transcript import read_entries
from app.db import Database, reading
from app.rehearsal.held import entry_of
from app.rehearsal.verdict import Entry
from app.sealing import KeyRing


async def stored_entries(
    database: Database, key_ring: KeyRing, conversations: Collection[UUID]
) -> dict[UUID, list[Entry]]:
    """The log of each conversation, opened and digested, in order of `seq`."""
    found: dict[UUID, list[Entry]] = {}
    for conversation in conversations:
        async with reading(database) as session:
            entries = await read_entries(session, key_ring, conversation_id=conversation, stream=Stream.CONV)
        found[conversation] = [entry_of(entry.seq, entry.wire) for entry in entries]
    return found
