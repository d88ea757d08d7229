"""What is read of the content's own tables; nothing here writes."""

from datetime import date, timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.content.models import ArticleUse


async def uses_by_article(
    session: AsyncSession, *, first_month: date, last_month: date
) -> dict[tuple[str, str], int]:
    """How often each article was opened in each language, by slug and language, in whole months."""
    after = (last_month + timedelta(days=31)).replace(day=1)
    rows = await session.execute(
        select(col(ArticleUse.slug), col(ArticleUse.language), func.sum(ArticleUse.count))
        .where(col(ArticleUse.day) >= first_month, col(ArticleUse.day) < after)
        .group_by(col(ArticleUse.slug), col(ArticleUse.language))
    )
    return {(slug, language): int(count) for slug, language, count in rows}
