"""Counts of every closed conversation, made once: no text, and nothing that leads back to a person."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.chat.models import Conversation
from app.chat.rules import Origin, Status
from app.db import Database, transaction
from app.export.models import Tallied, Tally
from app.export.periods import month_of
from app.topics.models import Tagging

BATCH = 200
FACTS = ("age_band", "stage", "send", "attendance", "region")

Key = tuple[date, str, str, str, bool]  # month, topic, variable, value, simulated


async def count_closed(database: Database, *, now: datetime) -> int:
    """Count every conversation that closed by `now` and has not been counted; how many these were.

    Each counts once under every one of its topics, their parents, and '' for all; within each, alone and
    under each value of each variable. Safe to run twice at once, and to be killed at any moment.
    """
    waiting = (
        select(Conversation)
        .where(
            col(Conversation.status) == Status.CLOSED,
            col(Conversation.closed_at) <= now,
            ~exists().where(col(Tallied.conversation_id) == col(Conversation.id)),
        )
        .order_by(col(Conversation.id))
        .limit(BATCH)
    )
    counted = 0
    while True:
        async with transaction(database) as session:
            found = list(await session.scalars(waiting))
            mine = await _mark(session, database, [conversation.id for conversation in found])
            await _add(session, database, [c for c in found if c.id in mine])
        counted += len(mine)
        if not found:
            return counted


async def _mark(session: AsyncSession, database: Database, conversations: Sequence[UUID]) -> set[UUID]:
    """Mark these as counted; those that another has not marked in the same moment."""
    if not conversations:
        return set()
    statement = (
        _insert(database)(Tallied)
        .values([{"conversation_id": conversation} for conversation in conversations])
        .on_conflict_do_nothing()
        .returning(col(Tallied.conversation_id))
    )
    return set(await session.scalars(statement))


async def _add(session: AsyncSession, database: Database, conversations: Sequence[Conversation]) -> None:
    if not conversations:
        return
    taggings: dict[UUID, list[Tagging]] = {conversation.id: [] for conversation in conversations}
    for tagging in await session.scalars(
        select(Tagging)
        .where(col(Tagging.conversation_id).in_(taggings), col(Tagging.tagged_by) == "coach")
        .order_by(col(Tagging.conversation_id), col(Tagging.kind), col(Tagging.rank))
    ):
        taggings[tagging.conversation_id].append(tagging)
    counts: Counter[Key] = Counter()
    for conversation in conversations:
        counts.update(_keys(conversation, taggings[conversation.id]))
    # In one order for everybody, so that two counters cannot wait for each other.
    rows = [
        dict(zip(("month", "topic", "variable", "value", "simulated"), key, strict=True), count=count)
        for key, count in sorted(counts.items())
    ]
    for start in range(0, len(rows), 1000):
        insert = _insert(database)(Tally).values(rows[start : start + 1000])
        await session.execute(
            insert.on_conflict_do_update(
                index_elements=["month", "topic", "variable", "value", "simulated"],
                set_={"count": col(Tally.count) + insert.excluded["count"]},
            )
        )


def _keys(conversation: Conversation, taggings: Sequence[Tagging]) -> set[Key]:
    """Everything that one conversation counts under; a fact that was not said counts under the value ''."""
    assert conversation.closed_at is not None
    codes = {
        kind: {t.code for t in taggings if t.kind == kind} for kind in ("topic", "barrier", "service_gap")
    }
    topics = {"", *codes["topic"], *(code.partition("/")[0] for code in codes["topic"])}
    values = {
        ("", ""),
        ("language", conversation.language),
        *((fact, getattr(conversation, fact) or "") for fact in FACTS),
        *(("barrier", code) for code in codes["barrier"]),
        *(("service_gap", code) for code in codes["service_gap"]),
        *(("disposition", t.code) for t in taggings if t.kind == "disposition"),
    }
    month, simulated = month_of(conversation.closed_at), conversation.origin == Origin.SIMULATED
    return {(month, topic, variable, value, simulated) for topic in topics for variable, value in values}


def _insert(database: Database) -> type[sqlite.Insert] | type[postgresql.Insert]:
    """The insert of this database, as both know ON CONFLICT but each in its own dialect."""
    return sqlite.Insert if database.sqlite else postgresql.Insert
