"""A name that is also a character's, a brand's or a famous person's is found where somebody bears it."""

import pytest

from app.anonymise import anonymise, find, leaks


def _masked(*texts: str) -> list[list[str]]:
    spans = find(list(texts))
    return [[text[s.start : s.end] for s in found] for text, found in zip(texts, spans, strict=True)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mr Potter rang about the detention", "Potter"),
        ("my daughter Alexa won't eat", "Alexa"),
        ("my daughter alexa wont eat", "alexa"),
        ("Simba is my nephew and he never sits still", "Simba"),
        ("Alexa is my youngest.", "Alexa"),
        ("our Elsa is 6 and clings to me", "Elsa"),
        ("Mr Bean the caretaker found him", "Bean"),
        ("Mr Bean, our deputy, sent him home", "Bean"),
        ("his teacher is called Taylor Swift", "Taylor Swift"),
        ("the support worker harry kane came again", "harry kane"),
        ("Marcus Rashford is the name of the boy who hit her", "Marcus Rashford"),
        ("we spent the night on Peter Pan Ward", "Peter Pan Ward"),
        ("they excluded from Isaac Newton two boys", "Isaac Newton"),
        ("I was watching Thomas in the playground", "Thomas"),
        ("i watched oliver hit his sister", "oliver"),
    ],
)
def test_whoever_bears_a_famous_name_is_found(text: str, name: str) -> None:
    assert name in _masked(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "we watched Mr Bean and he laughed",
        "he loves Mr Bean, the old ones",
        "Taylor Swift is on again",
        "Marcus Rashford got us our dinners",
        "she was watching Thomas and wouldn't come",
        "reading Peter Pan in bed again",
        "Alexa is my daughter's favourite toy",
        "the elsa dress is in the wash",
        "Minecraft is his favourite, and Roblox",
        "they thanked Harry Potter for her love of reading",
        "his SENCO is lovely",
    ],
)
def test_the_famous_themselves_stay(text: str) -> None:
    assert _masked(text) == [[]]


def test_who_is_found_once_is_found_in_every_turn() -> None:
    texts = ["Mr Bean, the head, rang", "I'd like Mr Bean to listen"]
    assert _masked(*texts) == [["Bean"], ["Bean"]]
    outcome = anonymise(texts)
    assert leaks(texts, outcome.spans, outcome.texts) == []
    assert anonymise(outcome.texts).texts == outcome.texts
