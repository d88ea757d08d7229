"""Each use of an article adds one to a counter of the day, on both databases."""

import asyncio
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.content.actions import count_use
from app.content.models import ArticleUse
from app.db import Database, reading, transaction

DAY = date(2026, 11, 2)


async def counters(database: Database) -> dict[tuple[str, str, date], int]:
    async with reading(database) as session:
        uses = (await session.execute(select(ArticleUse))).scalars()
        return {(use.slug, use.language, use.day): use.count for use in uses}


async def test_uses_add_up_by_article_language_and_day(database):
    later = date(2026, 11, 3)
    for slug, language, day in (("a", "en", DAY), ("a", "en", DAY), ("a", "cy", DAY), ("a", "en", later)):
        async with transaction(database) as session:
            await count_use(session, slug=slug, language=language, day=day)
    assert await counters(database) == {("a", "en", DAY): 2, ("a", "cy", DAY): 1, ("a", "en", later): 1}


async def test_no_use_is_lost_when_many_read_at_once(database):
    async def read() -> None:
        async with transaction(database) as session:
            await count_use(session, slug="a", language="en", day=DAY)

    await asyncio.gather(*(read() for _ in range(25)))
    assert await counters(database) == {("a", "en", DAY): 25}


async def test_a_counter_never_goes_below_nothing(database):
    with pytest.raises(IntegrityError):
        async with transaction(database) as session:
            session.add(ArticleUse(slug="a", language="en", day=DAY, count=-1))
