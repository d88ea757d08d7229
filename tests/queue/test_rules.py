"""Who is next and how long it may take, over generated queues."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.queue.rules import LANGUAGE_WAIT, Waiting, expected_wait, has_room, in_order, next_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

waiting = st.builds(
    Waiting,
    conversation=st.integers(0, 2**64).map(lambda number: UUID(int=number)),
    entered_at=st.integers(0, 3600).map(lambda ago: NOW - timedelta(seconds=ago)),
    priority=st.sampled_from([0, 0, 0, 1]),
    language=st.sampled_from(["en", "cy"]),
)
queues = st.lists(waiting, max_size=30, unique_by=lambda entry: entry.conversation)
gaps = st.lists(st.floats(0, 3600, allow_nan=False), min_size=5, max_size=50)


@given(queues, st.randoms())
def test_the_order_is_the_same_however_it_was_read(queue: list[Waiting], random: object) -> None:
    shuffled = list(queue)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert in_order(shuffled) == in_order(queue)
    assert sorted(map(repr, in_order(queue))) == sorted(map(repr, queue))


@given(queues)
def test_high_risk_first_then_first_come_first_served(queue: list[Waiting]) -> None:
    ordered = in_order(queue)
    for before, after in itertools.pairwise(ordered):
        assert before.priority >= after.priority
        if before.priority == after.priority:
            assert before.entered_at <= after.entered_at


@given(queues, st.sampled_from([["en"], ["cy"], ["cy", "en"]]))
def test_only_a_language_passes_somebody_over_and_for_ten_minutes_at_most(
    queue: list[Waiting], languages: list[str]
) -> None:
    offered = next_for(queue, languages=languages, now=NOW)
    assert offered == [entry for entry in in_order(queue) if entry in offered], "fit changes no order"
    for entry in queue:
        if entry not in offered:
            assert entry.language not in languages
            assert entry.priority == 0
            assert NOW - entry.entered_at < LANGUAGE_WAIT
    if set(languages) == {"cy", "en"}:
        assert len(offered) == len(queue)


@given(queues)
def test_nobody_is_passed_over_for_ever(queue: list[Waiting]) -> None:
    assert len(next_for(queue, languages=["en"], now=NOW + LANGUAGE_WAIT)) == len(queue)


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


@given(st.integers(0, 12), st.integers(1, 10))
def test_room_ends_at_the_capacity(load: int, capacity: int) -> None:
    assert has_room(load=load, capacity=capacity) == (load < capacity)
