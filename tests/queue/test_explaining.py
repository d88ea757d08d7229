"""Why this coach and not another, in words, from what is stored; and decided again to the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from app import clock
from app.db import Database, reading, transaction
from app.errors import NotFound
from app.queue import actions as queue
from app.queue.decisions import record_of, replayed
from app.queue.explaining import Explanation, explain, in_words
from app.queue.offers import accept, assign, decline
from app.queue.rules import Coach, Turn, Waiting, match
from app.queue.switchboard import assign_by_hand
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER
from tests.scenes import content, enter, on_duty

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SEED, DECISIONS = 20260301, 1000


def _in_english(key: str, **values: object) -> str:
    return content().interface.text(f"explain.{key}", "en").format(**values)


async def _explained(database: Database, conversation: UUID, language: str = "en") -> list[Explanation]:
    async with reading(database) as session:
        return await explain(session, content(), conversation_id=conversation, language=language)  # type: ignore[arg-type]


async def test_every_decision_about_a_parent_is_told_in_words(database: Database, settings: Settings) -> None:
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    conversation = (await enter(database, settings, language="cy", topic="sleep")).conversation_id
    assert await _explained(database, conversation) == []
    async with transaction(database) as session:
        offered = await assign(session, clock.now())
    assert offered is not None
    [decision] = await _explained(database, conversation)
    assert "offered to Carys Vane, who is being asked" in decision.headline
    assert decision.same is True
    assert decision.lines[0] == "The parent had waited 0 min; language: Welsh; topic: Sleep."
    assert any(line.startswith("Dewi Marlow was free, but does not speak") for line in decision.lines)
    async with transaction(database) as session:
        await decline(session, staff_id=carys.id, offer_id=offered.offer_id)
    async with transaction(database) as session:
        await queue.raise_risk(session, conversation_id=conversation)
    async with transaction(database) as session:
        offered = await assign(session, clock.now())
    assert offered is not None
    async with transaction(database) as session:
        await accept(session, staff_id=dewi.id, offer_id=offered.offer_id)
    first, second = await _explained(database, conversation)
    assert "who said not now" in first.headline
    assert "offered to Dewi Marlow, who accepted" in second.headline
    assert "Carys Vane was free, but had been asked about this parent a moment before." in second.lines
    assert "They may be at risk, so they came first." in second.lines
    welsh = await _explained(database, conversation, "cy")
    assert [decision.same for decision in welsh] == [True, True]
    assert "dderbyniodd" in welsh[1].headline


async def test_what_a_person_chose_says_who_chose(database: Database, settings: Settings) -> None:
    dewi, esther = await on_duty(database, DEWI), await on_duty(database, ESTHER)
    picked, given, taken = [(await enter(database, settings)).conversation_id for _ in range(3)]
    async with transaction(database) as session:
        await queue.claim(session, staff_id=esther.id, conversation_id=picked)
        await assign_by_hand(session, by=esther.id, staff_id=dewi.id, conversation_id=given)
        await queue.claim_next(session, staff_id=dewi.id)
    [decision] = await _explained(database, picked)
    assert decision.headline.endswith("Esther Quill picked this parent.")
    assert decision.same is None
    [decision] = await _explained(database, given)
    assert decision.headline.endswith("given to Dewi Marlow by hand. Esther Quill chose.")
    [decision] = await _explained(database, taken)
    assert decision.headline.endswith("Dewi Marlow took the next parent.")
    assert decision.same is True
    with pytest.raises(NotFound):
        await _explained(database, uuid4())


def _decisions(chance: Random) -> Iterator[dict[str, object]]:
    """Stored decisions of random mornings, as the database gives them back."""
    while True:
        team = [
            Coach(
                staff=UUID(int=chance.getrandbits(128)),
                languages=chance.choice([("en",), ("en",), ("cy", "en")]),
                idle_since=NOW - timedelta(seconds=chance.randrange(5000)),
                load=chance.randrange(4),
                skills=chance.choice([(), ("sleep",)]),
                availability=chance.choice(["available", "available", "on_break", "busy"]),
                high_risk=chance.random() < 0.1,
            )
            for _ in range(chance.randrange(1, 30))
        ]
        queue_now = [
            Waiting(
                conversation=UUID(int=chance.getrandbits(128)),
                entered_at=NOW - timedelta(seconds=chance.randrange(1200)),
                turn=chance.choice([Turn.ORDINARY] * 8 + [Turn.RETURNED, Turn.HIGH_RISK]),
                language=chance.choice(["en", "en", "cy"]),
                topic=chance.choice([None, "sleep"]),
                earlier_coach=chance.choice(team).staff if chance.random() < 0.2 else None,
                asked=((chance.choice(team).staff, NOW),) if chance.random() < 0.2 else (),
            )
            for _ in range(chance.randrange(1, 40))
        ]
        for decision in match(queue_now, team, NOW):
            yield json.loads(json.dumps(record_of(decision, how="offered")))


def test_a_thousand_stored_decisions_are_decided_and_explained_the_same_again() -> None:
    stored = _decisions(Random(SEED))
    for _ in range(DECISIONS):
        why = next(stored)
        again = replayed(why)
        assert again == why
        told = list(in_words(why, {}, _in_english, str))
        assert list(in_words(json.loads(json.dumps(again)), {}, _in_english, str)) == told
        assert told


def test_of_five_hundred_coaches_a_hundred_are_named_and_the_rest_counted() -> None:
    team = [
        Coach(
            UUID(int=number),
            ("en",),
            NOW,
            load=number % 2,
            availability="busy" if number > 300 else "available",
        )
        for number in range(500)
    ]
    parent = Waiting(UUID(int=1000), NOW, Turn.ORDINARY, "en")
    [decision] = match([parent], team, NOW)
    why = json.loads(json.dumps(record_of(decision, how="offered")))
    assert len(why["compared"]) == 20
    assert len(why["others"]) == len(why["barred"]["away"]) == 100
    assert why["more"] == {"others": 301 - 20 - 100, "barred_away": 199 - 100}
    assert replayed(why) == why

    told = list(in_words(why, {}, _in_english, str))
    assert any(line.startswith("Also free") and line.endswith("and 181 more.") for line in told)


def test_that_more_coaches_were_on_duty_is_told_and_decided_the_same_again() -> None:
    chance = Random(SEED)
    coaches = [Coach(uuid4(), ("en",), NOW - timedelta(minutes=chance.randrange(60))) for _ in range(3)]
    [decision] = match([Waiting(uuid4(), NOW, Turn.ORDINARY, "en")], coaches, NOW)
    told = []
    for unread in (False, True):
        record = json.loads(json.dumps(record_of(replace(decision, unread=unread), how="offered")))
        assert replayed(record) == record
        told.append(list(in_words(record, {}, _in_english, str)))
    assert [line for line in told[1] if line not in told[0]] == [_in_english("unread")]
    del record["unread"]  # as it was stored before it was said
    assert replayed(record) == record


@pytest.mark.parametrize("ahead", [30, 10_000])
def test_a_record_is_no_longer_in_a_longer_queue(ahead: int) -> None:
    team = [Coach(UUID(int=number), ("en",), NOW, load=number % 2) for number in range(500)]
    parents = [Waiting(UUID(int=1000 + number), NOW, Turn.ORDINARY, "cy") for number in range(ahead)]
    parents.append(Waiting(UUID(int=999), NOW + timedelta(seconds=1), Turn.ORDINARY, "en"))
    [decision] = match(parents, team, NOW + timedelta(seconds=1), most=1)
    assert len(decision.passed) == ahead
    why = record_of(decision, how="offered")
    assert why["passed_more"] == ahead - 20
    assert len(json.dumps(why)) < 16_000


def test_other_rules_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [next(each) for each in [_decisions(Random(SEED))] for _ in range(100)]

    def by_load(_: Waiting) -> object:
        return lambda coach: (-coach.load, coach.staff)

    monkeypatch.setattr("app.queue.rules.ranking", by_load)
    assert any(replayed(why) != why for why in stored)
