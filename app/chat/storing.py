"""The one hot path below the sessions: a batch of sealed texts goes into the log in one statement.

A unit of work per message costs about a millisecond of processor time; one statement for whatever is queued
costs some microseconds a message. So here, and nowhere else, SQL is written by hand, once per database. What
is known of a conversation is stored without being judged again; the rest is judged.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.chat.appending import Part, append_postgres, append_sqlite
from app.chat.judging import judge_postgres, judge_sqlite
from app.chat.known import Knowledge, Known
from app.chat.rows import Outcome, Placed, Row, Verdict
from app.chat.rules import Stream
from app.db import Database
from app.direct import DirectPostgres, DirectSqlite


class Storing:
    """A way into the log beneath the sessions, on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._postgres = None if database.sqlite else DirectPostgres(database)
        self._sqlite = DirectSqlite(database) if database.sqlite else None
        self._knowledge = Knowledge()

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
        """Store what may be stored, durably when this returns; one outcome a row.

        No two rows have the same conversation, participant and client id.
        """
        parts, unknown = self._known(rows)
        if self._postgres is not None:
            missed = await append_postgres(self._postgres, parts, at) if parts else []
            places = _left(missed, unknown)
            judged = await judge_postgres(self._postgres, [rows[n] for n in places], at) if places else []
        else:
            assert self._sqlite is not None

            def transact(connection: sqlite3.Connection) -> tuple[list[Part], list[int], list[Outcome]]:
                missed = append_sqlite(connection, parts, at) if parts else []
                places = _left(missed, unknown)
                return (
                    missed,
                    places,
                    judge_sqlite(connection, [rows[n] for n in places], at) if places else [],
                )

            missed, places, judged = await self._sqlite.work(transact)
        self._knowledge.doubt([part.conversation for part in missed])
        outcomes = dict(zip(places, judged, strict=True))
        unstored = {id(part) for part in missed}
        for part in parts:
            if id(part) not in unstored:
                known = part.known
                known.head += len(part.placed)
                for each in part.placed:
                    outcomes[each.place] = Outcome(
                        Verdict.STORED,
                        each.role,
                        known.status,
                        each.generation,
                        known.epoch,
                        each.seq,
                        each.row.message_id,
                        at,
                    )
        self._learn([(rows[place], outcome) for place, outcome in zip(places, judged, strict=True)])
        return [outcomes[place] for place in range(len(rows))]

    async def close(self) -> None:
        """Give the connection up."""
        for direct in (self._postgres, self._sqlite):
            if direct is not None:
                await direct.close()

    def _known(self, rows: Sequence[Row]) -> tuple[list[Part], list[int]]:
        """The messages whose senders are known to be let write, and the places of all other rows."""
        parts: dict[int, Part] = {}
        unknown = []
        for place, row in enumerate(rows):
            known = self._knowledge.of(row.conversation) if row.stream is Stream.CONV else None
            role = known.roles.get(row.participant.int) if known is not None else None
            if known is None or role is None:
                unknown.append(place)
                continue
            part = parts.get(row.conversation.int)
            if part is None:
                part = parts[row.conversation.int] = Part(row.conversation, known, [])
            seq = known.head + len(part.placed) + 1
            part.placed.append(Placed(place, row, seq, known.generation, role))
        return list(parts.values()), unknown

    def _learn(self, judged: Sequence[tuple[Row, Outcome]]) -> None:
        found: dict[UUID, tuple[Known, int]] = {}
        for row, outcome in judged:
            if outcome.verdict != Verdict.STORED or row.stream is not Stream.CONV:
                continue
            known, stored = found.get(row.conversation, (_found(outcome), 0))
            known.head = outcome.seq
            known.roles[row.participant.int] = outcome.role
            found[row.conversation] = known, stored + 1
        for conversation, (known, stored) in found.items():
            self._knowledge.learn(conversation, found=known, stored=stored)


def _found(outcome: Outcome) -> Known:
    return Known(outcome.seq, outcome.status, outcome.generation, outcome.epoch, {})


def _left(missed: Sequence[Part], unknown: Sequence[int]) -> list[int]:
    """The places of the rows that must be judged, in their order."""
    return sorted([*unknown, *(each.place for part in missed for each in part.placed)])


def _keys_in_sqlite(connection: sqlite3.Connection, conversations: Sequence[UUID]) -> list[tuple[str, bytes]]:
    return connection.execute(
        "SELECT conversation_id, wrapped FROM conversation_key "
        "WHERE conversation_id IN (SELECT value FROM json_each(?))",
        (json.dumps([conversation.hex for conversation in conversations]),),
    ).fetchall()
