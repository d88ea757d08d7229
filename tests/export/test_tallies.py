"""Tallies: every closed conversation once, under all its topics and values."""

import asyncio

from sqlalchemy import delete, select
from sqlmodel import col

from app.chat.models import Conversation
from app.db import Database, reading, transaction
from app.export.models import Tally
from app.export.tallies import count_closed
from tests.export.conversations import NOW, add_closed


async def tallied(database: Database) -> dict[tuple[str, str, str], int]:
    async with reading(database) as session:
        found = list(await session.scalars(select(Tally).where(col(Tally.simulated).is_(False))))
    return {(tally.topic, tally.variable, tally.value): tally.count for tally in found}


async def test_a_conversation_counts_under_its_topics_their_parents_and_all(database: Database) -> None:
    await add_closed(
        database,
        consent=False,
        topics=["school-attendance/school-refusal", "school-attendance/fines", "sleep"],
        barriers=["bullying", "covid-19"],
        service_gaps=["waiting-list"],
        age_band="8-10",
    )
    await add_closed(database, consent=False, topics=["sleep"])
    await add_closed(database, consent=False, status="abandoned")
    assert await count_closed(database, now=NOW) == 2
    counts = await tallied(database)
    assert counts["", "", ""] == 2
    assert counts["sleep", "", ""] == 2
    assert counts["school-attendance", "", ""] == 1
    assert counts["school-attendance/fines", "barrier", "bullying"] == 1
    assert counts["", "age_band", "8-10"] == counts["", "age_band", ""] == 1
    assert counts["sleep", "service_gap", "waiting-list"] == 1
    assert counts["", "disposition", "advice-given"] == 2
    assert counts["sleep", "language", "en"] == 2


async def test_counting_again_and_at_once_counts_nothing_twice(database: Database) -> None:
    for _ in range(5):
        await add_closed(database)
    counted = await asyncio.gather(*(count_closed(database, now=NOW) for _ in range(4)))
    assert sum(counted) == 5
    await add_closed(database)
    assert await count_closed(database, now=NOW) == 1
    assert (await tallied(database))["", "", ""] == 6


async def test_counts_stay_when_conversations_go(database: Database) -> None:
    await add_closed(database)
    await count_closed(database, now=NOW)
    async with transaction(database) as session:
        await session.execute(delete(Conversation))
    assert (await tallied(database))["", "", ""] == 1


async def test_simulated_conversations_are_counted_apart(database: Database) -> None:
    await add_closed(database, origin="simulated")
    assert await count_closed(database, now=NOW) == 1
    assert await tallied(database) == {}
