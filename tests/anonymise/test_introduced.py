"""People who are introduced by their age, sign on, or are initials; and words that look like it."""

import pytest

from app.anonymise import detect
from app.anonymise.introduced import introduced


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in introduced(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Jago, hes 8, autistic", ["Jago"]),
        ("its about Brunetta (14)", ["Brunetta"]),
        ("its Pip again from yesterday", ["Pip"]),
        ("TJ smashed the telly", ["TJ"]),
    ],
)
def test_who_is_introduced_is_found(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text", ["Year 9 (14 of them)", "TA said no", "its me again", "In March, 12 of us", "the dog, 3, bites"]
)
def test_what_is_nobody_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["he wants a Zorbit like his mates", "we use the Zorbit app", "I rang ZORB about it"]
)
def test_a_thing_with_a_capital_is_nobody(text: str) -> None:
    assert detect(text) == []
