"""What both ways into the log below the sessions have in common: the row, and how the databases spell it."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from app.chat.rules import Stream

SQLITE_TIME = "%Y-%m-%d %H:%M:%S.%f"

_SQLITE_INSERT = """
INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
  client_message_id, body, body_mac, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class Row(Struct, frozen=True, eq=False):
    """A sealed text that wants a place in the log."""

    conversation: UUID
    stream: Stream
    participant: UUID
    client_message_id: UUID
    message_id: UUID
    body: bytes
    body_mac: bytes
    data: str  # JSON

    __repr__ = object.__repr__


class Verdict(StrEnum):
    """What became of a row."""

    STORED = "stored"
    KNOWN = "known"  # this sender's id is in the log already: the answer is the stored row's
    NOBODY = "nobody"  # no such conversation, or the sender has no part in it
    FORMER = "former"  # a coach who owns the conversation no more
    ENDED = "ended"  # the conversation's status lets this person post no more
    AGAIN = "again"  # somebody else committed to the conversation in between: ask anew, nothing is stored


class Outcome(Struct, frozen=True, eq=False):
    """The answer for one row; `message_id`, `seq`, `at` and `body_mac` are those of the stored one."""

    verdict: Verdict
    role: str = ""
    status: str = ""
    generation: int = 0
    epoch: str = ""
    seq: int = 0
    message_id: UUID | None = None
    at: datetime | None = None
    body_mac: bytes | None = None


class Placed(Struct, frozen=True, eq=False):
    """A row with its place in the batch, its number, and what else the log says of it."""

    place: int
    row: Row
    seq: int
    generation: int
    role: str


def array_of(values: Iterable[str]) -> str:
    """An array of plain words as PostgreSQL spells it: encoding them one by one would cost more."""
    return f"{{{','.join(values)}}}"


def insert_in_sqlite(connection: sqlite3.Connection, placed: Sequence[Placed], at: datetime) -> None:
    """Write these rows."""
    moment = at.astimezone(UTC).strftime(SQLITE_TIME)
    connection.executemany(
        _SQLITE_INSERT,
        [
            (
                each.row.conversation.hex,
                each.row.stream,
                each.seq,
                "message.posted" if each.row.stream == Stream.CONV else "note.added",
                moment,
                each.generation,
                each.row.participant.hex,
                each.role,
                each.row.message_id.hex,
                each.row.client_message_id.hex,
                each.row.body,
                each.row.body_mac,
                each.row.data,
            )
            for each in placed
        ],
    )
