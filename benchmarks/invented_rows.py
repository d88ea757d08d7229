"""Rows of invented conversations, straight in the row store: as many as a measurement needs."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert

from app import clock
from app.accounts.models import Role, Staff
from app.content.reading import read_content
from app.content.rules import Codebook
from app.db import Database, migrate, open_database, transaction
from app.export.models import Row, RowGroup
from app.settings import PROJECT, Settings

YEAR = 2026
AT_ONCE = 500
_WORDS = (
    *("we tried again this morning", "she would not get dressed", "he cried when I said school"),
    *("they told us to wait for the assessment", "nobody has called since then", "he sleeps badly"),
    *("I do not know what else to do", "thank you for listening", "that helps a little"),
)


def codebook() -> Codebook:
    """The project's own codebook."""
    return read_content(PROJECT / "content").codebook


@asynccontextmanager
async def row_store(folder: Path) -> AsyncIterator[tuple[Database, Settings]]:
    """An empty, migrated SQLite database in this folder."""
    settings = Settings(database_url=f"sqlite:///{folder / 'earshot.db'}", data_dir=folder)
    await asyncio.to_thread(migrate, settings)
    database = open_database(settings)
    yield database, settings
    await database.engine.dispose()


async def fill(
    database: Database,
    book: Codebook,
    *,
    conversations: int,
    messages: int,
    seed: int,
) -> None:
    """Add so many conversations, each of so many messages; the same seed adds the same."""
    chance = random.Random(seed)  # noqa: S311 (nothing secret is made)
    for start in range(0, conversations, AT_ONCE):
        count = min(AT_ONCE, conversations - start)
        groups = [_group(chance, book) for _ in range(count)]
        rows = [
            {
                "group_id": group["id"],
                "number": number,
                "speaker": "parent" if number % 2 else "coach",
                "text": f"[PERSON_1] {' '.join(chance.choices(_WORDS, k=chance.randint(1, 8)))}",
                "spans": [_span()],
            }
            for group in groups
            for number in range(1, messages + 1)
        ]
        async with transaction(database) as session:
            await session.execute(insert(RowGroup), groups)
            await session.execute(insert(Row), rows)


async def two_people(database: Database) -> tuple[Staff, Staff]:
    """A researcher who asks, and a reviewer who approves."""
    people = [
        Staff(email=f"{role}@example.org", name=f"Wren {role.title()}", role=role, created_at=clock.now())
        for role in (Role.RESEARCHER, Role.REVIEWER)
    ]
    async with transaction(database) as session:
        session.add_all(people)
    return people[0], people[1]


def _group(chance: random.Random, book: Codebook) -> dict[str, object]:
    def one(kind: str, *, said: float = 0.8) -> str | None:
        codes = [code.id for code in book.codes(kind)]
        # The first of each are common and the last are rare, as among families.
        return codes[int(len(codes) * chance.random() ** 2)] if chance.random() < said else None

    topic = one("topic", said=1)
    return {
        "id": UUID(int=chance.getrandbits(128), version=4),
        "month": date(YEAR, chance.randint(1, 12), 1),
        "main_topic": topic,
        "topics": [topic],
        "barriers": [code for code in (one("barrier", said=0.5),) if code],
        "service_gaps": [code for code in (one("service_gap", said=0.3),) if code],
        "disposition": one("disposition", said=1),
        "codebook_version": book.version,
        "redactor_version": "invented",
        "language": "en",
        "age_band": one("age_band"),
        "stage": one("stage"),
        "send": one("send"),
        "attendance": one("attendance"),
        "region": one("region"),
        "simulated": False,
    }


def _span() -> dict[str, object]:
    return {
        "start": 0,
        "end": 10,
        "type": "PERSON",
        "class": "direct",
        "score": 0.9,
        "detector": "names",
        "reason": "a name",
        "doubtful": False,
    }
