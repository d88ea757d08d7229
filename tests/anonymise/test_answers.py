"""A bare answer is found by the question before it."""

import pytest

from app.anonymise import anonymise, find


def found(question: str, answer: str) -> list[tuple[str, str]]:
    return [(answer[span.start : span.end], span.type) for span in find([question, answer])[1]]


_AGES = [("14", "AGE"), ("9", "AGE"), ("3", "AGE")]


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("How old is she?", "8", [("8", "AGE")]),
        ("How old are they?", "8, 6 and 4 months", [("8", "AGE"), ("6", "AGE"), ("4 months", "AGE")]),
        ("How many have you, and how old are they?", "three. 14, 9 and 3", _AGES),
        ("What should I call you?", "sue", [("sue", "PERSON")]),
        ("Which school is he at?", "teaselfield", [("teaselfield", "SCHOOL")]),
        ("Which hospital was it?", "the lister", [("lister", "HEALTH_ORG")]),
        ("Whereabouts are you?", "near corby", [("corby", "PLACE")]),
    ],
)  # fmt: skip
def test_an_answer_is_found(question: str, answer: str, expected: list[tuple[str, str]]) -> None:
    assert found(question, answer) == expected


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How old is he?", "i have told you 3 times"),
        ("How old is he?", "he was sick for 3 days"),
        ("What's her name?", "id rather not say"),
        ("Which school?", "mainstream primary"),
        ("Where do you live?", "in a flat"),
        ("How are you?", "8"),
    ],
)
def test_other_answers_are_left(question: str, answer: str) -> None:
    assert found(question, answer) == []


def test_anonymising_again_changes_nothing() -> None:
    texts = ["How many have you, and how old are they?", "three. 14, 9 and 3", "Which school?", "teaselfield"]
    once = anonymise(texts).texts
    assert anonymise(once).texts == once
