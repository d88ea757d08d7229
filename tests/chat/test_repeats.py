"""A repeat is told again: the connection may have gone between the commit and the word of it."""

from uuid import uuid4

import pytest

from app.db import Database
from app.errors import AppError
from app.events import LogAppended
from app.settings import Settings
from tests.scenes import enter, parents, say, writing


async def test_a_repeat_is_told_as_it_was_stored_and_a_conflict_is_not(
    database: Database, settings: Settings
) -> None:
    told: list[LogAppended] = []
    started = await enter(database, settings)
    place, client_id = await parents(database, started.conversation_id), uuid4()
    database.bus.subscribe(LogAppended, told.append)
    async with writing(database, settings) as writer:
        await say(writer, place, "Are you there?", client_id=client_id)
        assert (await say(writer, place, "Are you there?", client_id=client_id)).duplicate
        first, again = told
        assert (again.seq, again.at, again.wire) == (first.seq, first.at, first.wire)
        with pytest.raises(AppError, match="different message"):
            await say(writer, place, "Something else", client_id=client_id)
    assert len(told) == 2
