"""Periods: what may be asked for, and in which month a moment lies."""

from datetime import UTC, date, datetime

import pytest

from app.errors import BadRequest
from app.export.periods import month_of, parse_period, year_of


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-03", date(2026, 3, 1), date(2026, 3, 1)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 1)),
        ("2026-q4", date(2026, 10, 1), date(2026, 12, 1)),
        ("2026", date(2026, 1, 1), date(2026, 12, 1)),
        ("2025/26", date(2025, 4, 1), date(2026, 3, 1)),
        ("2099/00", date(2099, 4, 1), date(2100, 3, 1)),
    ],
)
def test_periods_are_whole_months(text: str, first: date, last: date) -> None:
    period = parse_period(text)
    assert (period.first, period.last) == (first, last)
    assert (period.months()[0], period.months()[-1]) == (first, last)


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "2025/27", "March", "2026-03-01", "1999"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_period(text)
    assert "2025/26" in refused.value.next_step


def test_a_month_is_london_s() -> None:
    assert month_of(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert month_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC)) == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("month", "name"),
    [(date(2026, 3, 1), "2025/26"), (date(2026, 4, 1), "2026/27"), (date(2100, 1, 1), "2099/00")],
)
def test_the_years_of_reports_turn_in_april(month: date, name: str) -> None:
    assert year_of(month).name == name
