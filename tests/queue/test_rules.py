"""Who is next, for whom, and how long it may take, over generated queues and coaches."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from app.queue.decisions import MOST_COMPARED, record_of, replayed
from app.queue.rules import (
    ASK_AGAIN,
    LANGUAGE_WAIT,
    Bar,
    Coach,
    Misfit,
    Turn,
    Waiting,
    bar_of,
    expected_wait,
    in_order,
    match,
    misfit_of,
    wish_of,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WELSH: dict[str, object] = {"languages": ("cy",)}
COACHES = [UUID(int=number) for number in range(1, 9)]

ago = st.integers(0, 3600).map(lambda seconds: NOW - timedelta(seconds=seconds))
waiting = st.builds(
    Waiting,
    conversation=st.integers(0, 2**64).map(lambda number: UUID(int=number)),
    entered_at=ago,
    turn=st.sampled_from([Turn.ORDINARY, Turn.ORDINARY, Turn.RETURNED, Turn.HIGH_RISK]),
    language=st.sampled_from(["en", "en", "cy"]),
    topic=st.sampled_from([None, "sleep", "school-attendance/school-refusal"]),
    earlier_coach=st.sampled_from([None, *COACHES]),
    asked=st.lists(st.tuples(st.sampled_from(COACHES), ago), max_size=2).map(tuple),
)
queues = st.lists(waiting, max_size=30, unique_by=lambda entry: entry.conversation)
coach = st.builds(
    Coach,
    staff=st.sampled_from(COACHES),
    languages=st.sampled_from([("en",), ("en",), ("cy", "en"), ("cy",)]),
    idle_since=ago,
    load=st.integers(0, 3),
    capacity=st.integers(1, 4),
    skills=st.sampled_from([(), ("sleep",), ("school-attendance", "sleep")]),
    sees_again=st.booleans(),
    availability=st.sampled_from(["available", "available", "available", "busy", "on_break"]),
    alive=st.sampled_from([True, True, True, False]),
    high_risk=st.sampled_from([0, 0, 0, 1]),
    rests_until=st.sampled_from([None, None, NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)]),
    being_asked=st.sampled_from([False, False, False, True]),
)
teams = st.lists(coach, max_size=8, unique_by=lambda one: one.staff)
gaps = st.lists(st.floats(0, 3600, allow_nan=False), min_size=5, max_size=50)


def one(number: int = 1, **facts: object) -> Coach:
    return Coach(**{"staff": UUID(int=number), "languages": ("en",), "idle_since": NOW, **facts})  # type: ignore[arg-type]


def parent(number: int = 1, **facts: object) -> Waiting:
    plain = {"entered_at": NOW, "turn": Turn.ORDINARY, "language": "en"}
    return Waiting(**{"conversation": UUID(int=number), **plain, **facts})  # type: ignore[arg-type]


@given(queues, teams, st.randoms())
def test_the_decisions_are_the_same_however_it_was_read(
    queue: list[Waiting], team: list[Coach], random: Random
) -> None:
    shuffled, others = list(queue), list(team)
    random.shuffle(shuffled)
    random.shuffle(others)
    assert in_order(shuffled) == in_order(queue)
    assert match(shuffled, others, NOW) == match(queue, team, NOW)


@given(queues)
def test_high_risk_first_then_who_was_sent_back_then_first_come_first_served(queue: list[Waiting]) -> None:
    for before, after in itertools.pairwise(in_order(queue)):
        assert (before.turn, before.entered_at) <= (after.turn, after.entered_at)


@given(queues, teams)
def test_no_decision_breaks_a_rule_of_care(queue: list[Waiting], team: list[Coach]) -> None:
    holding = {each.staff: each for each in team}
    for decision in match(queue, team, NOW):
        before = holding[decision.coach.staff]
        assert before.alive
        assert before.availability == "available"
        assert before.load < before.capacity
        assert before.high_risk == 0
        assert before.rests_until is None or before.rests_until <= NOW
        assert not before.being_asked
        holding[before.staff] = structs.replace(
            before, load=before.load + 1, high_risk=before.high_risk + decision.parent.high_risk
        )


@given(queues, teams)
def test_a_parent_is_passed_over_only_for_a_language_or_by_who_declined_them(
    queue: list[Waiting], team: list[Coach]
) -> None:
    decisions = match(queue, team, NOW)
    given_order = [decision.parent for decision in decisions]
    assert given_order == [entry for entry in in_order(queue) if entry in given_order], "order is kept"
    for decision in decisions:
        ahead = [entry for entry in in_order(queue) if entry not in given_order]
        ahead = ahead[: sum(in_order([entry, decision.parent])[0] is entry for entry in ahead)]
        assert list(decision.passed) == ahead
        for passed in decision.passed:
            for free in (*decision.compared, *(each for each, _ in decision.unfit)):
                declined = any(who == free.staff and NOW - at < ASK_AGAIN for who, at in passed.asked)
                language = passed.language not in free.languages and not passed.high_risk
                assert declined or (language and NOW - passed.entered_at < LANGUAGE_WAIT)


@given(queues, teams)
def test_nobody_waits_while_a_coach_who_may_take_them_is_free(
    queue: list[Waiting], team: list[Coach]
) -> None:
    decisions = match(queue, team, NOW)
    holding = {each.staff: each for each in team}
    for decision in decisions:
        before = holding[decision.coach.staff]
        holding[before.staff] = structs.replace(
            before, load=before.load + 1, high_risk=before.high_risk + decision.parent.high_risk
        )
    left = [entry for entry in queue if entry not in [decision.parent for decision in decisions]]
    for entry, free in itertools.product(left, holding.values()):
        assert bar_of(free, NOW) is not None or misfit_of(wish_of(entry, NOW), free) is not None


@given(queues, teams)
def test_a_stored_decision_replays_to_the_same(queue: list[Waiting], team: list[Coach]) -> None:
    for decision in match(queue, team, NOW):
        stored = json.loads(json.dumps(record_of(decision, how="offered")))
        assert replayed(stored) == stored


def test_a_changed_record_does_not_replay_to_itself() -> None:
    decision = match([parent()], [one(1), one(2, load=1)], NOW)[0]
    stored = json.loads(json.dumps(record_of(decision, how="offered")))
    stored["compared"][0]["load"] = 2
    assert replayed(stored) != stored


def test_a_long_record_names_everybody_and_still_replays() -> None:
    team = [one(number, load=number % 3) for number in range(1, 60)]
    decision = match([parent()], team, NOW)[0]
    stored = json.loads(json.dumps(record_of(decision, how="offered")))
    assert len(stored["compared"]) == MOST_COMPARED
    assert len(stored["compared"]) + len(stored["others"]) == len(team)
    assert replayed(stored) == stored


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param({"languages": ("cy",), "load": 2}, {"languages": ("en",)}, id="the language first"),
        pytest.param({"languages": ("en", "cy"), "load": 2}, {"skills": ("sleep",)}, id="before the topic"),
        pytest.param(
            {"languages": ("cy",), "skills": ("sleep",), "load": 2}, {"languages": ("cy",)}, id="topic"
        ),
        pytest.param(
            {"languages": ("cy",), "load": 1}, {"languages": ("cy",), "load": 2}, id="who holds less"
        ),
        pytest.param(
            {**WELSH, "idle_since": NOW - timedelta(minutes=9)},
            {**WELSH, "idle_since": NOW - timedelta(minutes=8)},
            id="who was given nobody for longest",
        ),
    ],
)
def test_fit_chooses_among_coaches(better: dict[str, object], worse: dict[str, object]) -> None:
    asks = parent(language="cy", topic="sleep", entered_at=NOW - LANGUAGE_WAIT)
    assert match([asks], [one(1, **worse), one(2, **better)], NOW)[0].coach.staff == UUID(int=2)


@pytest.mark.parametrize(("wish", "sees_again", "first"), [(2, True, 2), (2, False, 1), (None, True, 1)])
def test_a_coach_whom_the_parent_knows_comes_first_where_both_wish_it(
    wish: int | None, first: int, *, sees_again: bool
) -> None:
    asks = parent(topic="sleep", earlier_coach=UUID(int=wish) if wish else None)
    known = one(2, load=2, sees_again=sees_again)
    assert match([asks], [one(1, skills=("sleep",)), known], NOW)[0].coach.staff == UUID(int=first)


def test_a_language_is_waited_for_ten_minutes_and_others_go_first_meanwhile() -> None:
    asks = parent(1, language="cy", entered_at=NOW - LANGUAGE_WAIT + timedelta(seconds=1))
    later = parent(2, entered_at=NOW)
    assert [each.parent for each in match([asks, later], [one()], NOW)] == [later, asks][:1]
    assert match([asks], [one()], NOW) == []
    assert match([asks], [one()], NOW + timedelta(seconds=1))[0].parent == asks
    at_risk = replace(asks, turn=Turn.HIGH_RISK)
    assert match([at_risk], [one()], NOW)[0].parent == at_risk


def test_who_declined_is_not_asked_again_at_once() -> None:
    declined = parent(1, asked=((UUID(int=1), NOW),))
    assert misfit_of(wish_of(declined, NOW), one(1)) == Misfit.DECLINED
    assert match([declined], [one(1), one(2, load=2)], NOW)[0].coach.staff == UUID(int=2)
    assert match([declined], [one(1)], NOW + ASK_AGAIN)[0].coach.staff == UUID(int=1)


def test_a_high_risk_parent_leaves_no_room_for_another() -> None:
    decisions = match([parent(1, turn=Turn.HIGH_RISK), parent(2)], [one(1)], NOW)
    assert [decision.parent.conversation for decision in decisions] == [UUID(int=1)]
    assert bar_of(one(1, high_risk=1), NOW) == Bar.HOLDS_HIGH_RISK


@given(st.integers(1, 200), gaps)
def test_an_expected_wait_is_honest(position: int, claim_gaps: list[float]) -> None:
    expected = expected_wait(position, claim_gaps)
    assert expected is not None
    assert 0 <= expected.p50 <= expected.p80
    further = expected_wait(position + 1, claim_gaps)
    assert further is not None
    assert further.p50 >= expected.p50
    assert further.p80 >= expected.p80
    slower = expected_wait(position, [gap * 2 for gap in claim_gaps])
    assert slower is not None
    assert slower.p50 >= expected.p50
    assert min(claim_gaps) * position - 1 <= expected.p50 <= max(claim_gaps) * position + 1


@given(st.integers(1, 50), st.lists(st.floats(0, 3600), max_size=4))
def test_too_little_known_says_nothing(position: int, claim_gaps: list[float]) -> None:
    assert expected_wait(position, claim_gaps) is None


def test_steady_claims_give_the_plain_product() -> None:
    expected = expected_wait(3, [60.0] * 10)
    assert expected is not None
    assert (expected.p50, expected.p80) == (180, 180)
