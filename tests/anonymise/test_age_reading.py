"""A number is read as an age from what stands around it, in forms that no rule names."""

import json
from hashlib import sha256

import pytest

from app.anonymise.age_reading import CARD, MODEL, features, read, words_of
from app.anonymise.ages import aged
from training import train_ages


def found(text: str) -> list[str]:
    return sorted({text[span.start : span.end] for span in aged(text)}, key=text.index)


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("nearing 17 and wants to drive", ["17"]),
        ("just shy of 12", ["12"]),
        ("two months off turning 16", ["16"]),
        ("little brother's 20 months", ["20 months"]),
        ("how old? 10", ["10"]),
        ("still only nine!!", ["nine"]),
        ("fifteen and he's never had a friend round", ["fifteen"]),
        ("she is in y4, 8 years", ["8"]),
        ("you would not think he was 12 to look at him", ["12"]),
        ("we did nothing for his 10th because of work", ["10th"]),
    ],
)
def test_further_turns_that_tell_an_age(text: str, ages: list[str]) -> None:
    assert found(text) == ages


@pytest.mark.parametrize(
    "text",
    [
        "he's 5 years into a course",
        "he is 10 weeks post op",
        "we had 6 sessions of cbt",
        "up at 5 every day",
        "there are 34 in the class",
        "the number 7 bus is late",
    ],
)
def test_numbers_that_count_something_else(text: str) -> None:
    assert found(text) == []


def test_an_age_is_read_with_its_unit() -> None:
    text = "my baby is 14 weeks and screams all night"
    assert {text[start:end] for start, end in read(text)} == {"14 weeks"}


def test_what_is_told_of_a_number_names_no_number_beside_it() -> None:
    words = words_of("she was 8 and he was 11")
    assert not any("11" in told for told in features(words, 2))


def test_the_model_is_its_cards() -> None:
    card = json.loads(CARD.read_text(encoding="utf-8"))
    assert sha256(MODEL.read_bytes()).hexdigest() == card["sha256"]


def test_a_model_that_is_not_its_cards_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check's negative control."""
    assert train_ages.stale() == 0
    monkeypatch.setattr(train_ages, "source_hash", lambda: "another")
    assert train_ages.stale() == 1


@pytest.mark.parametrize("text", ["she scored 7/10 and 3/5", "it cost £9", "he is ² tall", "up by 12%"])
def test_a_part_of_another_number_is_no_age(text: str) -> None:
    assert list(read(text)) == []
