"""Counts the use of articles."""

from datetime import date

from sqlalchemy import Date, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

COUNT_USE = text(
    "INSERT INTO article_use (slug, language, day, count) VALUES (:slug, :language, :day, 1) "
    "ON CONFLICT (slug, language, day) DO UPDATE SET count = article_use.count + 1"
).bindparams(bindparam("day", type_=Date))


async def count_use(session: AsyncSession, *, slug: str, language: str, day: date) -> None:
    """Add one to the article's counter of that day; nothing is kept about who read it."""
    await session.execute(COUNT_USE, {"slug": slug, "language": language, "day": day})
