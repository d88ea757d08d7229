"""The one hot path below the sessions: a batch of sealed texts goes into the log in one statement.

A unit of work per message costs about a millisecond of processor time; one statement for whatever is queued
costs some microseconds a message. So here, and nowhere else, SQL is written by hand, once per database. Both
decide alike, under the conversations' locks: who is nobody here, what is a repeat, who may not write, and
which number the rest gets.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

from app.chat.rules import Speaker, Status, Stream, may_post
from app.db import Database, DirectPostgres, DirectSqlite


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A sealed text that wants a place in the log."""

    conversation: UUID
    stream: Stream
    participant: UUID
    client_message_id: UUID
    message_id: UUID
    body: bytes
    body_mac: bytes
    data: str  # JSON


class Verdict(StrEnum):
    """What became of a row."""

    STORED = "stored"
    KNOWN = "known"  # this sender's id is in the log already: the answer is the stored row's
    NOBODY = "nobody"  # no such conversation, or the sender has no part in it
    FORMER = "former"  # a coach who owns the conversation no more
    ENDED = "ended"  # the conversation's status lets this person post no more
    AGAIN = "again"  # somebody else committed to the conversation in between: ask anew, nothing is stored


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one row; `message_id`, `seq`, `at` and `body_mac` are those of the stored one."""

    verdict: Verdict
    role: str = ""
    generation: int = 0
    epoch: str = ""
    seq: int = 0
    message_id: UUID | None = None
    at: datetime | None = None
    body_mac: bytes | None = None


# The rule decides, not the statement: these are the pairs that it lets through.
_MAY_POST = ", ".join(
    f"'{speaker}:{status}'" for speaker, status in product(Speaker, Status) if may_post(status, speaker)
)
_VERDICT = f"""
    CASE
      WHEN c.id IS NULL OR w.id IS NULL THEN 'nobody'
      WHEN k.seq IS NOT NULL THEN 'known'
      WHEN stale THEN 'again'
      WHEN w.role <> 'parent' AND (w.left_at IS NOT NULL OR w.generation <> c.generation) THEN 'former'
      WHEN p.stream = 'conv' AND (w.role || ':' || c.status) NOT IN ({_MAY_POST}) THEN 'ended'
      ELSE 'stored'
    END"""

# One round trip. A statement sees the database as it was when it began, but a row that it locks as it is when
# the lock is got. A head that differs between the two says that somebody else committed to the conversation
# in between, and whatever else was read of it may be old: such rows are judged anew. Everything that changes
# who may write also raises a head.
_POSTGRES = f"""
WITH p AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[],
    $8::text[]) WITH ORDINALITY
    AS p (conversation_id, stream, sender_id, client_message_id, message_id, body, body_mac, data, n)
), locked AS MATERIALIZED (
  SELECT h.conversation_id, h.stream, h.head
  FROM unnest($9::uuid[], $10::text[]) AS wanted (conversation_id, stream)
  JOIN stream_head h ON h.conversation_id = wanted.conversation_id AND h.stream = wanted.stream
  ORDER BY h.conversation_id, h.stream FOR UPDATE OF h
), heads AS MATERIALIZED (
  SELECT l.conversation_id, bool_or(l.head <> h.head) AS stale
  FROM locked l JOIN stream_head h ON h.conversation_id = l.conversation_id AND h.stream = l.stream
  GROUP BY l.conversation_id
), judged AS MATERIALIZED (
  SELECT p.*, w.role, c.generation, c.epoch, k.seq AS known_seq, k.message_id AS known_id, k.at AS known_at,
    k.body_mac AS known_mac, {_VERDICT} AS verdict
  FROM p
  LEFT JOIN heads ON heads.conversation_id = p.conversation_id
  LEFT JOIN conversation c ON c.id = heads.conversation_id
  LEFT JOIN participant w ON w.id = p.sender_id AND w.conversation_id = p.conversation_id
  LEFT JOIN log_entry k ON k.conversation_id = p.conversation_id AND k.sender_id = p.sender_id
    AND k.client_message_id = p.client_message_id
), numbered AS MATERIALIZED (
  SELECT j.*, l.head + row_number() OVER (PARTITION BY j.conversation_id, j.stream ORDER BY j.n) AS seq
  FROM judged j JOIN locked l ON l.conversation_id = j.conversation_id AND l.stream = j.stream
  WHERE j.verdict = 'stored'
), stored AS (
  INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
    client_message_id, body, body_mac, data)
  SELECT conversation_id, stream, seq, CASE stream WHEN 'conv' THEN 'message.posted' ELSE 'note.added' END,
    $11, generation, sender_id, role, message_id, client_message_id, body, body_mac, data::json
  FROM numbered
), raised AS (
  UPDATE stream_head h SET head = reached.head
  FROM (SELECT conversation_id, stream, max(seq) AS head FROM numbered GROUP BY 1, 2) reached
  WHERE h.conversation_id = reached.conversation_id AND h.stream = reached.stream
)
SELECT j.verdict, j.role, j.generation, j.epoch, coalesce(n.seq, j.known_seq) AS seq, j.known_id, j.known_at,
  j.known_mac
FROM judged j LEFT JOIN numbered n ON n.n = j.n ORDER BY j.n
"""  # noqa: S608 (made of our own enumerations)

_SQLITE_JUDGE = f"""
SELECT {_VERDICT.replace("stale", "false")} AS verdict, w.role, c.generation, c.epoch, k.seq, k.message_id,
  k.at, k.body_mac, h.head
FROM (SELECT key AS n, value ->> 0 AS conversation_id, value ->> 1 AS stream, value ->> 2 AS sender_id,
  value ->> 3 AS client_message_id FROM json_each(?)) p
LEFT JOIN conversation c ON c.id = p.conversation_id
LEFT JOIN stream_head h ON h.conversation_id = p.conversation_id AND h.stream = p.stream
LEFT JOIN participant w ON w.id = p.sender_id AND w.conversation_id = p.conversation_id
LEFT JOIN log_entry k ON k.conversation_id = p.conversation_id AND k.sender_id = p.sender_id
  AND k.client_message_id = p.client_message_id
ORDER BY p.n
"""  # noqa: S608 (made of our own enumerations)

_SQLITE_INSERT = """
INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
  client_message_id, body, body_mac, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_SQLITE_RAISE = "UPDATE stream_head SET head = ? WHERE conversation_id = ? AND stream = ?"
_SQLITE_TIME = "%Y-%m-%d %H:%M:%S.%f"


class Storing:
    """A way into the log beneath the sessions, on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._postgres = None if database.sqlite else DirectPostgres(database)
        self._sqlite = DirectSqlite(database) if database.sqlite else None

    async def wrapped_keys(self, conversations: Sequence[UUID]) -> dict[UUID, bytes]:
        """The wrapped data keys of those conversations that exist."""
        if self._postgres is not None:
            rows = await self._postgres.fetch(
                "SELECT conversation_id, wrapped FROM conversation_key "
                "WHERE conversation_id = ANY($1::uuid[])",
                list(conversations),
            )
            return {UUID(bytes=row[0].bytes): row[1] for row in rows}
        assert self._sqlite is not None
        found = await self._sqlite.work(lambda connection: _keys_in_sqlite(connection, conversations))
        return {UUID(hex=conversation): wrapped for conversation, wrapped in found}

    async def write(self, rows: Sequence[Row], *, at: datetime) -> list[Outcome]:
        """Store what may be stored, in one transaction that is durable when this returns; one outcome a row.

        No two rows have the same conversation, participant and client id.
        """
        if self._postgres is not None:
            return await _write_postgres(self._postgres, rows, at)
        assert self._sqlite is not None
        return await self._sqlite.work(lambda connection: _write_sqlite(connection, rows, at))

    async def close(self) -> None:
        """Give the connection up."""
        for direct in (self._postgres, self._sqlite):
            if direct is not None:
                await direct.close()


async def _write_postgres(direct: DirectPostgres, rows: Sequence[Row], at: datetime) -> list[Outcome]:
    wanted = sorted(
        {(row.conversation, Stream.CONV.value) for row in rows}
        | {(row.conversation, row.stream.value) for row in rows}
    )
    found = await direct.fetch(
        _POSTGRES,
        [row.conversation for row in rows],
        [row.stream.value for row in rows],
        [row.participant for row in rows],
        [row.client_message_id for row in rows],
        [row.message_id for row in rows],
        [row.body for row in rows],
        [row.body_mac for row in rows],
        [row.data for row in rows],
        [conversation for conversation, _ in wanted],
        [stream for _, stream in wanted],
        at,
    )
    return [
        Outcome(
            verdict=Verdict(judged[0]),
            role=judged[1] or "",
            generation=judged[2] or 0,
            epoch=judged[3] or "",
            seq=judged[4] or 0,
            message_id=row.message_id if judged[5] is None else UUID(bytes=judged[5].bytes),
            at=judged[6] or at,
            body_mac=judged[7],
        )
        for row, judged in zip(rows, found, strict=True)
    ]


def _write_sqlite(connection: sqlite3.Connection, rows: Sequence[Row], at: datetime) -> list[Outcome]:
    asked = json.dumps(
        [[row.conversation.hex, row.stream, row.participant.hex, row.client_message_id.hex] for row in rows]
    )
    judged = connection.execute(_SQLITE_JUDGE, (asked,)).fetchall()
    moment = at.astimezone(UTC).strftime(_SQLITE_TIME)
    heads: dict[tuple[str, str], int] = {}
    insert: list[tuple[Any, ...]] = []
    outcomes = []
    for row, (verdict, role, generation, epoch, seq, message_id, stored_at, mac, head) in zip(
        rows, judged, strict=True
    ):
        if verdict == Verdict.KNOWN:
            stored = datetime.strptime(stored_at, _SQLITE_TIME).replace(tzinfo=UTC)
            outcomes.append(
                Outcome(Verdict.KNOWN, role, generation, epoch, seq, UUID(hex=message_id), stored, mac)
            )
            continue
        if verdict != Verdict.STORED:
            outcomes.append(Outcome(Verdict(verdict)))
            continue
        stream = (row.conversation.hex, row.stream.value)
        number = heads[stream] = heads.get(stream, head) + 1
        kind = "message.posted" if row.stream == Stream.CONV else "note.added"
        insert.append(
            (
                *(*stream, number, kind, moment, generation, row.participant.hex, role, row.message_id.hex),
                *(row.client_message_id.hex, row.body, row.body_mac, row.data),
            )
        )
        outcomes.append(Outcome(Verdict.STORED, role, generation, epoch, number, row.message_id, at))
    connection.executemany(_SQLITE_INSERT, insert)
    connection.executemany(_SQLITE_RAISE, [(head, *stream) for stream, head in heads.items()])
    return outcomes


def _keys_in_sqlite(connection: sqlite3.Connection, conversations: Sequence[UUID]) -> list[tuple[str, bytes]]:
    return connection.execute(
        "SELECT conversation_id, wrapped FROM conversation_key "
        "WHERE conversation_id IN (SELECT value FROM json_each(?))",
        (json.dumps([conversation.hex for conversation in conversations]),),
    ).fetchall()
