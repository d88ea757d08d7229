"""Staff over HTTP: signing in and out, the cookie and its CSRF token, roles, one-time links, passwords."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
import pytest
import time_machine
from fastapi import Depends, FastAPI

from app.accounts import actions
from app.accounts.access import COOKIE, require
from app.accounts.models import Role, StaffSession
from app.accounts.rules import FIRST_SIGN_IN, Viewer
from app.db import reading, transaction
from tests.cast import (
    CARYS,
    DEWI,
    ORIGIN,
    PASSWORD,
    STAFF,
    Person,
    SignedIn,
    arrive,
    browser_of,
    hire,
    hire_and_sign_in,
    open_session,
)

NEW_PASSWORD = "nine lanterns by the canal"
MOMENT = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)  # the clocks go forward that night
STAFF_POSTS = ("sign-out", "password", "socket-pass")


async def sign_in(
    browser: httpx.AsyncClient, email: str = CARYS.email, password: str = PASSWORD
) -> httpx.Response:
    return await browser.post("/api/v1/staff/sign-in", json={"email": email, "password": password})


async def invite(service: FastAPI, person: Person = CARYS) -> str:
    async with transaction(service.state.database) as session:
        _, link = await actions.add_staff(session, email=person.email, name=person.name, role=person.role)
    return link


async def me(service: FastAPI, who: SignedIn) -> httpx.Response:
    async with browser_of(service, who) as browser:
        return await browser.get("/api/v1/staff/me")


async def test_sign_in_gives_a_strict_cookie_and_a_csrf_token(service: FastAPI) -> None:
    staff = await hire(service.state.database, CARYS)
    async with browser_of(service) as browser:
        answer = await sign_in(browser, email="  CARYS@example.org")
        assert answer.status_code == 200
        assert answer.json()["staff"] == {
            "id": str(staff.id),
            "name": "Carys Vane",
            "role": "coach",
            "email": "carys@example.org",
            "languages": ["cy", "en"],
        }
        name, *flags = answer.headers["set-cookie"].split("; ")
        assert name.startswith("__Host-earshot=")
        assert {flag.lower() for flag in flags} == {"secure", "httponly", "samesite=strict", "path=/"}
        assert answer.headers["cache-control"] == "no-store"
        again = await browser.get("/api/v1/staff/me")
    assert again.json() == answer.json()


async def test_every_failed_sign_in_gets_the_same_answer(service: FastAPI) -> None:
    database = service.state.database
    await hire(database, CARYS)
    dewi = await hire(database, DEWI)
    await invite(service, STAFF[-1])  # has not set a password yet
    async with transaction(database) as session:
        await actions.disable_staff(session, staff_id=dewi.id)
    async with browser_of(service) as browser:
        answers = [
            await sign_in(browser, password=PASSWORD + "!"),
            await sign_in(browser, email="nobody@example.org"),
            await sign_in(browser, email=DEWI.email),
            await sign_in(browser, email=STAFF[-1].email),
            await sign_in(browser, password=""),
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "unauthorized"
    assert answers[0].json()["next_step"]
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_sign_in_is_limited_for_each_address(service: FastAPI) -> None:
    await hire(service.state.database, CARYS)
    allowed = service.state.settings.limits.sign_ins_per_minute
    async with browser_of(service) as browser, browser_of(service, address="192.0.2.2") as other:
        tries = await asyncio.gather(*(sign_in(browser, email="x@example.org") for _ in range(allowed + 3)))
        refused = [answer for answer in tries if answer.status_code == 429]
        assert len(refused) == 3
        assert refused[0].json()["code"] == "rate_limited"
        assert 0 < refused[0].json()["retry_ms"] <= 60_001
        assert int(refused[0].headers["retry-after"]) <= 61
        assert (await sign_in(browser)).status_code == 429
        assert (await sign_in(other)).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "../..", "é", "0" * 4000])
async def test_without_a_live_session_nothing_opens(service: FastAPI, cookie: str) -> None:
    headers = {"Cookie": f"{COOKIE}={cookie}".encode()}
    async with browser_of(service) as browser:
        assert (await browser.get("/api/v1/staff/me")).status_code == 401
        answer = await browser.get("/api/v1/staff/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        for path in STAFF_POSTS:
            answer = await browser.post(f"/api/v1/staff/{path}", headers=headers, json={})
            assert answer.status_code == 401


@pytest.mark.parametrize("path", STAFF_POSTS)
async def test_what_changes_something_needs_the_sessions_own_csrf_token(service: FastAPI, path: str) -> None:
    carys = await hire_and_sign_in(service.state.database, CARYS)
    dewi = await hire_and_sign_in(service.state.database, DEWI)
    body = {"old": PASSWORD, "new": NEW_PASSWORD} if path == "password" else None
    async with browser_of(service, carys) as browser, browser_of(service, dewi) as other:
        right = browser.headers.pop("X-CSRF-Token")
        for wrong in (None, "", "x", "é", right[:-1], right.upper(), other.headers["X-CSRF-Token"]):
            headers = {} if wrong is None else {"X-CSRF-Token": wrong.encode()}
            answer = await browser.post(f"/api/v1/staff/{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await browser.get("/api/v1/staff/me")).status_code == 200
        answer = await browser.post(f"/api/v1/staff/{path}", json=body, headers={"X-CSRF-Token": right})
        assert answer.is_success


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (ORIGIN, True),
        ("http://127.0.0.1:8000", True),
        ("https://TESTSERVER", True),
        ("null", False),
        ("https://testserver.example.org", False),
        ("https://nottestserver", False),
        ("https://testserver:8443", False),
        ("https://example.org", False),
        ("", False),
    ],
)
async def test_other_sites_can_have_nothing_sent(service: FastAPI, origin: str, allowed: bool) -> None:
    carys = await hire_and_sign_in(service.state.database, CARYS)
    headers = {"Origin": origin}
    async with browser_of(service, carys) as browser:
        passed = await browser.post("/api/v1/staff/socket-pass", headers=headers)
        entered = await browser.post(
            "/api/v1/staff/sign-in", json={"email": CARYS.email, "password": PASSWORD}, headers=headers
        )
        linked = await browser.post(
            "/api/v1/staff/first-sign-in", json={"token": "x", "password": NEW_PASSWORD}, headers=headers
        )
    expected = (201, 200, 401) if allowed else (403, 403, 403)
    assert (passed.status_code, entered.status_code, linked.status_code) == expected


async def test_sign_out_ends_the_session_and_takes_the_cookie_back(service: FastAPI) -> None:
    carys = await hire_and_sign_in(service.state.database, CARYS)
    async with browser_of(service, carys) as browser:
        answer = await browser.post("/api/v1/staff/sign-out")
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await me(service, carys)).status_code == 401


async def test_each_role_enters_where_it_may_and_nowhere_else(service: FastAPI) -> None:
    async def answer(viewer: Annotated[Viewer, Depends(require(Role.SUPERVISOR, Role.REVIEWER))]) -> str:
        return viewer.name

    service.add_api_route("/for-two-roles", answer)
    for person in STAFF:
        signed_in = await hire_and_sign_in(service.state.database, person)
        async with browser_of(service, signed_in) as browser:
            found = await browser.get("/for-two-roles")
        may = person.role in (Role.SUPERVISOR, Role.REVIEWER)
        assert found.status_code == (200 if may else 403)
        assert may or found.json()["code"] == "forbidden"
    parent = await arrive(service.state.database, service.state.settings)
    async with browser_of(service) as stranger, browser_of(service, parent) as alys:
        assert (await stranger.get("/for-two-roles")).status_code == 401
        assert (await alys.get("/for-two-roles")).status_code == 401


async def test_a_one_time_link_sets_the_password_and_signs_in_once(service: FastAPI) -> None:
    asked = {"token": await invite(service), "password": NEW_PASSWORD}
    async with browser_of(service) as browser, browser_of(service) as other:
        answer = await browser.post("/api/v1/staff/first-sign-in", json=asked)
        assert answer.status_code == 200
        assert answer.json()["staff"]["email"] == CARYS.email
        assert (await browser.get("/api/v1/staff/me")).json() == answer.json()
        again = await other.post("/api/v1/staff/first-sign-in", json=asked)
        assert (again.status_code, again.json()["code"]) == (401, "unauthorized")
        assert (await sign_in(other, password=NEW_PASSWORD)).status_code == 200


async def test_a_weak_password_does_not_use_the_link_up(service: FastAPI) -> None:
    link = await invite(service)
    async with browser_of(service) as browser:
        for weak in ("short", "passwordpassword", "carys@example.org"):
            answer = await browser.post("/api/v1/staff/first-sign-in", json={"token": link, "password": weak})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
            assert weak not in answer.text
        answer = await browser.post(
            "/api/v1/staff/first-sign-in", json={"token": link, "password": NEW_PASSWORD}
        )
        assert answer.status_code == 200


async def test_a_late_or_malformed_link_opens_nothing(service: FastAPI) -> None:
    with time_machine.travel(MOMENT) as travel:
        link = await invite(service)
        travel.shift(FIRST_SIGN_IN)
        async with browser_of(service) as browser:
            for token in (link, "", "no-such-link", "é"):
                answer = await browser.post(
                    "/api/v1/staff/first-sign-in", json={"token": token, "password": NEW_PASSWORD}
                )
                assert answer.status_code == 401
                assert answer.json()["next_step"] == "Ask a manager for a new sign-in link."


async def test_change_of_password_ends_the_other_sessions(service: FastAPI) -> None:
    staff = await hire(service.state.database, CARYS)
    here = await open_session(service.state.database, staff)
    there = await open_session(service.state.database, staff)
    async with browser_of(service, here) as browser:
        wrong = await browser.post("/api/v1/staff/password", json={"old": NEW_PASSWORD, "new": NEW_PASSWORD})
        assert (wrong.status_code, wrong.json()["message"]) == (422, "The old password is wrong.")
        weak = await browser.post("/api/v1/staff/password", json={"old": PASSWORD, "new": "short"})
        assert weak.status_code == 422
        assert (await me(service, there)).status_code == 200
        changed = await browser.post("/api/v1/staff/password", json={"old": PASSWORD, "new": NEW_PASSWORD})
        assert changed.status_code == 204
    assert (await me(service, here)).status_code == 200
    assert (await me(service, there)).status_code == 401
    async with browser_of(service) as browser:
        assert (await sign_in(browser)).status_code == 401
        assert (await sign_in(browser, password=NEW_PASSWORD)).status_code == 200


async def test_socket_pass_names_the_viewer_once(service: FastAPI) -> None:
    carys = await hire_and_sign_in(service.state.database, CARYS)
    async with browser_of(service, carys) as browser:
        token = (await browser.post("/api/v1/staff/socket-pass")).json()["token"]
    async with transaction(service.state.database) as session:
        assert await actions.use_socket_pass(session, token) == carys.viewer
    async with transaction(service.state.database) as session:
        assert await actions.use_socket_pass(session, token) is None


async def test_a_session_in_use_lives_twelve_hours_and_an_idle_one_two(service: FastAPI) -> None:
    with time_machine.travel(MOMENT) as travel:
        used = await hire_and_sign_in(service.state.database, CARYS)
        idle = await hire_and_sign_in(service.state.database, DEWI)
        for _ in range(7):
            travel.shift(timedelta(minutes=100))
            assert (await me(service, used)).status_code == 200
        assert (await me(service, idle)).status_code == 401
        travel.shift(timedelta(minutes=20))
        assert (await me(service, used)).status_code == 401


async def test_use_of_a_session_is_written_down_once_a_minute_at_most(service: FastAPI) -> None:
    async def seen_at(who: SignedIn) -> datetime:
        async with reading(service.state.database) as session:
            found = await session.get(StaffSession, who.viewer.session_id)
        assert found is not None
        return found.seen_at

    with time_machine.travel(MOMENT, tick=False) as travel:
        carys = await hire_and_sign_in(service.state.database, CARYS)
        travel.shift(59)
        await me(service, carys)
        assert await seen_at(carys) == MOMENT
        travel.shift(1)
        await me(service, carys)
        assert await seen_at(carys) == MOMENT + timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        {"email": CARYS.email, "password": "a-very-secret-password", "remember": True},
        {"email": CARYS.email, "password": "a-very-secret-password" * 30},
        {"email": "a-very-secret-password" * 30, "password": PASSWORD},
        {"password": ["a-very-secret-password"], "email": CARYS.email},
        ["a-very-secret-password"],
    ],
)
async def test_a_wrong_request_is_refused_without_repeating_it(service: FastAPI, body: object) -> None:
    async with browser_of(service) as browser:
        answer = await browser.post("/api/v1/staff/sign-in", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert "a-very-secret-password" not in answer.text
