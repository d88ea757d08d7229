"""Codes are found by full id or bare child, and an unknown one says what may have been meant."""

import pytest

from app.content.rules import KINDS, UnknownCode


@pytest.mark.parametrize(
    ("asked", "id_"),
    [
        ("sleep", "sleep"),
        ("sleep/bedtime", "sleep/bedtime"),
        ("bedtime", "sleep/bedtime"),
        (" School Refusal ", "school-attendance/school-refusal"),
    ],
)
def test_a_code_is_found_by_its_id_or_its_bare_child(invented, asked, id_):
    assert invented.codebook.resolve(asked) == id_


@pytest.mark.parametrize("asked", ["EBSA", "ffobia ysgol", "school-refusel", "school-refusal "[:-2]])
def test_an_unknown_code_names_what_looks_like_it(invented, asked):
    with pytest.raises(UnknownCode) as refused:
        invented.codebook.resolve(asked)
    assert "school-attendance/school-refusal" in refused.value.next_step
    assert refused.value.code == "bad_request"


def test_a_child_under_two_parents_must_be_told_apart(invented):
    with pytest.raises(UnknownCode) as refused:
        invented.codebook.resolve("past")
    assert "bullying/past, domestic-abuse/past" in refused.value.next_step


@pytest.mark.parametrize("asked", ["", "/", "zzzzzz"])
def test_nonsense_is_refused(invented, asked):
    with pytest.raises(UnknownCode):
        invented.codebook.resolve(asked)


def test_codes_are_known_by_kind(invented):
    book = invented.codebook
    assert book.known("barrier", "poverty")
    assert not book.known("topic", "poverty")
    assert book.code("disposition", "prank").data is False


def test_every_id_of_the_charity_resolves_to_itself(charity):
    for kind in KINDS:
        for code in charity.codebook.codes(kind):
            assert charity.codebook.resolve(code.id, kind=kind) == code.id
