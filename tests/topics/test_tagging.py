"""Tagging: who put which code, in which order, under which version of the codebook."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.db import Database, reading, transaction
from app.settings import Settings
from app.topics.actions import tag
from app.topics.models import Tagging
from app.topics.queries import parents_topics
from tests.cast import CARYS
from tests.scenes import content, enter, on_duty


async def _tag(
    database: Database, conversation: UUID, *, kind: str, codes: tuple[str, ...], **more: UUID
) -> None:
    async with transaction(database) as session:
        await tag(
            session, conversation_id=conversation, kind=kind, codes=codes, codebook_version="2026.1", **more
        )


async def test_a_parents_topic_is_kept_apart_from_the_coachs(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    with_topic = (await enter(database, settings, topic="sleep")).conversation_id
    without = (await enter(database, settings)).conversation_id
    await _tag(database, with_topic, kind="topic", codes=("send", "sleep"), staff_id=carys.id)
    async with reading(database) as session:
        assert await parents_topics(session, [with_topic, without]) == {with_topic: "sleep"}
        assert await parents_topics(session, []) == {}
        rows = (
            await session.execute(select(Tagging).order_by(col(Tagging.rank), col(Tagging.code)))
        ).scalars()
        found = [(row.tagged_by, row.code, row.rank, row.staff_id) for row in rows]
    assert sorted(found, key=str) == sorted(
        [("parent", "sleep", 1, None), ("coach", "send", 1, carys.id), ("coach", "sleep", 2, carys.id)],
        key=str,
    )


async def test_the_codebooks_version_stands_beside_every_code(database: Database, settings: Settings) -> None:
    await enter(database, settings, topic="sleep")
    async with reading(database) as session:
        assert (await session.execute(select(col(Tagging.codebook_version)))).scalar_one() == (
            content().codebook.version
        )


@pytest.mark.parametrize("codes", [("sleep", "sleep"), ("a",) * 2])
async def test_one_code_stands_once(database: Database, settings: Settings, codes: tuple[str, ...]) -> None:
    conversation = (await enter(database, settings)).conversation_id
    with pytest.raises(IntegrityError):
        await _tag(database, conversation, kind="topic", codes=codes)


async def test_an_unknown_kind_is_refused_by_the_table(database: Database, settings: Settings) -> None:
    conversation = (await enter(database, settings)).conversation_id
    with pytest.raises(IntegrityError):
        await _tag(database, conversation, kind="mood", codes=("glad",))
