"""What is never masked is looked for only where one of its words stands; nothing is missed by that."""

import json
from pathlib import Path

import pytest

from app.anonymise import allowed

DATA = Path(__file__).parents[1] / "data" / "anon"
WRITTEN = (
    "in year7 and yrs 10, ks2, key stage 3, ehcps, ehc plan, ehc needs assessment, a-level, a & e, yr 4",
    "a.d.h.d, e h c p, s.e.n.d, c a m h s, star of the week, player of the match, beech class",
    "dressed as elsa, watched bluey, going as barbie, section 19, regulation 3, article 2, covid-19, term 3",
    "p7 to s1, ella's kitchen, Ellas Kitchen, build-a-bear toy, 'peppa pig', harry potter's wand, tourette's",
    "youngminds, young minds, family lives, not fine in school, square peg, parent talk, action for children",
)


@pytest.mark.parametrize("text", [part.strip() for line in WRITTEN for part in line.split(",")])
def test_every_word_is_blanked(text: str) -> None:
    assert allowed.BLANK in allowed.blanked(text)


@pytest.mark.parametrize("folder", ["development", "final", "everyday", "fourth"])
def test_a_text_without_these_words_holds_none(folder: str) -> None:
    for line in (DATA / folder / "messages.jsonl").read_text().splitlines():
        text = json.loads(line)["text"]
        if allowed._WORDS.search(text):
            assert not allowed._OF_WORDS.isdisjoint(allowed.words_of(text)), text


@pytest.mark.parametrize(
    "text",
    [
        "my Ella has a kitchen",
        "Ted the baker",
        "she is at the Florence Nightingale Hospital",
        "he starts at Roald Dahl Primary",
        "i work nights at Marks and Spencer",
        "Harry came and Potter did not",
        "my son Harry Potter is poorly",
        "his friend Peppa Pig, as they call her",
        "I'm Tom Daley by the way",
        "Chloe Kelly and Ted Baker are in her class",
        "Charlie and Lola will not sleep",
        "Jo loves the park, George at nursery does not",
    ],
)
def test_a_person_a_place_named_after_somebody_and_an_employer_stay(text: str) -> None:
    assert allowed.blanked(text) == text


def test_each_list_of_phrases_holds_each_of_its_phrases_once() -> None:
    for name in allowed.PHRASES:
        phrases = allowed._LISTED[name]
        assert len(phrases) == len(set(phrases)), name
        assert all(phrase == phrase.strip().casefold() for phrase in phrases), name
