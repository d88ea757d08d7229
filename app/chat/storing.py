"""The one hot path below the sessions: a batch of sealed texts goes into the log in one statement.

A unit of work per message costs about a millisecond of processor time; one statement for whatever is queued
costs some microseconds a message. So here, and nowhere else, SQL is written by hand, once per database. Both
decide alike, under the conversations' locks: who is nobody here, what is a repeat, who may not write, and
which number the rest gets.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import accumulate, product
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.chat.rules import Speaker, Status, Stream, may_post
from app.db import Database, DirectPostgres, DirectSqlite


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

# One round trip, each row by its keys. A statement sees the database as it was when it began, but a row that
# it locks as it is when the lock is got. A head that differs between the two says that somebody else
# committed to the conversation in between, and what else was read of it may be old: it is judged anew.
# Everything that changes who may write also raises the head of `conv`. The heads are locked in order of
# conversation, as the rows come in that order. Ids come as arrays spelt out, and all bodies as one: encoding
# them one by one cost more than all the rest of a statement.
_POSTGRES = f"""
WITH locked AS MATERIALIZED (
  SELECT p.*, h.head, o.head AS conv_head
  FROM unnest($1::text::uuid[], $2::text::text[], $3::text::uuid[], $4::text::uuid[], $5::text::uuid[],
    $6::text::int[], $7::text::int[], $10::text[]) WITH ORDINALITY
    AS p (conversation_id, stream, sender_id, client_message_id, message_id, starts, size, data, n)
  JOIN stream_head o ON o.conversation_id = p.conversation_id AND o.stream = 'conv'
  JOIN stream_head h ON h.conversation_id = p.conversation_id AND h.stream = p.stream
  ORDER BY p.n FOR UPDATE OF o, h
), judged AS MATERIALIZED (
  SELECT p.*, w.role, c.generation, c.epoch, k.seq AS known_seq, k.message_id AS known_id, k.at AS known_at,
    k.body_mac AS known_mac, {_VERDICT.replace("stale", "s.head <> p.conv_head")} AS verdict
  FROM locked p
  LEFT JOIN stream_head s ON s.conversation_id = p.conversation_id AND s.stream = 'conv'
  LEFT JOIN conversation c ON c.id = p.conversation_id
  LEFT JOIN participant w ON w.id = p.sender_id AND w.conversation_id = p.conversation_id
  LEFT JOIN log_entry k ON k.conversation_id = p.conversation_id AND k.sender_id = p.sender_id
    AND k.client_message_id = p.client_message_id
), numbered AS MATERIALIZED (
  SELECT j.*, head + count(*) FILTER (WHERE verdict = 'stored')
    OVER (PARTITION BY conversation_id, stream ORDER BY n) AS seq
  FROM judged j
), stored AS (
  INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
    client_message_id, body, body_mac, data)
  SELECT conversation_id, stream, seq, CASE stream WHEN 'conv' THEN 'message.posted' ELSE 'note.added' END,
    $11, generation, sender_id, role, message_id, client_message_id,
    substring($8::bytea FROM starts FOR size), substring($9::bytea FROM 32 * n::int - 31 FOR 32),
    coalesce(data, '{{}}')::json
  FROM numbered WHERE verdict = 'stored'
), raised AS (
  UPDATE stream_head h SET head = reached.head
  FROM (
    SELECT conversation_id, stream, max(seq) AS head FROM numbered WHERE verdict = 'stored' GROUP BY 1, 2
  ) reached
  WHERE h.conversation_id = reached.conversation_id AND h.stream = reached.stream
)
SELECT n, verdict, role, generation, epoch, coalesce(known_seq, seq), known_id, known_at, known_mac
FROM numbered
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
    rows_in_order = sorted(range(len(rows)), key=lambda number: rows[number].conversation.int)
    ordered = [rows[number] for number in rows_in_order]
    sizes = [len(row.body) for row in ordered]
    found = await direct.fetch(
        _POSTGRES,
        _array([row.conversation.hex for row in ordered]),
        _array([row.stream for row in ordered]),
        _array([row.participant.hex for row in ordered]),
        _array([row.client_message_id.hex for row in ordered]),
        _array([row.message_id.hex for row in ordered]),
        _array([str(start) for start in accumulate(sizes[:-1], initial=1)]),
        _array([str(size) for size in sizes]),
        b"".join([row.body for row in ordered]),
        b"".join([row.body_mac for row in ordered]),
        [row.data for row in ordered] if any(row.data != "{}" for row in ordered) else None,
        at,
    )
    outcomes = [Outcome(Verdict.NOBODY)] * len(rows)  # where there is no conversation, there is no head
    for n, verdict, role, generation, epoch, seq, known_id, known_at, known_mac in found:
        number = rows_in_order[n - 1]
        if verdict == Verdict.STORED:
            outcomes[number] = Outcome(
                Verdict.STORED, role, generation, epoch, seq, rows[number].message_id, at
            )
        elif verdict == Verdict.KNOWN:
            message_id = UUID(bytes=known_id.bytes)
            outcomes[number] = Outcome(
                Verdict.KNOWN, role, generation, epoch, seq, message_id, known_at, known_mac
            )
        else:
            outcomes[number] = Outcome(Verdict(verdict))
    return outcomes


def _array(values: Sequence[str]) -> str:
    """An array of plain words as PostgreSQL spells it."""
    return f"{{{','.join(values)}}}"


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
