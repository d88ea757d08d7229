"""What detection sees of a text: normalised, and every place traced back to the text as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.anonymise import anonymise, detect
from app.anonymise.spans import Span
from app.anonymise.view import View


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("my son Zo\u0308e\u0308lle is sad", "my son [PERSON_1] is sad"),  # accents typed apart
        ("Tom\u200bos hit me", "[PERSON_1] hit me"),  # an invisible break inside
        ("\uff34\uff4f\uff4d\uff4f\uff53 hit me", "[PERSON_1] hit me"),  # full width
        (
            "\U0001d413\U0001d428\U0001d426\U0001d428\U0001d42c hit me",
            "[PERSON_1] hit me",
        ),  # mathematical bold
        ("Tomos\u2019s teacher", "[PERSON_1]\u2019s teacher"),
        ("ring 07700\u2011900\u2011123 now", "ring [PHONE] now"),
        ("SA99\u00a01ZZ it is", "[POSTCODE] it is"),
    ],
)
def test_what_is_written_oddly_is_masked_whole(written: str, masked: str) -> None:
    assert anonymise([written]).texts == [masked]


@given(text=st.text(alphabet="abe \u0301\u200b\u2019\uff34\u00bdA[]_1\ue000", max_size=30))
def test_each_place_of_the_view_leads_back(text: str) -> None:
    view = View.of(text, [])
    if not view.starts:
        assert view.text in (text, "")
        return
    assert len(view.text) == len(view.starts) == len(view.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(view.starts, view.ends, strict=True))
    assert list(view.starts) == sorted(view.starts)


def test_a_masked_span_is_one_blank() -> None:
    text = "my son Tomos is sad"
    view = View.of(text, detect(text))
    assert view.text == "my son \ue000 is sad"
    assert view.original(Span(9, 11, "PERSON", 1.0, "", "")) == Span(13, 15, "PERSON", 1.0, "", "")
