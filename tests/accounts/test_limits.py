"""The sliding window: exact, and bounded in memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from app.accounts.limits import Windows, address


def connection_from(host: str | None) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [], "client": (host, 4711) if host else None})


def test_so_many_places_a_minute_and_then_the_wait_is_told() -> None:
    windows = Windows()
    assert [windows.take("a", most=3, now=at) for at in (0.0, 10.0, 20.0)] == [0.0, 0.0, 0.0]
    assert windows.take("a", most=3, now=30.0) == 30.0
    assert windows.take("b", most=3, now=30.0) == 0.0
    assert windows.take("a", most=3, now=60.0) == 0.0
    assert windows.take("a", most=3, now=60.0) == 10.0


def test_a_place_given_back_can_be_taken_again() -> None:
    windows = Windows()
    for at in range(100):
        assert windows.take("a", most=1, now=float(at)) == 0.0
        windows.give_back("a")
    windows.give_back("never taken")
    assert windows.take("a", most=1, now=100.0) == 0.0
    assert windows.take("a", most=1, now=100.0) > 0


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=80), st.integers(min_value=1, max_value=6))
def test_no_window_of_a_minute_ever_holds_more(steps: list[float], most: int) -> None:
    windows, now, taken = Windows(), 0.0, []
    for step in steps:
        now += step
        if windows.take("a", most=most, now=now) == 0.0:
            taken.append(now)
    for first in taken:
        assert sum(first <= at < first + 60 for at in taken) <= most


def test_a_flood_of_addresses_cannot_fill_the_memory() -> None:
    windows = Windows(most_keys=100)
    for number in range(10_000):
        windows.take(f"address {number}", most=5, now=0.0)
    assert len(windows) == 100


def test_nothing_is_let_through_where_nothing_is_allowed() -> None:
    assert Windows().take("a", most=0, now=5.0) == 60.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        (None, "testclient", False),
    ],
)
def test_one_connection_to_the_internet_is_one_address(one: str | None, other: str, same: bool) -> None:
    assert (address(connection_from(one)) == address(connection_from(other))) is same
