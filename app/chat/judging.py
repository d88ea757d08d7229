"""The statement that judges: who is nobody here, what is a repeat, who may not write, and each row's number.

Both databases decide alike, under the conversations' locks.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, product
from uuid import UUID

from app.chat.rows import SQLITE_TIME, Outcome, Placed, Row, Verdict, array_of, insert_in_sqlite
from app.chat.rules import Speaker, Status, may_post
from app.direct import DirectPostgres

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
  SELECT p.*, w.role, c.status, c.generation, c.epoch, k.seq AS known_seq, k.message_id AS known_id,
    k.at AS known_at, k.body_mac AS known_mac, {_VERDICT.replace("stale", "s.head <> p.conv_head")} AS verdict
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
SELECT n, verdict, role, status, generation, epoch, coalesce(known_seq, seq), known_id, known_at, known_mac
FROM numbered
"""  # noqa: S608 (made of our own enumerations)

_SQLITE_JUDGE = f"""
SELECT {_VERDICT.replace("stale", "false")} AS verdict, w.role, c.status, c.generation, c.epoch, k.seq,
  k.message_id,
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

_SQLITE_RAISE = "UPDATE stream_head SET head = ? WHERE conversation_id = ? AND stream = ?"


async def judge_postgres(direct: DirectPostgres, rows: Sequence[Row], at: datetime) -> list[Outcome]:
    """Store what may be stored, as a transaction; one outcome a row."""
    rows_in_order = sorted(range(len(rows)), key=lambda number: rows[number].conversation.int)
    ordered = [rows[number] for number in rows_in_order]
    sizes = [len(row.body) for row in ordered]
    found = await direct.fetch(
        _POSTGRES,
        array_of([row.conversation.hex for row in ordered]),
        array_of([row.stream for row in ordered]),
        array_of([row.participant.hex for row in ordered]),
        array_of([row.client_message_id.hex for row in ordered]),
        array_of([row.message_id.hex for row in ordered]),
        array_of([str(start) for start in accumulate(sizes[:-1], initial=1)]),
        array_of([str(size) for size in sizes]),
        b"".join([row.body for row in ordered]),
        b"".join([row.body_mac for row in ordered]),
        [row.data for row in ordered] if any(row.data != "{}" for row in ordered) else None,
        at,
    )
    outcomes = [Outcome(Verdict.NOBODY)] * len(rows)  # where there is no conversation, there is no head
    for n, verdict, role, status, generation, epoch, seq, known_id, known_at, known_mac in found:
        number = rows_in_order[n - 1]
        if verdict == Verdict.STORED:
            outcomes[number] = Outcome(
                Verdict.STORED, role, status, generation, epoch, seq, rows[number].message_id, at
            )
        elif verdict == Verdict.KNOWN:
            message_id = UUID(bytes=known_id.bytes)
            outcomes[number] = Outcome(
                Verdict.KNOWN, role, status, generation, epoch, seq, message_id, known_at, known_mac
            )
        else:
            outcomes[number] = Outcome(Verdict(verdict))
    return outcomes


def judge_sqlite(connection: sqlite3.Connection, rows: Sequence[Row], at: datetime) -> list[Outcome]:
    """The same within the connection's transaction."""
    asked = json.dumps(
        [[row.conversation.hex, row.stream, row.participant.hex, row.client_message_id.hex] for row in rows]
    )
    judged = connection.execute(_SQLITE_JUDGE, (asked,)).fetchall()
    heads: dict[tuple[str, str], int] = {}
    placed: list[Placed] = []
    outcomes = []
    for place, (row, judgement) in enumerate(zip(rows, judged, strict=True)):
        verdict, role, status, generation, epoch, seq, message_id, stored_at, mac, head = judgement
        if verdict == Verdict.KNOWN:
            stored = datetime.strptime(stored_at, SQLITE_TIME).replace(tzinfo=UTC)
            outcomes.append(
                Outcome(
                    Verdict.KNOWN, role, status, generation, epoch, seq, UUID(hex=message_id), stored, mac
                )
            )
            continue
        if verdict != Verdict.STORED:
            outcomes.append(Outcome(Verdict(verdict)))
            continue
        stream = (row.conversation.hex, row.stream.value)
        number = heads[stream] = heads.get(stream, head) + 1
        placed.append(Placed(place, row, number, generation, role))
        outcomes.append(Outcome(Verdict.STORED, role, status, generation, epoch, number, row.message_id, at))
    insert_in_sqlite(connection, placed, at)
    connection.executemany(_SQLITE_RAISE, [(head, *stream) for stream, head in heads.items()])
    return outcomes
