"""Access is the query: over every conversation, each person reaches their own and nobody else's."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.accounts.models import Staff
from app.chat.access import parent_place, places_of, staff_place
from app.chat.actions import leave, mark_read
from app.chat.models import Participant
from app.db import Database, reading, transaction
from app.errors import NotFound
from app.settings import Settings
from tests.cast import CARYS, DEWI
from tests.scenes import claim, end, enter, on_duty, parents


async def _reaches(database: Database, staff: Staff, conversation: UUID) -> bool:
    async with reading(database) as session:
        listed = {place.conversation.id for place in await places_of(session, staff_id=staff.id)}
        try:
            await staff_place(session, staff_id=staff.id, conversation_id=conversation)
        except NotFound:
            assert conversation not in listed
            return False
        return True


async def test_only_the_owner_reaches_a_conversation(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    conversation = (await enter(database, settings)).conversation_id
    assert not await _reaches(database, carys, conversation), "nobody owns what waits"
    await claim(database, carys, conversation)
    assert await _reaches(database, carys, conversation)
    assert not await _reaches(database, dewi, conversation)
    await end(database, settings, await parents(database, conversation))
    assert await _reaches(database, carys, conversation), "wrapping up is part of it"
    async with transaction(database) as session:
        await leave(session, conversation_id=conversation)
    assert not await _reaches(database, carys, conversation)


async def test_a_stale_generation_reaches_nothing(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    async with transaction(database) as session:
        await session.execute(text("UPDATE conversation SET generation = generation + 1"))
    assert not await _reaches(database, carys, conversation)


async def test_what_does_not_exist_is_not_found(database: Database) -> None:
    async with reading(database) as session:
        with pytest.raises(NotFound) as refused:
            await parent_place(session, uuid4())
    assert refused.value.next_step


async def test_read_cursors_only_move_forward(database: Database, settings: Settings) -> None:
    place = await parents(database, (await enter(database, settings)).conversation_id)
    for up_to, wanted in ((3, 3), (1, 3), (5, 5), (0, 5)):
        async with transaction(database) as session:
            await mark_read(session, read={place.participant.id: up_to, uuid4(): 9})
        async with reading(database) as session:
            found = await session.get(Participant, place.participant.id)
            assert found is not None
            assert found.read_up_to == wanted
