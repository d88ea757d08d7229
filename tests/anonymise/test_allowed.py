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
