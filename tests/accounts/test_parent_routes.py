"""Parents over HTTP: their token, their return code, their consent, and nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.accounts import actions
from app.audit import AuditEntry
from app.db import metadata, reading, transaction
from tests.cast import CARYS, Parent, SignedIn, arrive, browser_of, hire_and_sign_in

ROUTES = (("POST", "return-code"), ("GET", "consent"), ("PUT", "consent"))


def wording(service: FastAPI) -> str:
    version: str = service.state.content.notices.consent.version
    return version


async def newcomer(service: FastAPI) -> Parent:
    return await arrive(service.state.database, service.state.settings)


async def ask(browser: httpx.AsyncClient, method: str, parent: Parent, what: str) -> httpx.Response:
    body = {"research": False} if method == "PUT" else None
    return await browser.request(method, f"/api/v1/conversations/{parent.conversation}/{what}", json=body)


async def code_of(service: FastAPI, parent: Parent) -> str:
    async with browser_of(service, parent) as browser:
        answer = await ask(browser, "POST", parent, "return-code")
    assert answer.status_code == 201
    code: str = answer.json()["code"]
    return code


@asynccontextmanager
async def device(service: FastAPI, address: str = "198.51.100.7") -> AsyncIterator[httpx.AsyncClient]:
    """Another device of a parent, with nothing on it."""
    async with browser_of(service, address=address) as browser:
        yield browser


@pytest.mark.parametrize(("method", "what"), ROUTES)
async def test_a_parents_token_opens_their_own_conversation_and_no_other(
    service: FastAPI, method: str, what: str
) -> None:
    alys, bron = await newcomer(service), await newcomer(service)
    nowhere = Parent(conversation=uuid4(), token=bron.token)
    async with browser_of(service, alys) as browser:
        assert (await ask(browser, method, alys, what)).is_success
        answers = [await ask(browser, method, bron, what), await ask(browser, method, nowhere, what)]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "not_found"


@pytest.mark.parametrize(("method", "what"), ROUTES)
async def test_without_a_live_token_nothing_opens(service: FastAPI, method: str, what: str) -> None:
    alys = await newcomer(service)
    carys = await hire_and_sign_in(service.state.database, CARYS)
    url = f"/api/v1/conversations/{alys.conversation}/{what}"
    body = {"research": False} if method == "PUT" else None
    shown = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {alys.token[:-1]}",
        f"Bearer {alys.token} x",
        f"Basic {alys.token}",
        alys.token,
        f"Bearer {carys.token}",
        "Bearer é",
    ]
    async with browser_of(service) as browser, browser_of(service, carys) as coach:
        for header in shown:
            answer = await browser.request(method, url, json=body, headers={"Authorization": header.encode()})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert (await coach.request(method, url, json=body)).status_code == 401
        assert (await browser.request(method, f"{url}?token={alys.token}", json=body)).status_code == 401
    async with transaction(service.state.database) as session:
        await actions.revoke_parent_tokens(session, conversation_id=alys.conversation, actor="operator")
    async with browser_of(service, alys) as browser:
        assert (await ask(browser, method, alys, what)).status_code == 401


async def test_a_malformed_conversation_is_a_clear_error(service: FastAPI) -> None:
    alys = await newcomer(service)
    async with browser_of(service, alys) as browser:
        answer = await browser.get("/api/v1/conversations/not-a-uuid/consent")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


async def test_a_return_code_resumes_on_another_device(service: FastAPI) -> None:
    alys = await newcomer(service)
    code = await code_of(service, alys)
    async with device(service) as other:
        answer = await other.post("/api/v1/return", json={"code": code.title().replace(" ", " - ")})
    assert answer.status_code == 200
    resumed = Parent(conversation=alys.conversation, token=answer.json()["token"])
    assert answer.json()["conversation"] == str(alys.conversation)
    assert resumed.token != alys.token
    for parent in (alys, resumed):
        async with browser_of(service, parent) as browser:
            assert (await ask(browser, "GET", parent, "consent")).status_code == 200
    newer = await code_of(service, resumed)
    async with device(service) as other:
        assert (await other.post("/api/v1/return", json={"code": code})).status_code == 404
        assert (await other.post("/api/v1/return", json={"code": newer})).status_code == 200


async def test_a_return_code_works_again_and_every_device_stays_open(service: FastAPI) -> None:
    alys = await newcomer(service)
    code, devices = await code_of(service, alys), [alys]
    for number in (1, 2):
        async with device(service, f"203.0.113.{number}") as other:
            answer = (await other.post("/api/v1/return", json={"code": code})).json()
        devices.append(Parent(conversation=UUID(answer["conversation"]), token=answer["token"]))
    assert {each.conversation for each in devices} == {alys.conversation}
    assert len({each.token for each in devices}) == 3
    for parent in devices:
        async with browser_of(service, parent) as browser:
            assert (await ask(browser, "GET", parent, "consent")).status_code == 200
    async with reading(service.state.database) as session:
        used = await session.scalars(select(AuditEntry).where(AuditEntry.action == "return_code.used"))
        assert [entry.subject for entry in used] == [f"conversation:{alys.conversation}"] * 2


async def test_wrong_codes_are_limited_and_right_ones_are_not(service: FastAPI) -> None:
    code = await code_of(service, await newcomer(service))
    wrong = {"code": "acorn acorn acorn acorn"}
    async with device(service) as browser, device(service, "203.0.113.9") as other:
        for _ in range(12):
            assert (await browser.post("/api/v1/return", json={"code": code})).status_code == 200
        for _ in range(4):
            answer = await browser.post("/api/v1/return", json=wrong)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await browser.post("/api/v1/return", json={"code": "three short words"})).status_code == 422
        answer = await browser.post("/api/v1/return", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.json()["retry_ms"] > 0
        assert (await browser.post("/api/v1/return", json={"code": code})).status_code == 429
        assert (await other.post("/api/v1/return", json={"code": code})).status_code == 200


async def test_wrong_codes_are_limited_over_all_addresses(service: FastAPI) -> None:
    code = await code_of(service, await newcomer(service))
    allowed = service.state.settings.limits.return_codes_per_minute_in_all
    for number in range(allowed):
        async with device(service, f"203.0.113.{number}") as browser:
            answer = await browser.post("/api/v1/return", json={"code": "acorn acorn acorn acorn"})
            assert answer.status_code == 404
    async with device(service, "192.0.2.200") as browser:
        assert (await browser.post("/api/v1/return", json={"code": code})).status_code == 429


async def test_consent_is_off_until_given_to_the_present_wording(service: FastAPI) -> None:
    alys = await newcomer(service)
    url = f"/api/v1/conversations/{alys.conversation}/consent"
    never = {"research": False, "consent_version": None, "given_at": None, "withdrawn_at": None}
    async with browser_of(service, alys) as browser:
        assert (await browser.get(url)).json() == never
        assert (await browser.put(url, json={"research": False})).json() == never
        for body in ({"research": True}, {"research": True, "consent_version": "1999-1"}):
            stale = await browser.put(url, json=body)
            assert (stale.status_code, stale.json()["code"]) == (409, "bad_request")
        assert (await browser.get(url)).json() == never
        given = await browser.put(url, json={"research": True, "consent_version": wording(service)})
        assert given.status_code == 200
        assert (await browser.get(url)).json() == given.json()
    answer = given.json()
    assert answer["research"] is True
    assert answer["consent_version"] == wording(service)
    assert answer["given_at"].endswith("Z")
    assert answer["withdrawn_at"] is None


async def test_consent_is_withdrawn_with_nothing_but_the_return_code(service: FastAPI) -> None:
    alys = await newcomer(service)
    url = f"/api/v1/conversations/{alys.conversation}/consent"
    async with browser_of(service, alys) as browser:
        await browser.put(url, json={"research": True, "consent_version": wording(service)})
    code = await code_of(service, alys)
    async with device(service) as other:
        token = (await other.post("/api/v1/return", json={"code": code})).json()["token"]
        withdrawn = await other.put(
            url, json={"research": False}, headers={"Authorization": f"Bearer {token}"}
        )
    assert withdrawn.json()["research"] is False
    assert withdrawn.json()["withdrawn_at"] is not None
    async with browser_of(service, alys) as browser:
        assert (await browser.get(url)).json() == withdrawn.json()


async def test_unforeseen_fields_are_refused(service: FastAPI) -> None:
    alys = await newcomer(service)
    async with browser_of(service, alys) as browser:
        for method, path, body in (
            ("PUT", f"conversations/{alys.conversation}/consent", {"research": False, "marketing": True}),
            ("PUT", f"conversations/{alys.conversation}/consent", {}),
            ("POST", "return", {"code": "acorn acorn acorn acorn", "conversation": str(alys.conversation)}),
            ("POST", "return", {"code": "acorn " * 100}),
        ):
            answer = await browser.request(method, f"/api/v1/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


async def test_no_token_or_code_is_stored_in_the_clear(service: FastAPI) -> None:
    alys = await newcomer(service)
    carys: SignedIn = await hire_and_sign_in(service.state.database, CARYS)
    code = await code_of(service, alys)
    async with browser_of(service, carys) as browser:
        socket_pass = (await browser.post("/api/v1/staff/socket-pass")).json()["token"]
        csrf = browser.headers["X-CSRF-Token"]
    async with transaction(service.state.database) as session:
        link = await actions.issue_first_sign_in(session, staff_id=carys.viewer.staff_id)
    secrets = [alys.token, carys.token, code, socket_pass, csrf, link]

    async with reading(service.state.database) as session:
        rows = [(await session.execute(select(table))).all() for table in metadata.sorted_tables]
    found = "\n".join(repr(row) for table in rows for row in table)
    assert CARYS.email in found  # the search can find what is there
    assert not [secret for secret in secrets if secret in found]
    files = list(service.state.settings.data_dir.glob("earshot.db*"))
    assert len(files) > 0 or not service.state.database.sqlite
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content]
