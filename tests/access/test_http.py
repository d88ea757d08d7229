"""Who may do what over HTTP: every route, every person of the cast, over one parent's things.

Complete by construction: a route that is missing here fails, and so does one that is here and gone.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from app.export import quoting
from app.settings import Settings
from tests.access.world import (
    EVERYBODY,
    HIRED,
    PARENTS,
    PURPOSE,
    RESEARCH,
    World,
    a_quote,
    a_released_run,
    a_run,
)
from tests.cast import CARYS, Parent, browser_of, hire
from tests.scenes import claim, content, enter, on_duty
from tests.talk import running


@dataclass(frozen=True)
class Cell:
    """One route as it is called here, and the status that each person gets."""

    path: str = ""
    json: dict[str, object] | None = None
    form: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    before: Callable[[World], Awaitable[None]] | None = None


def everybody(status: int) -> dict[str, int]:
    return dict.fromkeys(EVERYBODY, status)


def staff_only(status: int) -> dict[str, int]:
    return everybody(401) | dict.fromkeys(HIRED, status)


def alys_only(status: int) -> dict[str, int]:
    """Others are not told that it exists; whoever shows no parent's token is asked for one."""
    return everybody(401) | {"alys": status, "bron": 404}


def research_only(**answers: int) -> dict[str, int]:
    return everybody(401) | {"carys": 403, "dewi": 403, "esther": 403} | answers


def wire_only(status: int) -> dict[str, int]:
    """Everybody who could open a socket."""
    return everybody(status) | {"stranger": 401} | dict.fromkeys(RESEARCH, 403)


ASKED = {"purpose": PURPOSE, "period": "2026-03"}
CONVERSATION = "/api/v1/conversations/{alys}"
ANYBODY = Cell(answers=everybody(200))
MATRIX: dict[tuple[str, str], Cell] = {
    ("GET", "/openapi.json"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/"): ANYBODY,
    ("GET", "/embed.js"): ANYBODY,
    ("GET", "/embed"): ANYBODY,
    ("GET", "/console"): ANYBODY,
    ("GET", "/console/{anything:path}"): Cell("/console/first", answers=everybody(200)),
    ("GET", "/advice"): ANYBODY,
    ("GET", "/advice/{slug}"): Cell("/advice/{slug}", answers=everybody(200)),
    ("GET", "/directory"): ANYBODY,
    ("GET", "/static/pages.css"): ANYBODY,
    ("GET", "/static/research.css"): ANYBODY,
    ("GET", "/static/report.css"): ANYBODY,
    ("GET", "/strings/{language}.json"): Cell("/strings/cy.json", answers=everybody(200)),
    ("GET", "/api/v1/content/{language}.json"): Cell("/api/v1/content/en.json", answers=everybody(200)),
    ("GET", "/api/v1/service"): ANYBODY,
    ("POST", "/api/v1/conversations"): Cell(json={"start_id": "{new}"}, answers=everybody(201)),
    ("POST", "/api/v1/return"): Cell(json={"code": "river lamp stone cloud"}, answers=everybody(404)),
    ("POST", "/api/v1/conversations/{id}/return-code"): Cell(
        f"{CONVERSATION}/return-code", answers=alys_only(201)
    ),
    ("GET", "/api/v1/conversations/{id}/consent"): Cell(f"{CONVERSATION}/consent", answers=alys_only(200)),
    ("PUT", "/api/v1/conversations/{id}/consent"): Cell(
        f"{CONVERSATION}/consent", json={"research": False}, answers=alys_only(200)
    ),
    ("POST", "/api/v1/staff/sign-in"): Cell(
        json={"email": CARYS.email, "password": "a wrong password"}, answers=everybody(401)
    ),
    ("POST", "/api/v1/staff/first-sign-in"): Cell(
        json={"token": "invented", "password": "a good long password"}, answers=everybody(401)
    ),
    ("GET", "/api/v1/staff/me"): Cell(answers=staff_only(200)),
    ("POST", "/api/v1/staff/sign-out"): Cell(answers=staff_only(204)),
    ("POST", "/api/v1/staff/password"): Cell(
        json={"old": "a wrong password", "new": "another long password"}, answers=staff_only(422)
    ),
    ("POST", "/api/v1/staff/socket-pass"): Cell(answers=staff_only(201)),
    ("GET", "/api/v1/runs"): Cell(answers=research_only(farid=200, gwen=200, huw=200)),
    ("POST", "/api/v1/runs"): Cell(json=ASKED, answers=research_only(farid=201, gwen=403, huw=403)),
    ("GET", "/api/v1/concerns"): Cell(answers=everybody(401) | dict.fromkeys(HIRED, 403) | {"esther": 200}),
    ("GET", "/api/v1/concerns/{id}"): Cell(
        "/api/v1/concerns/00000000-0000-4000-8000-000000000000",
        answers=everybody(401) | dict.fromkeys(HIRED, 403) | {"esther": 404},
    ),
    ("GET", "/api/v1/conversations/{id}/consult"): Cell(
        f"{CONVERSATION}/consult", answers=everybody(401) | dict.fromkeys(HIRED, 403) | {"esther": 404}
    ),
    ("GET", "/api/v1/conversations/{id}/explanation"): Cell(
        f"{CONVERSATION}/explanation", answers=everybody(401) | dict.fromkeys(HIRED, 403) | {"esther": 200}
    ),
    ("POST", "/api/v1/runs/{id}/{step}"): Cell(
        "/api/v1/runs/{run}/approve", answers=research_only(farid=403, gwen=200, huw=200), before=a_run
    ),
    ("GET", "/api/v1/runs/{id}/files/{name:path}"): Cell(
        "/api/v1/runs/{run}/files/rows.csv",
        answers=research_only(farid=404, gwen=404, huw=404),
        before=a_run,
    ),
    ("GET", "/research"): ANYBODY,
    ("POST", "/research/sign-out"): Cell(form={}, answers=staff_only(303)),
    ("POST", "/research/runs"): Cell(form=ASKED, answers=research_only(farid=303, gwen=403, huw=403)),
    ("POST", "/research/runs/{id}/{step}"): Cell(
        "/research/runs/{run}/approve",
        form={},
        answers=research_only(farid=403, gwen=303, huw=303),
        before=a_run,
    ),
    ("GET", "/research/review"): Cell(answers=research_only(farid=403, gwen=200, huw=403)),
    ("POST", "/research/review/{group}/{message}/{at}/{decision}"): Cell(
        f"/research/review/{UUID(int=1)}/1/0/accept",
        form={},
        answers=research_only(farid=403, gwen=404, huw=403),
    ),
    ("POST", "/research/quotes"): Cell(
        form={"run": "{run}", "conversation": "{group}", "message": "1", "words": "It was hard"},
        answers=research_only(farid=303, gwen=403, huw=403),
        before=a_released_run,
    ),
    ("POST", "/research/review/quotes/{id}/{decision}"): Cell(
        "/research/review/quotes/{quote}/accept",
        form={"seen": "{seen}"},
        answers=research_only(farid=403, gwen=303, huw=403),
        before=a_quote,
    ),
    ("GET", "/research/report"): Cell(
        "/research/report?period=2026-03", answers=research_only(farid=200, gwen=200, huw=200)
    ),
    ("GET", "/research/articles"): Cell(answers=research_only(farid=200, gwen=200, huw=200)),
}
MATRIX |= {
    ("GET", "/rt/v1/stream"): Cell(f"/rt/v1/stream?conn={uuid4()}", answers=wire_only(200)),
    ("GET", "/rt/v1/events"): Cell(f"/rt/v1/events?conn={uuid4()}", answers=wire_only(200)),
    ("POST", "/rt/v1/frames"): Cell(json={"t": "pong"}, answers=wire_only(200)),
    ("POST", "/rt/v1/messages"): Cell(
        json={"s": "conv:{alys}", "body": "Hello"},
        headers={"Idempotency-Key": "{new}"},
        answers=wire_only(404) | {"alys": 201, "carys": 201},
    ),
}
OTHERWISE_TESTED = {"/rt/v1", "/static"}  # tests/access/test_socket.py, and a folder of public files


def all_routes(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            assert isinstance(inner, APIRouter)
            yield from all_routes(inner.routes)


def undeclared(app: FastAPI) -> set[tuple[str, str]]:
    """What the application answers and the matrix does not name, and the other way round."""
    found = set()
    for route in all_routes(app.routes):
        path = str(getattr(route, "path", ""))
        if isinstance(route, Mount | WebSocketRoute):
            if path not in OTHERWISE_TESTED:
                found.add(("*", path))
            continue
        found |= {(method, path) for method in getattr(route, "methods", None) or () if method != "HEAD"}
    return found ^ set(MATRIX)


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    many = dict.fromkeys(
        (
            "starts_per_minute",
            "sign_ins_per_minute",
            "return_codes_per_minute",
            "return_codes_per_minute_in_all",
        ),
        10_000,
    )
    generous = settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update=many),
            "timers": settings.timers.model_copy(update={"ping": 0.2}),  # with which a stream's response ends
        }
    )
    async with running(generous) as app:
        database = app.state.database
        started = [await enter(database, generous) for _ in PARENTS]
        alys, bron = (Parent(conversation=each.conversation_id, token=each.token) for each in started)
        carys = await on_duty(database, CARYS)
        await claim(database, carys, alys.conversation)
        staff = {"carys": carys.id}
        for name, person in HIRED.items():
            if name != "carys":
                staff[name] = (await hire(database, person)).id
        yield World(app=app, alys=alys, bron=bron, staff=staff)


def _filled(world: World, template: Mapping[str, object]) -> dict[str, Any]:
    """What is sent, with Alys's conversation and new ids where they are asked for."""
    names = {
        "alys": world.alys.conversation,
        "new": uuid4(),
        "run": world.run,
        "group": world.group,
        "seen": quoting.named("It was hard"),
    }
    return {
        name: value.format(**names) if isinstance(value, str) else value for name, value in template.items()
    }


async def _call(
    world: World, key: tuple[str, str], name: str, *, csrf: bool = True, origin: str | None = None
) -> int:
    method, template = key
    cell = MATRIX[key]
    if cell.before is not None:
        await cell.before(world)
    path = (cell.path or template).format(
        alys=world.alys.conversation, run=world.run, quote=world.quote, slug=content().articles[0].slug
    )
    body = None if cell.json is None else _filled(world, cell.json)
    async with browser_of(world.app, await world.who(name)) as browser:
        shown = browser.headers.pop("X-CSRF-Token", "")
        headers = _filled(world, cell.headers) | ({"Origin": origin} if origin else {})
        form = None
        if cell.form is not None:
            form = {**_filled(world, cell.form), "csrf": shown if csrf else ""}
        elif shown and csrf:
            headers["X-CSRF-Token"] = shown
        answer = await browser.request(method, path, json=body, data=form, headers=headers)
        assert world.alys.token not in answer.text
        if answer.status_code >= 400 and "json" in answer.headers.get("content-type", ""):
            assert set(answer.json()) >= {"code", "message", "next_step"}
        return answer.status_code


def _open_to_all(key: tuple[str, str]) -> bool:
    return MATRIX[key].answers == everybody(200)


async def test_what_is_public_is_so_for_everybody(world: World) -> None:
    for key in filter(_open_to_all, MATRIX):
        assert {name: await _call(world, key, name) for name in EVERYBODY} == everybody(200), key


@pytest.mark.parametrize(
    "key", [key for key in MATRIX if not _open_to_all(key)], ids=lambda key: f"{key[0]} {key[1]}"
)
async def test_each_person_gets_their_answer(world: World, key: tuple[str, str]) -> None:
    wanted = MATRIX[key].answers
    assert set(wanted) == set(EVERYBODY), "nobody is left out"
    assert {name: await _call(world, key, name) for name in EVERYBODY} == wanted


def _changes_something_for_staff(key: tuple[str, str]) -> bool:
    answers = MATRIX[key].answers
    return (
        key[0] != "GET"
        and answers["stranger"] == 401
        and any(answers[name] not in (401, 403, 404) for name in HIRED)
    )


@pytest.mark.parametrize(
    "key", [key for key in MATRIX if _changes_something_for_staff(key)], ids=lambda key: f"{key[0]} {key[1]}"
)
async def test_a_cookie_alone_changes_nothing(world: World, key: tuple[str, str]) -> None:
    """Another site's page can have the browser send the cookie; it has no CSRF token, and its own origin."""
    name = next(name for name in HIRED if MATRIX[key].answers[name] not in (401, 403, 404))
    assert await _call(world, key, name, csrf=False) == 403
    assert await _call(world, key, name, origin="https://evil.example") == 403
    assert await _call(world, key, name) == MATRIX[key].answers[name]


@pytest.mark.parametrize("key", [key for key in MATRIX if "{alys}" in MATRIX[key].path], ids=str)
async def test_what_does_not_exist_and_what_is_not_yours_look_alike(
    world: World, key: tuple[str, str]
) -> None:
    texts = []
    for conversation in (world.alys.conversation, uuid4()):
        async with browser_of(world.app, world.bron) as browser:
            path = MATRIX[key].path.format(alys=conversation)
            texts.append((await browser.request(key[0], path, json=MATRIX[key].json)).text)
    assert texts[0] == texts[1]


async def test_every_route_is_declared(world: World) -> None:
    assert undeclared(world.app) == set()


@pytest.mark.parametrize("included", [False, True])
async def test_a_planted_route_is_reported(world: World, *, included: bool) -> None:
    async def planted() -> None:
        raise AssertionError

    if included:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route("/planted", planted, methods=["POST"])
        world.app.include_router(router)
        planted_path = "/api/v1/planted"
    else:
        world.app.add_api_route("/planted", planted, methods=["POST"])
        planted_path = "/planted"
    reported = undeclared(world.app)
    assert {method for method, _ in reported} == {"POST"}
    assert all(path.endswith(planted_path.removeprefix("/api/v1")) for _, path in reported)


async def test_a_planted_socket_is_reported(world: World) -> None:
    async def planted() -> None:
        raise AssertionError

    world.app.add_api_websocket_route("/rt/v2", planted)
    assert undeclared(world.app) == {("*", "/rt/v2")}
