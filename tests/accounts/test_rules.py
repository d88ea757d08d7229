"""Passwords, addresses, return codes and the lives of sessions, decided without a database."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import (
    ABSOLUTE,
    COMMON_PASSWORDS,
    IDLE,
    PASSWORD_LEAST,
    PASSWORD_MOST,
    Viewer,
    email_fault,
    languages_fault,
    password_fault,
    session_lives,
    tidy_code,
    tidy_email,
    tidy_languages,
    tidy_password,
)

EMAIL, NAME = "carys.vane@example.org", "Carys Vane"
MOMENT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
WORD = st.from_regex(r"[a-z]{3,6}", fullmatch=True)


def test_good_passwords_pass_without_rules_about_odd_characters() -> None:
    for password in ("seven kettles on a lighthouse", "tŷ bach twt mewn coed", "correct 4 horse"):
        assert password_fault(password, email=EMAIL, name=NAME) is None


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * (PASSWORD_MOST + 1),
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "PasswordPassword",
        "123456789012",
        "carys.vane@example.org",
        "my Carys Vane password",
        "carysvane-in-2026",
        "CARYS.VANE.sings",
    ],
)
def test_weak_passwords_are_named_as_such(password: str) -> None:
    fault = password_fault(password, email=EMAIL, name=NAME)
    assert fault is not None
    assert fault.endswith(".")


def test_every_common_password_is_long_enough_to_matter_and_refused() -> None:
    for password in COMMON_PASSWORDS:
        assert len(password) >= PASSWORD_LEAST
        assert password_fault(password, email=EMAIL, name=NAME) is not None


@given(st.text(max_size=300))
def test_any_text_is_judged_and_no_short_one_passes(password: str) -> None:
    fault = password_fault(password, email=EMAIL, name=NAME)
    if len(tidy_password(password).casefold()) < PASSWORD_LEAST:
        assert fault is not None


def test_the_same_accent_from_two_keyboards_is_the_same_password() -> None:
    assert tidy_password("w\u0302y") == tidy_password("\u0175y")


@given(st.lists(WORD, min_size=4, max_size=4), st.sampled_from([" ", "-", ", ", "   ", " - ", "\u3000"]))
def test_a_code_is_the_same_however_it_is_written(words: list[str], between: str) -> None:
    plain = " ".join(words)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in words[0])
    assert tidy_code(f"  {between.join(words).upper()}. ") == plain
    assert tidy_code(between.join([wide, *words[1:]])) == plain


@given(st.text(max_size=120))
def test_any_text_is_four_words_or_nothing_and_tidying_twice_changes_nothing(text: str) -> None:
    tidied = tidy_code(text)
    assert tidied is None or (len(tidied.split(" ")) == 4 and tidy_code(tidied) == tidied)


def test_three_or_five_words_are_no_code() -> None:
    assert tidy_code("otter lamp river") is None
    assert tidy_code("otter lamp river moss tulip") is None
    assert tidy_code("") is None


@pytest.mark.parametrize(
    ("age", "unused", "lives"),
    [
        (timedelta(0), timedelta(0), True),
        (IDLE - timedelta(seconds=1), IDLE - timedelta(seconds=1), True),
        (IDLE, IDLE, False),
        (ABSOLUTE - timedelta(seconds=1), timedelta(0), True),
        (ABSOLUTE, timedelta(0), False),
    ],
)
def test_a_session_ends_when_idle_and_when_old(age: timedelta, unused: timedelta, lives: bool) -> None:
    opened, now = MOMENT, MOMENT + age
    seen = now - unused
    assert session_lives(created_at=opened, seen_at=seen, ended_at=None, now=now) is lives
    assert not session_lives(created_at=opened, seen_at=seen, ended_at=seen, now=now)


@pytest.mark.parametrize(
    "email", ["", "carys", "carys@", "@example.org", "carys@localhost", "a b@example.org", "a@b@example.org"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    assert email_fault(tidy_email(email)) is not None


def test_an_address_is_the_same_in_any_case() -> None:
    assert tidy_email("  Carys.Vane@Example.ORG ") == "carys.vane@example.org"
    assert email_fault("carys.vane@example.org") is None
    assert email_fault(f"{'a' * 64}@{'b' * 190}.org") is not None


def test_languages_keep_their_order_and_stand_once() -> None:
    assert tidy_languages("cy, EN,cy") == ("cy", "en")
    assert languages_fault(("cy", "en")) is None
    for wrong in ("", "english", "e", "en;cy"):
        assert languages_fault(tidy_languages(wrong)) is not None


def test_a_viewer_can_be_logged_without_their_name() -> None:
    viewer = Viewer(staff_id=uuid4(), session_id=uuid4(), role="coach", name=NAME)
    assert "Carys" not in repr(viewer)
    assert viewer.actor == f"coach:{viewer.staff_id}"
