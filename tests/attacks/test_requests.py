"""Requests that no client of ours sends: too long, with NUL, or while the database is away."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db import transaction
from tests.cast import FARID, browser_of, hire_and_sign_in

SIGN_IN = "/api/v1/staff/sign-in"
RUNS = "/api/v1/runs"
CANARY = "quillfeather"


async def test_a_nul_in_an_address_is_nobodys(service: FastAPI) -> None:
    async with browser_of(service) as browser:
        answer = await browser.post(SIGN_IN, json={"email": "a\0@example.org", "password": "x"})
    assert answer.status_code == 401


async def test_a_nul_in_a_purpose_is_left_out(service: FastAPI) -> None:
    farid = await hire_and_sign_in(service.state.database, FARID)
    async with browser_of(service, farid) as browser:
        asked = {"purpose": "What parents\0say about nights", "period": "2026"}
        answer = await browser.post(RUNS, json=asked)
    assert answer.status_code == 201
    assert answer.json()["purpose"] == "What parents say about nights"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_long_is_not_held_in_memory(service: FastAPI, announced: bool) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 65536
            yield b"a" * 65536

    headers = {"Content-Type": "application/json"}
    if announced:
        headers["Content-Length"] = "65536000"
    async with browser_of(service) as browser:
        answer = await browser.post(SIGN_IN, content=endless(), headers=headers)
    assert answer.status_code in (400, 413)
    assert answer.headers["content-security-policy"]


async def test_a_length_that_is_no_number_is_refused(service: FastAPI) -> None:
    async with browser_of(service) as browser:
        answer = await browser.post(SIGN_IN, content=b"{}", headers={"Content-Length": "-1"})
    assert answer.status_code == 413


async def test_a_database_that_fails_is_said_kindly_and_logged_without_words(
    service: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    async with transaction(service.state.database) as session:
        await session.execute(text("ALTER TABLE staff RENAME TO gone"))
    async with browser_of(service) as browser:
        answer = await browser.post(SIGN_IN, json={"email": f"{CANARY}@example.org", "password": "x"})
    assert answer.status_code == 503
    assert answer.json()["next_step"]
    assert answer.headers["retry-after"] == "1"
    logged = capsys.readouterr().err
    assert "request.failed" in logged
    assert CANARY not in logged
    assert "Traceback" not in logged


async def test_advice_is_read_while_the_database_is_away(service: FastAPI) -> None:
    async with transaction(service.state.database) as session:
        await session.execute(text("DROP TABLE article_use"))
    async with browser_of(service) as browser:
        assert (await browser.get("/advice/better-sleep")).status_code == 200
