"""A coach tries to become the parent."""

from uuid import UUID, uuid4

from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from app.chat.models import LogEntry
from app.db import reading
from tests.cast import CARYS, browser_of, open_session
from tests.scenes import claim, on_duty
from tests.talk import pass_for, talking

PATH = "/api/v1/conversations"


async def test_what_a_coach_sees_of_the_first_message_gets_no_token(service: FastAPI) -> None:
    """`start_id` gets a token for its conversation, so nothing that staff are shown may be one."""
    database = service.state.database
    asked = {"start_id": str(uuid4()), "first_message": "He will not sleep"}
    async with browser_of(service) as browser:
        conversation = (await browser.post(PATH, json=asked)).json()["conversation"]
    carys = await on_duty(database, CARYS)
    await claim(database, carys, UUID(conversation))
    token = await pass_for(service, await open_session(database, carys))
    async with talking(service, token) as coach:
        view = await coach.caught_up(f"conv:{conversation}", 2)
        seen = next(event["d"] for event in view.events if event["k"] == "message.posted")
    async with browser_of(service) as browser:
        for shown in (seen["client_message_id"], seen["message_id"]):
            answer = await browser.post(PATH, json={"start_id": shown})
            assert answer.json()["conversation"] != conversation


async def test_no_stored_id_is_the_start_id(service: FastAPI) -> None:
    start_id = uuid4()
    async with browser_of(service) as browser:
        asked = {"start_id": str(start_id), "first_message": "He will not sleep"}
        assert (await browser.post(PATH, json=asked)).status_code == 201
    async with reading(service.state.database) as session:
        stored = (
            await session.execute(select(col(LogEntry.client_message_id), col(LogEntry.message_id)))
        ).all()
    assert start_id not in {known for row in stored for known in row}
