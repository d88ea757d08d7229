"""Tables of the content."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel


class ArticleUse(SQLModel, table=True):
    """How often an article was opened on a day: a count, and nothing about who."""

    __tablename__ = "article_use"
    __table_args__ = (CheckConstraint("count >= 0", name="count"),)

    slug: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    count: int
