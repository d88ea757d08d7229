"""Identifiers in words, as parents write them when they think that a machine reads along."""

import pytest

from app.anonymise import anonymise


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("ring me on oh seven seven double oh nine hundred one two three", "seven seven"),
        ("it is zero one six three two, nine six zero one two three", "six three"),
        ("email me at jo dot bloggs at gmail dot com", "bloggs"),
        ("its jo underscore b at example dot co dot uk", "example"),
        ("K I E R A N is his name", "K I E R A N"),
        ("he is in ysgol glan morfa now", "morfa"),
    ],
)
def test_identifiers_in_words_are_masked(text: str, telling: str) -> None:
    (masked,) = anonymise([text], known=[]).texts
    assert telling not in masked


@pytest.mark.parametrize(
    "text",
    [
        "He has A D H D and we wait for the E H C P",
        "one or two of them, maybe three",
        "we look at one dot at a time",
        "ysgol means school in Welsh",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert anonymise([text], known=[]).texts[0] == text
