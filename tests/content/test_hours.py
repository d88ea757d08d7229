"""Opening hours on the wall clock: several periods, holidays, exceptions, and the two changes of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content.rules import Hours, Period, is_open, next_opening

LONDON = ZoneInfo("Europe/London")
WEEK = ((Period(570, 750), Period(1080, 1260)),) * 5 + ((), ())
PLAIN = Hours(time_zone="Europe/London", holidays=("ENG",), week=WEEK)


def london(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold)


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-02T09:29", False),
        ("2026-11-02T09:30", True),
        ("2026-11-02T12:29:59", True),
        ("2026-11-02T12:30", False),
        ("2026-11-02T15:00", False),
        ("2026-11-02T18:00", True),
        ("2026-11-02T21:00", False),
        ("2026-11-01T10:00", False),  # a Sunday
        ("2026-05-25T10:00", False),  # the spring bank holiday
        ("2026-12-25T10:00", False),
        ("2026-12-28T10:00", False),  # Boxing Day, kept on the Monday
    ],
)
def test_several_periods_a_day_and_holidays(at, open_):
    assert is_open(PLAIN, london(at)) is open_


def test_winter_and_summer_keep_the_wall_clock():
    assert is_open(PLAIN, datetime(2026, 1, 5, 9, 30, tzinfo=UTC))
    assert not is_open(PLAIN, datetime(2026, 7, 6, 8, 29, tzinfo=UTC))
    assert is_open(PLAIN, datetime(2026, 7, 6, 8, 30, tzinfo=UTC))


def test_holidays_are_those_of_the_nations_named():
    andrew = london("2026-11-30T10:00")
    assert is_open(PLAIN, andrew)
    assert not is_open(msgspec.structs.replace(PLAIN, holidays=("ENG", "SCT")), andrew)
    assert is_open(msgspec.structs.replace(PLAIN, holidays=()), london("2026-12-25T10:00"))


def test_an_exception_counts_above_week_and_holidays(invented):
    assert is_open(invented.hours, london("2026-12-25T10:30"))
    assert not is_open(invented.hours, london("2026-12-25T11:00"))
    assert not is_open(invented.hours, london("2026-12-29T10:00"))


def test_a_day_may_be_open_from_midnight_to_midnight(invented):
    assert is_open(invented.hours, london("2026-11-05T00:00"))
    assert is_open(invented.hours, london("2026-11-05T23:59:59"))
    assert not is_open(invented.hours, london("2026-11-06T00:00"))


@pytest.mark.parametrize(
    ("at", "following"),
    [
        ("2026-11-02T07:00", "2026-11-02T09:30"),
        ("2026-11-02T10:00", "2026-11-02T10:00"),
        ("2026-11-02T12:30", "2026-11-02T18:00"),
        ("2026-11-06T21:00", "2026-11-09T09:30"),
        ("2026-12-24T21:00", "2026-12-29T09:30"),  # Christmas, a weekend, and Boxing Day kept on the Monday
    ],
)
def test_the_next_opening(at, following):
    assert next_opening(PLAIN, london(at)) == london(following)


def test_a_service_that_never_opens_has_no_next_opening():
    shut = msgspec.structs.replace(PLAIN, week=((),) * 7)
    assert next_opening(shut, london("2026-11-02T10:00")) is None


def test_a_period_that_the_spring_skips_into_opens_when_the_clock_jumps(invented):
    """At 01:00 on 29 March 2026 clocks go to 02:00; the period is 01:30 to 02:30."""
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert not is_open(invented.hours, before)
    assert is_open(invented.hours, jump)
    assert next_opening(invented.hours, before) == jump
    assert not is_open(invented.hours, jump + timedelta(minutes=30))


def test_a_period_that_the_autumn_repeats_opens_twice(invented):
    """At 02:00 on 25 October 2026 clocks go back to 01:00; the period is 01:30 to 02:30."""
    first = london("2026-10-25T01:30", fold=0)
    second = london("2026-10-25T01:30", fold=1)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    assert next_opening(invented.hours, datetime(2026, 10, 25, 0, 0, tzinfo=UTC)) == first
    back = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert not is_open(invented.hours, back)
    assert next_opening(invented.hours, back).astimezone(UTC) == second.astimezone(UTC)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[Period, ...], ...]:
    """Seven days of up to three periods each, in order and apart."""
    days = []
    for _ in range(7):
        marks = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
        days.append(tuple(Period(*pair) for pair in zip(marks[::2], marks[1::2], strict=False)))
    return tuple(days)


NEAR_CHANGES = st.sampled_from([datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)])


@given(week=weeks(), start=NEAR_CHANGES, minutes=st.integers(0, 4 * 1440))
def test_nothing_is_open_before_the_next_opening(week, start, minutes):
    """Walk every minute from a moment near a change of clocks to the opening that was named."""
    hours = Hours(time_zone="Europe/London", holidays=(), week=week)
    at = start + timedelta(minutes=minutes)
    following = next_opening(hours, at)
    if following is None:
        assert not any(week)
        return
    assert is_open(hours, following)
    moment = at
    while moment < following:
        assert not is_open(hours, moment)
        moment += timedelta(minutes=1)
