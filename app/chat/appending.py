"""Messages of people who are known to be let write: one statement that compares, and stores.

It neither reads who may write nor looks for repeats. Where a head, a status or a generation is not the one
that is known, nothing of that conversation is stored; where a message is in the log already, the log's own
key refuses the statement whole. Both then go to the statement that judges.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from msgspec import Struct

from app.chat.known import Known
from app.chat.rows import Placed, array_of, insert_in_sqlite
from app.direct import DirectPostgres, Taken


class Part(Struct, eq=False):
    """The messages of one conversation, in their order, and what is known of it."""

    conversation: UUID
    known: Known
    placed: list[Placed]


# The heads are locked in order of conversation, as the parts come in that order. A head that somebody else
# holds is compared when it is let go, as it is then.
_POSTGRES = """
WITH raised AS (
  UPDATE stream_head h SET head = p.head + p.more
  FROM unnest($1::text::uuid[], $2::text::int[], $3::text::int[], $17::text::text[], $18::text::int[])
    WITH ORDINALITY AS p (conversation_id, head, more, status, generation, part)
  JOIN conversation c ON c.id = p.conversation_id AND c.status = p.status AND c.generation = p.generation
  WHERE h.conversation_id = p.conversation_id AND h.stream = 'conv' AND h.head = p.head
  RETURNING p.part
), stored AS (
  INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
    client_message_id, body, body_mac, data)
  SELECT conversation_id, 'conv', seq, 'message.posted', $4, generation, sender_id, speaker, message_id,
    client_message_id, substring($5::bytea FROM starts FOR size),
    substring($6::bytea FROM 32 * n::int - 31 FOR 32), '{}'
  FROM unnest($7::text::int[], $8::text::uuid[], $9::text::int[], $10::text::int[], $11::text::uuid[],
    $12::text::text[], $13::text::uuid[], $14::text::uuid[], $15::text::int[], $16::text::int[])
    WITH ORDINALITY AS r (part, conversation_id, seq, generation, sender_id, speaker, message_id,
      client_message_id, starts, size, n)
  WHERE (part IN (SELECT part FROM raised)) IS TRUE
)
SELECT array_agg(part) FROM raised
"""

# The same for one message: without arrays to take apart it costs half, and alone is how most messages come.
_POSTGRES_ONE = """
WITH raised AS (
  UPDATE stream_head h SET head = $2
  FROM conversation c
  WHERE c.id = $1 AND c.status = $3 AND c.generation = $4
    AND h.conversation_id = $1 AND h.stream = 'conv' AND h.head = $5
  RETURNING 1
), stored AS (
  INSERT INTO log_entry (conversation_id, stream, seq, kind, at, generation, sender_id, speaker, message_id,
    client_message_id, body, body_mac, data)
  SELECT $1, 'conv', $2, 'message.posted', $6, $4, $7, $8, $9, $10, $11, $12, '{}' FROM raised
)
SELECT 1 FROM raised
"""

_SQLITE_RAISE = """
UPDATE stream_head SET head = ? WHERE conversation_id = ? AND stream = 'conv' AND head = ?
  AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = conversation_id AND c.status = ? AND c.generation = ?)
"""


async def append_postgres(direct: DirectPostgres, parts: Sequence[Part], at: datetime) -> list[Part]:
    """Store these parts; those of which nothing was stored."""
    if len(parts) == 1 and len(parts[0].placed) == 1:
        return [] if await _append_one(direct, parts[0], at) else list(parts)
    ordered = sorted(parts, key=lambda part: part.conversation.int)
    hexes = [part.conversation.hex for part in ordered]
    placed = [each for part in ordered for each in part.placed]
    rows = [each.row for each in placed]
    numbers = [n for n, part in enumerate(ordered) for _ in part.placed]
    sizes = [len(row.body) for row in rows]
    try:
        ((stored,),) = await direct.fetch(
            _POSTGRES,
            array_of(hexes),
            array_of([str(part.known.head) for part in ordered]),
            array_of([str(len(part.placed)) for part in ordered]),
            at,
            b"".join([row.body for row in rows]),
            b"".join([row.body_mac for row in rows]),
            array_of([str(n + 1) for n in numbers]),
            array_of([hexes[n] for n in numbers]),
            array_of([str(each.seq) for each in placed]),
            array_of([str(each.generation) for each in placed]),
            array_of([row.participant.hex for row in rows]),
            array_of([each.role for each in placed]),
            array_of([row.message_id.hex for row in rows]),
            array_of([row.client_message_id.hex for row in rows]),
            array_of([str(start) for start in accumulate(sizes[:-1], initial=1)]),
            array_of([str(size) for size in sizes]),
            array_of([part.known.status for part in ordered]),
            array_of([str(part.known.generation) for part in ordered]),
        )
    except Taken:
        return list(parts)
    done = set(stored or ())
    return [part for n, part in enumerate(ordered, start=1) if n not in done]


async def _append_one(direct: DirectPostgres, part: Part, at: datetime) -> bool:
    """Store the only message of this part; False where nothing was stored."""
    (each,), row = part.placed, part.placed[0].row
    try:
        raised = await direct.fetch(
            _POSTGRES_ONE,
            part.conversation,
            each.seq,
            part.known.status,
            part.known.generation,
            part.known.head,
            at,
            row.participant,
            each.role,
            row.message_id,
            row.client_message_id,
            row.body,
            row.body_mac,
        )
    except Taken:
        return False
    return bool(raised)


def append_sqlite(connection: sqlite3.Connection, parts: Sequence[Part], at: datetime) -> list[Part]:
    """Store these parts within the connection's transaction; those of which nothing was stored."""
    connection.execute("SAVEPOINT append")
    missed, placed = [], []
    for part in parts:
        known, hexed = part.known, part.conversation.hex
        reached = known.head + len(part.placed)
        raised = connection.execute(
            _SQLITE_RAISE, (reached, hexed, known.head, known.status, known.generation)
        )
        if raised.rowcount:
            placed += part.placed
        else:
            missed.append(part)
    try:
        insert_in_sqlite(connection, placed, at)
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK TO append")
        return list(parts)
    connection.execute("RELEASE append")
    return missed
