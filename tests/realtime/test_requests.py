"""What is asked over HTTP instead of a socket: one message, one frame, cursors."""

import json
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app import clock
from app.settings import Settings
from tests.cast import Parent, SignedIn, browser_of
from tests.scenes import enter
from tests.talk import running, talking
from tests.talk_http import parent_of


async def _post(
    app: FastAPI, who: Parent | SignedIn, body: object, *, key: str | None = None
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    async with browser_of(app, who) as browser:
        return await browser.post("/rt/v1/messages", json=body, headers=headers)


async def test_a_message_is_stored_once_and_says_whether_it_was_new(settings: Settings) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        said, key = {"s": f"conv:{alys.conversation}", "body": "He will not go."}, str(uuid4())
        first, again = await _post(app, alys, said, key=key), await _post(app, alys, said, key=key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() | {"duplicate": True} == again.json()
        other = await _post(app, alys, said | {"body": "Something else"}, key=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        async with talking(app, alys.token) as socket:
            view = await socket.caught_up(f"conv:{alys.conversation}", 2)
            assert [event["d"].get("body") for event in view.events] == [None, "He will not go."]


@pytest.mark.parametrize(
    ("said", "key", "status", "code"),
    [
        ({"body": "x" * 4001}, "{new}", 413, "too_large"),
        ({"body": " "}, "{new}", 422, "bad_request"),
        ({"body": "Hello"}, None, 422, "bad_request"),
        ({"body": "Hello"}, "7", 422, "bad_request"),
        ({"body": "Hello", "extra": 1}, "{new}", 422, "bad_request"),
        ({"body": "Hello", "s": "me"}, "{new}", 422, "bad_request"),
        ({"body": "Hello", "s": "conv:7"}, "{new}", 422, "bad_request"),
        ({"body": "zebra" * 14_000}, "{new}", 413, "too_large"),
    ],
    ids=["long", "empty", "no key", "no uuid", "unknown field", "another stream", "no stream", "huge"],
)
async def test_what_is_no_message_is_refused_in_words(
    settings: Settings, said: dict[str, object], key: str | None, status: int, code: str
) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        body = {"s": f"conv:{alys.conversation}"} | said
        refused = await _post(app, alys, body, key=str(uuid4()) if key == "{new}" else key)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert "zebra" not in refused.text


async def test_the_pace_is_one_over_socket_and_http(settings: Settings) -> None:
    few = settings.limits.model_copy(update={"parent_messages_per_minute": 3})
    async with running(settings.model_copy(update={"limits": few})) as app:
        alys = parent_of(await enter(app.state.database, settings))
        name = f"conv:{alys.conversation}"
        async with talking(app, alys.token) as socket:
            for _ in range(2):
                data = {"client_message_id": str(uuid4()), "body": "Hello"}
                assert (await socket.ask("message.post", s=name, **data))["t"] == "ok"
        said = {"s": name, "body": "Hello"}
        answers = [await _post(app, alys, said, key=str(uuid4())) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 429]
        assert answers[1].json()["code"] == "rate_limited"
        assert int(answers[1].headers["retry-after"]) > 0


async def test_a_flood_of_requests_is_told_to_come_back_later(settings: Settings) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        async with browser_of(app, alys) as browser:
            assert (await browser.post("/rt/v1/frames", json={"t": "pong"})).json()["close"] is None
            pace = app.state.realtime.requests[alys.conversation]
            while pace.take(clock.monotonic()) is None:
                pass
            told = await browser.post("/rt/v1/frames", json={"t": "pong"})
        assert told.json() == {"frames": [], "close": 4005, "reason": ""}


@pytest.mark.parametrize("sent", [b"{", b"\xff", b"[" * 50_000, b'{"t":"zap","id":"1"}', b'{"t":"hello"}'])
async def test_what_is_no_frame_is_answered_as_on_the_socket(settings: Settings, sent: bytes) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        async with browser_of(app, alys) as browser:
            told = (await browser.post("/rt/v1/frames", content=sent)).json()
        assert [frame["d"]["code"] for frame in told["frames"]] == ["bad_request"]


@pytest.mark.parametrize(
    "cursors", ["7", "{", '{"conv:9f":{"epoch":"k"}}', json.dumps(dict.fromkeys(range(65)))]
)
async def test_what_are_no_cursors_is_refused(settings: Settings, cursors: str) -> None:
    async with running(settings) as app:
        alys = parent_of(await enter(app.state.database, settings))
        async with browser_of(app, alys) as browser:
            path = f"/rt/v1/events?conn={uuid4()}"
            refused = await browser.get(path, headers={"Last-Event-ID": cursors})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_request")
