"""What a conversation may do: every pair of states, and every text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.chat.rules import TRANSITIONS, Speaker, Status, may_become, may_post, text_fault, tidy

WAYS = {
    ("waiting", "open"),
    ("waiting", "abandoned"),
    ("open", "wrap_up"),
    ("open", "waiting"),
    ("wrap_up", "closed"),
}


@pytest.mark.parametrize("following", list(Status))
@pytest.mark.parametrize("status", list(Status))
def test_only_these_ways_lead_on(status: Status, following: Status) -> None:
    assert may_become(status, following) == ((status.value, following.value) in WAYS)


def test_every_state_says_where_it_leads() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize("speaker", list(Speaker))
@pytest.mark.parametrize("status", list(Status))
def test_who_may_write_when(status: Status, speaker: Speaker) -> None:
    wanted = {"waiting": {"parent"}, "open": {"parent", "coach", "supervisor"}}
    assert may_post(status, speaker) == (speaker.value in wanted.get(status.value, set()))


@given(st.text(alphabet=st.characters()))
@example("e\u0301")
@example("\ud800")
def test_tidying_is_nfc_and_done_once(body: str) -> None:
    assert tidy(body) == unicodedata.normalize("NFC", body) == tidy(tidy(body))


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(1, 50))
@example("\ud800", 50)
@example("a\0b", 50)
@example(" \u2003\n", 50)
def test_what_passes_can_be_stored_and_is_short_enough(body: str, limit: int) -> None:
    fault = text_fault(body, limit=limit)
    if fault is None:
        assert 0 < len(body) <= limit
        assert body.strip()
        assert body.encode().decode() == body
        assert "\0" not in body
    else:
        assert fault in ("bad_request", "too_large")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50))
def test_any_ordinary_text_passes(body: str) -> None:
    assert text_fault(f"x{body}", limit=51) is None


def test_the_limit_is_in_characters() -> None:
    assert text_fault("🙂" * 4000, limit=4000) is None
    assert text_fault("🙂" * 4001, limit=4000) == "too_large"
