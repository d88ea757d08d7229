"""Concerns: one step at a time and never back, decided with a reason, sealed, and told to staff alone."""

import asyncio
import json
from dataclasses import replace
from itertools import product
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.accounts.models import Staff
from app.audit import AuditEntry
from app.chat.models import LogEntry
from app.chat.transcript import data_key
from app.db import Database, reading, transaction
from app.errors import AppError, NotFound
from app.main import create_app
from app.realtime.concern_frames import ConcernStepData, RiskCategory
from app.safeguarding import queries
from app.safeguarding.actions import has_unclosed, raise_concern, step_concern
from app.safeguarding.models import Concern, ConcernStep
from app.safeguarding.rules import NEXT, Category, ConcernState, Decision, may_become, missing
from app.sealing import KeyRing, SealBroken, place
from app.settings import Settings
from tests.cast import CARYS, ESTHER, browser_of, hire, hire_and_sign_in, open_session
from tests.scenes import claim, content, decided_with, enter, on_duty

STATES = list(ConcernState)


@pytest.mark.parametrize(("state", "following"), list(product(STATES, STATES)))
def test_a_concern_goes_one_step_at_a_time(state: ConcernState, following: ConcernState) -> None:
    assert may_become(state, following) == (STATES.index(following) == STATES.index(state) + 1)


WHOLE = Decision(uuid4(), "The local team", "That we rang")


@pytest.mark.parametrize("state", STATES)
def test_only_a_decision_must_be_complete_and_only_it_may_decide(state: ConcernState) -> None:
    decides = state == ConcernState.DECIDED
    assert (missing(state, note="", decision=None) == ()) != decides
    assert (missing(state, note="Because", decision=WHOLE) == ()) == decides


@pytest.mark.parametrize("part", ["shared", "parent_told"])
@pytest.mark.parametrize("said", ["", " \n"])
def test_every_part_of_a_decision_is_asked_for(part: str, said: str) -> None:
    assert len(missing("decided", note="Because", decision=replace(WHOLE, **{part: said}))) == 1
    assert len(missing("decided", note=said, decision=WHOLE)) == 1
    assert missing("decided", note="Because", decision=replace(WHOLE, references="")) == ()


def test_the_wire_and_the_rules_have_the_same_words() -> None:
    from typing import get_args

    assert set(get_args(RiskCategory)) == {category.value for category in Category}
    wire = get_args(ConcernStepData.__annotations__["state"])
    assert set(wire) == {state.value for state in NEXT.values()}


async def _raised(database: Database, settings: Settings, *, note: str = "") -> tuple[Concern, Staff]:
    carys = await on_duty(database, CARYS)
    conversation = (await enter(database, settings)).conversation_id
    await claim(database, carys, conversation)
    return await _raise(database, settings, conversation, carys, "domestic_abuse", note=note), carys


async def _raise(
    database: Database, settings: Settings, conversation: UUID, coach: Staff, category: str, *, note: str = ""
) -> Concern:
    async with transaction(database) as session:
        return await raise_concern(
            session,
            KeyRing(settings.key_ring),
            conversation_id=conversation,
            staff_id=coach.id,
            by="Carys",
            category=category,
            note=note,
        )


async def _step(
    database: Database, settings: Settings, concern: UUID, staff: Staff, state: str, note: str = ""
) -> None:
    """Take a step, with Carys as the second person of a decision."""
    async with reading(database) as session:
        carys = await session.scalar(select(col(Staff.id)).where(col(Staff.email) == CARYS.email))
    second = carys or (await hire(database, CARYS)).id
    async with transaction(database) as session:
        await step_concern(
            session,
            KeyRing(settings.key_ring),
            concern_id=concern,
            staff_id=staff.id,
            by="Esther",
            state=state,
            note=note,
            decision=decided_with(second, state),
        )


async def _state(database: Database, concern: UUID) -> str:
    async with reading(database) as session:
        return (
            await session.execute(select(col(Concern.state)).where(col(Concern.id) == concern))
        ).scalar_one()


async def test_every_step_that_does_not_follow_is_refused_and_changes_nothing(
    database: Database, settings: Settings
) -> None:
    concern, _ = await _raised(database, settings)
    esther = await on_duty(database, ESTHER)
    for state, following in product(STATES, STATES):
        if may_become(state, following):
            continue
        async with transaction(database) as session:
            await session.execute(update(Concern).values(state=state))
        with pytest.raises(AppError) as refused:
            await _step(database, settings, concern.id, esther, following, note="A reason")
        assert refused.value.status == 409, (state, following)
        assert await _state(database, concern.id) == state
    async with reading(database) as session:
        assert len((await session.execute(select(ConcernStep))).all()) == 1
        kinds = (
            await session.execute(select(col(LogEntry.kind)).where(col(LogEntry.stream) == "staff"))
        ).scalars()
        assert list(kinds) == ["concern.raised"]


async def test_the_whole_way_is_logged_sealed_and_noted(database: Database, settings: Settings) -> None:
    concern, carys = await _raised(database, settings, note="She is afraid to go home")
    esther = await on_duty(database, ESTHER)
    for state in STATES[1:]:
        await _step(database, settings, concern.id, esther, state, note=f"Note: {state.value}")
    assert await _state(database, concern.id) == "closed"
    async with reading(database) as session:
        log = (
            await session.execute(
                select(LogEntry).where(col(LogEntry.stream) == "staff").order_by(col(LogEntry.seq))
            )
        ).scalars()
        told = [(entry.seq, entry.kind, entry.data.get("state")) for entry in log]
        assert told == [
            (1, "concern.raised", None),
            *((n, "concern.stepped", state.value) for n, state in enumerate(STATES[1:], start=2)),
        ]
        conv = await session.execute(select(col(LogEntry.kind)).where(col(LogEntry.stream) == "conv"))
        assert not any(kind.startswith("concern") for kind in conv.scalars()), "the parent's stream is silent"
        conversations = await data_key(session, KeyRing(settings.key_ring), concern.conversation_id)
        assert concern.key is not None
        key = KeyRing(settings.key_ring).unwrap(concern.id, concern.key)
        for step in (await session.execute(select(ConcernStep))).scalars():
            assert step.note is not None
            words = json.loads(key.open(step.note, bound_to=place(concern.id, step.id, step.staff_id)))
            assert words["note"] in {"She is afraid to go home", f"Note: {step.state}"}
            assert words["note"].encode() not in step.note
            assert ("LT-2041" in words["references"]) == (step.state == "decided")
            assert (step.second_id == carys.id) == (step.state == "decided")
            other = carys if step.staff_id == esther.id else esther
            with pytest.raises(SealBroken):
                key.open(step.note, bound_to=place(concern.id, step.id, other.id))
            with pytest.raises(SealBroken):  # the conversation's key, which goes with it, opens nothing
                conversations.open(step.note, bound_to=place(concern.id, step.id, step.staff_id))
        actions = (await session.execute(select(col(AuditEntry.action)))).scalars()
        assert {f"concern.{state.value}" for state in STATES} <= set(actions)


async def test_a_supervisor_reads_what_is_known_and_it_is_noted(
    database: Database, settings: Settings
) -> None:
    app = create_app(settings, content())
    concern, carys = await _raised(database, settings, note="She is afraid to go home")
    esther = await hire_and_sign_in(database, ESTHER)
    coach = await open_session(database, carys)
    path = f"/api/v1/concerns/{concern.id}"
    async with browser_of(app, esther) as browser:
        (step,) = (await browser.get(path)).json()
        assert (step["state"], step["by"], step["note"]) == (
            "raised",
            "Carys Vane",
            "She is afraid to go home",
        )
    async with browser_of(app, coach) as browser:
        refused = await browser.get(path)
        assert refused.status_code == 403
        assert "afraid" not in refused.text
    async with reading(database) as session:
        entry = (
            await session.execute(select(AuditEntry).where(col(AuditEntry.action) == "concern.read"))
        ).scalar_one()
    assert (entry.actor, entry.subject) == (f"supervisor:{esther.viewer.staff_id}", f"concern:{concern.id}")
    await app.state.database.engine.dispose()


async def test_closed_concerns_are_listed_without_a_word_of_them_and_it_is_noted(
    database: Database, settings: Settings
) -> None:
    app = create_app(settings, content())
    first, carys = await _raised(database, settings, note="She is afraid to go home")
    second = await _raise(database, settings, first.conversation_id, carys, "missing_child")
    unclosed = await _raise(database, settings, first.conversation_id, carys, "harm_to_baby")
    lead = await hire(database, ESTHER)
    for concern in (first, second):
        for state in STATES[1:]:
            await _step(database, settings, concern.id, lead, state, note="Afraid")
    async with browser_of(app, await open_session(database, lead)) as browser:
        listed = await browser.get("/api/v1/concerns")
        assert [one["id"] for one in listed.json()] == [str(second.id), str(first.id)]
        assert "fraid" not in listed.text
        assert {one["state"] for one in listed.json()} == {"closed"}
        earlier = await browser.get("/api/v1/concerns", params={"after": str(second.id)})
        assert [one["id"] for one in earlier.json()] == [str(first.id)]
        for other in (unclosed.id, uuid4()):
            refused = await browser.get("/api/v1/concerns", params={"after": str(other)})
            assert refused.status_code == 404
    async with browser_of(app, await open_session(database, carys)) as browser:
        assert (await browser.get("/api/v1/concerns")).status_code == 403
    async with reading(database) as session:
        noted = await session.scalars(
            select(AuditEntry.subject).where(col(AuditEntry.action) == "concerns.listed")
        )
        assert list(noted) == ["concerns:closed"] * 2
    await app.state.database.engine.dispose()


async def test_closed_concerns_of_one_moment_are_listed_once_each(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CLOSED_PAGE", 1)
    first, carys = await _raised(database, settings, note="")
    lead = await hire(database, ESTHER)
    others = ("missing_child", "harm_to_baby")
    concerns = [
        first,
        *[await _raise(database, settings, first.conversation_id, carys, category) for category in others],
    ]
    for concern in concerns:
        for state in STATES[1:]:
            await _step(database, settings, concern.id, lead, state, note="Seen")
    async with transaction(database) as session:
        await session.execute(update(Concern).values(changed_at=concerns[0].raised_at))
    async with reading(database) as session:
        listed: list[UUID] = []
        while page := await queries.closed(session, after=listed[-1] if listed else None):
            listed += [concern.id for concern in page]
    assert listed == sorted(concern.id for concern in concerns)


@pytest.mark.parametrize("note", ["", "  \n"])
async def test_a_decision_without_its_reason_is_refused(
    database: Database, settings: Settings, note: str
) -> None:
    concern, _ = await _raised(database, settings)
    esther = await on_duty(database, ESTHER)
    for state in ("acknowledged", "assessed"):
        await _step(database, settings, concern.id, esther, state)
    with pytest.raises(AppError, match="reason"):
        await _step(database, settings, concern.id, esther, "decided", note=note)
    assert await _state(database, concern.id) == "assessed"


async def test_two_supervisors_at_once_take_one_step(database: Database, settings: Settings) -> None:
    concern, _ = await _raised(database, settings)
    esther = await on_duty(database, ESTHER)
    outcomes = await asyncio.gather(
        *(_step(database, settings, concern.id, esther, "acknowledged") for _ in range(5)),
        return_exceptions=True,
    )
    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, AppError) for outcome in outcomes if outcome is not None)


async def test_an_unknown_concern_is_not_found(database: Database, settings: Settings) -> None:
    esther = await on_duty(database, ESTHER)
    with pytest.raises(NotFound):
        await _step(database, settings, uuid4(), esther, "acknowledged")


async def test_the_lists_show_what_is_open(database: Database, settings: Settings) -> None:
    concern, _ = await _raised(database, settings)
    esther = await on_duty(database, ESTHER)
    async with reading(database) as session:
        assert [each.id for each in await queries.unclosed(session)] == [concern.id]
        assert await has_unclosed(session, conversation_id=concern.conversation_id)
        assert not await has_unclosed(session, conversation_id=uuid4())
    for state in STATES[1:]:
        await _step(database, settings, concern.id, esther, state, note="Done")
    async with reading(database) as session:
        assert await queries.unclosed(session) == []
        assert not await has_unclosed(session, conversation_id=concern.conversation_id)
        known = await queries.of_conversation(session, conversation_id=concern.conversation_id)
        assert [each.state for each in known] == ["closed"]
