"""Exports over HTTP: five roles and nobody, the forms' token, and files that only a release hands out."""

import html
import json
import re
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.audit import AuditEntry
from app.db import reading, transaction
from app.export.models import ExportRun
from app.export.rows import make_rows
from tests.cast import CARYS, ESTHER, FARID, GWEN, HUW, Person, SignedIn, browser_of, hire_and_sign_in
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed

ASKED = {
    "purpose": "What parents say about mornings",
    "period": f"{LONG_AGO:%Y-%m}",
    "topic": "school-refusal",
}


async def enter(service: FastAPI, person: Person) -> SignedIn:
    return await hire_and_sign_in(service.state.database, person)


async def asked(service: FastAPI, who: SignedIn) -> str:
    async with browser_of(service, who) as browser:
        answer = await browser.post("/api/v1/runs", json=ASKED)
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def stepped(service: FastAPI, who: SignedIn, run: str, step: str) -> int:
    async with browser_of(service, who) as browser:
        return (await browser.post(f"/api/v1/runs/{run}/{step}")).status_code


async def test_a_stranger_sees_where_to_sign_in_and_nothing_else(service: FastAPI) -> None:
    async with browser_of(service) as browser:
        for address in ("/research", "/research?lang=cy"):
            page = await browser.get(address)
            assert page.status_code == 200
            assert "/console" in page.text
            assert "<form" not in page.text
        for address in ("/api/v1/runs", f"/api/v1/runs/{uuid4()}/files/rows.csv"):
            assert (await browser.get(address)).status_code == 401
        assert (await browser.get("/research/report", params={"period": "2026"})).status_code == 401
        assert (await browser.post("/research/runs", data=ASKED)).status_code == 401
        sent = await browser.post("/research/runs", data=ASKED, headers={"Accept": "text/html"})
        assert (sent.status_code, sent.headers["content-type"][:9]) == (401, "text/html")
        assert "You are not signed in." in sent.text, "who was signed out while writing reads a sentence"


@pytest.mark.parametrize("person", [CARYS, ESTHER], ids=lambda person: person.role)
async def test_coaches_and_supervisors_are_kept_out(service: FastAPI, person: Person) -> None:
    who = await enter(service, person)
    async with browser_of(service, who) as browser:
        assert (await browser.get("/api/v1/runs")).status_code == 403
        assert (await browser.post("/api/v1/runs", json=ASKED)).status_code == 403
        assert (await browser.post(f"/api/v1/runs/{uuid4()}/approve")).status_code == 403
        assert (await browser.get(f"/api/v1/runs/{uuid4()}/files/rows.csv")).status_code == 403
        assert (await browser.get("/research/report", params={"period": "2026"})).status_code == 403
        page = await browser.get("/research")
    assert page.status_code == 200
    assert page.text.count("<form") == 1  # signing out


async def test_a_run_over_json_from_request_to_download(service: FastAPI) -> None:
    database, settings = service.state.database, service.state.settings
    await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    farid, gwen, huw = [await enter(service, person) for person in (FARID, GWEN, HUW)]
    run = await asked(service, farid)
    assert await stepped(service, farid, run, "approve") == 403
    assert await stepped(service, gwen, run, "build") == 409
    assert await stepped(service, gwen, run, "approve") == 200
    assert await stepped(service, farid, run, "build") == 202
    assert await stepped(service, farid, run, "build") == 409
    assert await stepped(service, huw, run, "release") == 409
    await service.state.builds.work_off()
    assert await stepped(service, farid, run, "release") == 403
    async with browser_of(service, farid) as browser:
        assert (await browser.get(f"/api/v1/runs/{run}/files/rows.csv")).status_code == 404
        assert await stepped(service, huw, run, "release") == 200
        for name in (
            "rows.jsonl",
            "rows.csv",
            f"parquet/period={ASKED['period']}/part-0001.parquet",
            "manifest.json",
        ):
            assert (await browser.get(f"/api/v1/runs/{run}/files/{name}")).status_code == 200
        rows = (await browser.get(f"/api/v1/runs/{run}/files/rows.jsonl")).text
        for name in ("secret", "..%2F..%2Fearshot.db", ".part", "rows.csv.bak"):
            assert (await browser.get(f"/api/v1/runs/{run}/files/{name}")).status_code == 404
        listed = (await browser.get("/api/v1/runs")).json()
    assert "Tomos" not in rows
    assert [json.loads(line)["number"] for line in rows.splitlines()] == [1, 2, 3]
    assert [(found["id"], found["state"]) for found in listed] == [(run, "released")]
    assert await stepped(service, farid, run, "withdraw") == 200
    async with browser_of(service, farid) as browser:
        assert (await browser.get(f"/api/v1/runs/{run}/files/rows.csv")).status_code == 404
    async with reading(database) as session:
        found = await session.scalars(
            select(col(AuditEntry.action)).where(col(AuditEntry.subject) == f"export:{run}")
        )
        assert list(found).count("export.downloaded") == 5


async def test_the_page_s_forms_carry_a_run_through(service: FastAPI) -> None:
    farid, gwen = await enter(service, FARID), await enter(service, GWEN)
    async with browser_of(service, farid) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        assert token in (await browser.get("/research")).text
        assert (await browser.post("/research/runs", data=ASKED)).status_code == 403
        assert (await browser.post("/research/runs", data={**ASKED, "csrf": "é"})).status_code == 403
        foreign = {"Origin": "https://elsewhere.example"}
        form = {**ASKED, "csrf": token}
        assert (await browser.post("/research/runs", data=form, headers=foreign)).status_code == 403
        assert (await browser.post("/research/runs", data=form)).status_code == 303
        (run,) = (await browser.get("/api/v1/runs")).json()
        refused = await browser.post(f"/research/runs/{run['id']}/approve", data={"csrf": token})
        assert refused.status_code == 403
        assert 'role="alert"' in refused.text
        wrong = await browser.post("/research/runs", data={**form, "period": "<b>March</b>"})
        assert wrong.status_code == 422
        assert "<b>March" not in wrong.text
        long = await browser.post("/research/runs", data={**form, "purpose": "x" * 9000})
        assert long.status_code == 413
    async with browser_of(service, gwen) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        for step in ("approve", "build", "release"):
            page = await browser.get("/research?lang=cy")
            assert f"/research/runs/{run['id']}/{step}?lang=cy" in page.text
            done = await browser.post(f"/research/runs/{run['id']}/{step}?lang=cy", data={"csrf": token})
            assert (done.status_code, done.headers["location"]) == (303, "/research?lang=cy")
            await service.state.builds.work_off()
        assert f"/api/v1/runs/{run['id']}/files/rows.csv" in (await browser.get("/research")).text


async def test_the_page_signs_out(service: FastAPI) -> None:
    farid = await enter(service, FARID)
    async with browser_of(service, farid) as browser:
        page = await browser.get("/research")
        token = browser.headers["X-CSRF-Token"]
        assert f'value="{token}"' in page.text
        assert (await browser.post("/research/sign-out", data={"csrf": "no"})).status_code == 403
        left = await browser.post("/research/sign-out", data={"csrf": token})
        assert (left.status_code, left.headers["location"]) == (303, "/research")
        assert "__Host-earshot=" in left.headers["set-cookie"]
        assert "Max-Age=0" in left.headers["set-cookie"]
    async with browser_of(service, farid) as browser:
        assert (await browser.get("/api/v1/runs")).status_code == 401


async def test_a_purpose_cannot_carry_markup_into_the_page(service: FastAPI) -> None:
    farid = await enter(service, FARID)
    async with browser_of(service, farid) as browser:
        purpose = "<script>alert(1)</script> and more"
        assert (await browser.post("/api/v1/runs", json={**ASKED, "purpose": purpose})).status_code == 201
        page = (await browser.get("/research")).text
    assert (
        page.count("<script") == page.count('<script type="module" src="/static/research.js"></script>') == 1
    )
    assert "&lt;script&gt;" in page


async def test_a_report_is_shown_and_noted(service: FastAPI) -> None:
    gwen = await enter(service, GWEN)
    async with browser_of(service, gwen) as browser:
        answer = await browser.get("/research/report", params={"period": "2026-Q1", "topic": "sleep"})
        assert answer.status_code == 200
        for path in ("/research/report", "/research/articles"):
            for language, shown in (("en", "This cannot be shown"), ("cy", "Ni ellir dangos hyn")):
                refused = await browser.get(path, params={"period": "<b>spring", "lang": language})
                assert refused.status_code == 422
                assert refused.headers["content-type"].startswith("text/html")
                assert shown in refused.text
                assert "is not a period" in refused.text
                assert "<b>" not in refused.text
        assert (await browser.get("/static/report.css")).headers["content-type"].startswith("text/css")
        assert (await browser.get("/static/research.css")).status_code == 200
    async with reading(service.state.database) as session:
        entry = (
            await session.scalars(select(AuditEntry).where(col(AuditEntry.action) == "report.read"))
        ).one()
    assert entry.subject == "topic:sleep"


async def test_an_unknown_run_is_not_found(service: FastAPI) -> None:
    gwen = await enter(service, GWEN)
    for step in ("approve", "build", "release", "withdraw"):
        assert await stepped(service, gwen, str(UUID(int=1)), step) == 404


async def test_the_list_of_exports_is_paged_and_none_is_lost(
    service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("app.export.queries", "app.export.pages"):
        monkeypatch.setattr(f"{module}.PAGE", 2)
    farid = await enter(service, FARID)
    async with browser_of(service, farid) as browser:
        for number in range(5):
            await browser.post("/api/v1/runs", json={**ASKED, "purpose": f"Purpose number {number}"})
        async with transaction(service.state.database) as session:
            await session.execute(update(ExportRun).values(requested_at=clock.now()))  # all in one moment
        seen: list[str] = []
        address: str | None = "/research"
        while address:
            page = (await browser.get(address)).text
            seen += re.findall(r"Purpose number \d", page)
            following = re.search(r'href="([^"#]+)#exports"', page)
            address = html.unescape(following[1]) if following else None
        assert len(seen) == len(set(seen)) == 5
        assert (await browser.get(f"/research?runs_after={uuid4()}")).status_code == 404


async def test_runs_over_json_come_in_pages(service: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.export.queries.PAGE", 2)
    farid = await enter(service, FARID)
    made = {await asked(service, farid) for _ in range(5)}
    async with transaction(service.state.database) as session:
        await session.execute(update(ExportRun).values(requested_at=clock.now()))  # all in one moment
    seen: list[str] = []
    async with browser_of(service, farid) as browser:
        page = (await browser.get("/api/v1/runs")).json()
        while page:
            assert len(page) <= 2
            seen += [run["id"] for run in page]
            page = (await browser.get("/api/v1/runs", params={"after": seen[-1]})).json()
        assert len(seen) == 5
        assert set(seen) == made
        newest = await asked(service, farid)
        assert (await browser.get("/api/v1/runs")).json()[0]["id"] == newest
        assert (await browser.get("/api/v1/runs", params={"after": str(uuid4())})).status_code == 404
