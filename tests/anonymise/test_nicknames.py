"""Nicknames, short forms and slips of the pen: who may be one person, and who may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.anonymise import anonymise
from app.anonymise.nicknames import distance, related

WORDS = st.text(alphabet="abcde", max_size=7)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("lizzie", "elizabeth"),
        ("beth", "elizabeth"),
        ("zac", "zachary"),
        ("khads", "khadijah"),
        ("kadija", "khadijah"),
        ("mohamed", "muhammad"),
        ("shaz", "sharon"),
        ("jessicca", "jessica"),
        ("elizabeth", "beth"),
    ],
)
def test_one_person(word: str, name: str) -> None:
    assert related(word, name)


@pytest.mark.parametrize(
    ("word", "name"),
    [("eric", "erin"), ("tom", "tim"), ("class", "clara"), ("mum", "muhammad"), ("ella", "ellie")],
)
def test_two_people(word: str, name: str) -> None:
    assert not related(word, name)


@given(one=WORDS, other=WORDS)
def test_distance_is_even_handed_and_counts_slips(one: str, other: str) -> None:
    assert distance(one, other, most=3) == distance(other, one, most=3)
    assert distance(one, one, most=0) == 0
    assert distance(one, one + "x", most=1) == 1


def test_a_nickname_shares_its_bearers_pseudonym() -> None:
    assert anonymise(["my daughter Elizabeth is sad", "lizzie cried", "has Elizabeth slept?"]).texts == [
        "my daughter [PERSON_1] is sad",
        "[PERSON_1] cried",
        "has [PERSON_1] slept?",
    ]
