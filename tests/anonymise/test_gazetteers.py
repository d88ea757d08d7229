"""The gazetteers say what they were built for, and are what the locked packages give."""

import pytest

from app.anonymise import words
from app.anonymise.words import NotBuilt, flags_of, lexicon, long_places
from training import gazetteers


@pytest.mark.parametrize("name", ["oliver", "khadijah", "zofia", "aoife", "chukwuemeka", "arjun", "siobhan"])
def test_given_names_of_many_origins_are_known(name: str) -> None:
    assert "G" in flags_of(name)


@pytest.mark.parametrize("word", ["the", "school", "monday", "washington", "lego", "mum"])
def test_what_is_no_name_is_not_one(word: str) -> None:
    assert "G" not in flags_of(word)


def test_a_name_that_is_a_word_is_both() -> None:
    assert all({"G", "O"} <= set(flags_of(word)) for word in ("hope", "will", "mark", "grace", "rose"))


def test_places_are_known() -> None:
    assert "P" in flags_of("wrexham")
    assert ("chipping", "sodbury") in long_places()["chipping"]


def test_building_again_gives_the_same() -> None:
    assert words.LEXICON.read_text(encoding="utf-8").splitlines() == gazetteers.lexicon()


def test_without_gazetteers_nothing_is_anonymised(monkeypatch: pytest.MonkeyPatch) -> None:
    lexicon.cache_clear()
    monkeypatch.setattr(words, "LEXICON", words.ROOM / "data" / "nothing.tsv")
    with pytest.raises(NotBuilt):
        lexicon()
    monkeypatch.undo()
    assert lexicon()
