"""What a decision looks at is what the rules would choose from the whole queue."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col

from app import clock
from app.db import Database, reading, transaction
from app.queue import candidates
from app.queue.models import QueueEntry
from app.queue.rules import LANGUAGE_WAIT, Coach, Turn, misfit_of, wish_of
from app.settings import Settings
from tests.scenes import enter


@pytest.mark.parametrize("languages", [("en",), ("cy",), ("cy", "en")])
async def test_for_a_language_the_first_are_those_whom_its_speakers_may_take(
    database: Database, settings: Settings, languages: tuple[str, ...]
) -> None:
    now = clock.now()
    ages = (timedelta(), LANGUAGE_WAIT - timedelta(seconds=1), LANGUAGE_WAIT)
    for language, turn, age in product(("en", "cy"), (Turn.HIGH_RISK, Turn.ORDINARY, Turn.MESSAGE), ages):
        conversation = (await enter(database, settings, language=language)).conversation_id
        async with transaction(database) as session:
            await session.execute(
                update(QueueEntry)
                .where(col(QueueEntry.conversation_id) == conversation)
                .values(turn=turn, entered_at=now - age)
            )
    async with reading(database) as session:
        everybody = await candidates.head_of_queue(session, now=now)
        found = await candidates.head_of_queue(session, now=now, languages=languages)
    assert len(everybody) == 18
    speaker = Coach(UUID(int=1), languages, now)
    assert found == [each for each in everybody if misfit_of(wish_of(each, now), speaker) is None]
    assert len(found) == (18 if len(languages) == 2 else 14)
