"""The simulated queue keeps its promises, and the checker finds each one that is broken on purpose."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from app.queue.rules import Coach, Waiting, match
from app.rehearsal.arrivals import HOUR_S, MEAN_S, Service, arrivals
from app.rehearsal.queue_check import check
from app.rehearsal.queue_run import Given, Policy, Run, by_rules, first_in_first_out, simulate_queue
from app.rehearsal.staffing import WANTED_S, compare, staffing
from app.rehearsal.staffing import at as share_of

BUSY = Service(arrivals=2500, coaches=12, seed=7)
SMALL = replace(BUSY, arrivals=500)


def test_a_busy_service_breaks_no_promise() -> None:
    run = simulate_queue(BUSY)
    found = check(run)
    assert found.faults == []
    assert found.overtaken_by_high_risk > 0
    assert found.overtaken_for_language > 0
    assert found.longest_for_language_s < 600
    assert len(run.waits) + run.left == BUSY.arrivals, "nobody is left out"


def test_the_same_seed_is_the_same_service() -> None:
    assert simulate_queue(SMALL).journal == simulate_queue(SMALL).journal
    assert simulate_queue(SMALL).journal != simulate_queue(replace(SMALL, seed=8)).journal


def test_as_many_arrive_as_the_load_says() -> None:
    coming = list(arrivals(replace(BUSY, arrivals=20_000)))
    assert [each.at for each in coming] == sorted(each.at for each in coming)
    rate = len(coming) / coming[-1].at
    assert rate * MEAN_S / (BUSY.coaches * BUSY.capacity) == pytest.approx(BUSY.load, rel=0.05)
    assert all(24 * 60 <= each.lasts_s <= HOUR_S for each in coming)


def _newest_first(waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime) -> Sequence[Given]:
    turned = [replace(each, entered_at=now - (each.entered_at - now)) for each in waiting]
    by_id = {each.conversation: each for each in waiting}
    return [(by_id[each.parent.conversation], each.coach) for each in match(turned, coaches, now)]


def _asleep(waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime) -> Sequence[Given]:
    return by_rules(waiting, coaches, now) if now.minute % 10 == 0 else []


def _language_for_ever(
    waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime
) -> Sequence[Given]:
    fresh = [replace(each, entered_at=max(each.entered_at, now - timedelta(minutes=9))) for each in waiting]
    by_id = {each.conversation: each for each in waiting}
    return [(by_id[each.parent.conversation], each.coach) for each in match(fresh, coaches, now)]


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        pytest.param(_newest_first, "overtook", id="the newest first"),
        pytest.param(first_in_first_out, "overtook", id="no heed of risk"),
        pytest.param(_asleep, "waits while a coach is free", id="asleep most of the time"),
        pytest.param(_asleep, "at risk waited over a minute", id="and with it who is at risk"),
        pytest.param(_language_for_ever, "waits while a coach is free", id="a language for ever"),
    ],
)
def test_another_policy_is_caught(policy: Policy, named: str) -> None:
    welsh = replace(SMALL, arrivals=1500, welsh_parents=0.3, at_risk=0.1)
    assert any(named in fault for fault in check(simulate_queue(welsh, policy)).faults)


def _without(what: str) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.journal = [each for each in run.journal if each.what != what]

    return change


def _longer_debriefs(run: Run) -> None:
    run.journal = [replace(each, until=each.until + 60) if each.until else each for each in run.journal]


def _earlier_risk(run: Run) -> None:
    """All those whom a coach holds were at risk from the beginning."""
    run.arrivals = {whose: replace(each, high_risk=True) for whose, each in run.arrivals.items()}


def _one_place_less(run: Run) -> None:
    run.coaches = [structs.replace(coach, capacity=coach.capacity - 1) for coach in run.coaches]


def _breaks_without_end(run: Run) -> None:
    _without("back")(run)


def _one_is_lost(run: Run) -> None:
    whose = next(each.conversation for each in run.journal if each.what == "left")
    run.journal = [each for each in run.journal if (each.what, each.conversation) != ("left", whose)]


def _one_is_given_twice(run: Run) -> None:
    number = next(at for at, each in enumerate(run.journal) if each.what == "given")
    run.journal.insert(number, run.journal[number])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_one_place_less, "more than they can hold"),
        (_breaks_without_end, "on their break"),
        (_longer_debriefs, "during a debrief"),
        (_earlier_risk, "with a parent at risk was given another"),
        (_one_is_lost, "is left waiting for ever"),
        (_one_is_given_twice, "given and did not wait"),
    ],
)
def test_a_journal_that_was_tampered_with_is_caught(change: Callable[[Run], None], named: str) -> None:
    run = simulate_queue(SMALL)
    assert check(run).faults == []
    change(run)
    assert any(named in fault for fault in check(run).faults)


def test_the_rules_are_compared_with_plain_first_in_first_out() -> None:
    (rules, plain), findings = compare(replace(SMALL, arrivals=1500))
    assert findings.faults == []
    assert rules.at_risk_p95 < plain.at_risk_p95
    assert rules.most - rules.fewest < plain.most - plain.fewest
    assert rules.welsh_met > plain.welsh_met


def test_coaches_are_added_until_four_in_five_wait_under_five_minutes() -> None:
    tried = staffing(SMALL, arrivals=400)
    assert [one.coaches for one in tried] == sorted(one.coaches for one in tried)
    assert tried[-1].p80 < WANTED_S <= min(one.p80 for one in tried[:-1])
    assert tried[-1].left < tried[0].left
    assert share_of([1.0, 2.0, 3.0], 0.5) == 2.0
