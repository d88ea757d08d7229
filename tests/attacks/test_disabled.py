"""Somebody is shut out from the command line, in another process, while their socket is open."""

import pytest
from fastapi import FastAPI

from app.accounts.actions import disable_staff
from app.db import Database, open_database, transaction
from app.errors import Forbidden
from app.realtime import heartbeat
from app.settings import Settings
from tests.cast import CARYS, open_session
from tests.scenes import claim, enter, on_duty
from tests.talk import pass_for, talking


async def test_their_socket_is_closed_within_seconds(service: FastAPI, settings: Settings) -> None:
    assert heartbeat.SESSIONS_EVERY_S <= 5
    carys = await on_duty(service.state.database, CARYS)
    token = await pass_for(service, await open_session(service.state.database, carys))
    async with talking(service, token) as coach:
        elsewhere = open_database(settings)  # whose events nobody here hears
        async with transaction(elsewhere) as session:
            await disable_staff(session, staff_id=carys.id)
        await elsewhere.engine.dispose()
        assert await coach.close_code() == 4004


async def test_they_claim_nobody_until_then(database: Database, settings: Settings) -> None:
    carys = await on_duty(database, CARYS)
    waiting = await enter(database, settings)
    async with transaction(database) as session:
        await disable_staff(session, staff_id=carys.id)
    with pytest.raises(Forbidden):
        await claim(database, carys, waiting.conversation_id)
