"""The risk check: what it finds on messages that it was not made from, and how its flags explain it."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.safeguarding import Flag, classifier, detect, meanings
from app.safeguarding.risk import detect_from_parent
from app.safeguarding.rules import Category
from app.safeguarding.tokens import WHOLE, windows
from benchmarks.contenders import PROSE
from benchmarks.risk import read_messages, score
from training.risk_texts import BESIDE, EVERYDAY, LABELS, LONG, PAIRS, SIDEWAYS, all_words
from training.templates import read_templates
from training.train_risk import measured, source_hash

DATA = Path(__file__).parents[1] / "data" / "risk"
ROOM = Path(classifier.__file__).parent / "data"
# What was measured when the classifier was last trained, rounded down.
FLOORS = {
    "tuning": {"sensitivity": 0.97, "weakest category": 0.93, "PPV": 0.80},
    "final": {"sensitivity": 0.97, "weakest category": 0.88, "PPV": 0.84},
}
WHOLE_SET = {"sensitivity": 0.97, "weakest category": 0.94, "PPV": 0.82}
HALVES = [DATA / "tuning.jsonl", DATA / "final.jsonl"]


def _named(text: str) -> set[Category]:
    return {flag.category for flag in detect(text)}


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("She has been cutting herself again", Category.SUICIDE_SELF_HARM),
        ("my lad wants to unalive himself", Category.SUICIDE_SELF_HARM),
        ("his dad beats him with a belt", Category.ABUSE_NEGLECT),
        ("her uncle touched her down there", Category.SEXUAL_ABUSE),
        ("He put his hands round my throat last night", Category.DOMESTIC_ABUSE),
        ("my daughter hasnt come home since last night", Category.MISSING_CHILD),
        ("I shook the baby and I'm terrified", Category.HARM_TO_BABY),
        ("he took a knife to school today", Category.HARM_TO_OTHERS),
    ],
)
def test_a_plain_disclosure_is_named_with_its_words(text: str, category: Category) -> None:
    flags = {flag.category: flag for flag in detect(text)}
    assert category in flags
    assert 0 < flags[category].score <= 1
    assert flags[category].words
    assert all(words in text for words in flags[category].words)


@pytest.mark.parametrize(
    "text", ["", " \n ", "...", "😂", "thanks, that helps", "Hello", "my 3 year old wakes at 5, any tips"]
)
def test_what_tells_of_nothing_raises_nothing(text: str) -> None:
    assert detect(text) == []


def test_a_risk_in_the_middle_of_a_long_text_is_found() -> None:
    before, after = "We had a nice day at the park. " * 60, "Then we had pasta for tea. " * 60
    told = "He put his hands round my throat last night. "
    assert Category.DOMESTIC_ABUSE in _named(before + told + after)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=600))
def test_any_text_is_read_whole_and_words_are_quoted_as_written(text: str) -> None:
    for window in windows(text):
        assert len(window.tokens) <= WHOLE
    flags = detect(text)
    assert len({flag.category for flag in flags}) == len(flags)
    assert all(words in text for flag in flags for words in flag.words)


def test_a_flag_shows_nothing_in_its_repr() -> None:
    flag = Flag(Category.ABUSE_NEGLECT, 0.9, ("his dad hits him",))
    assert "hits" not in repr(flag)


def _falls_short(
    paths: list[Path], floors: dict[str, float], check: Callable[[str], list[Flag]]
) -> list[str]:
    """The floors that a check does not reach on these texts."""
    total = score([row for path in paths for row in read_messages(path)], check)
    weakest = min(total.found[name] / total.told[name] for name in total.told.keys() - {"all"})
    figures = {"sensitivity": total.sensitivity, "weakest category": weakest, "PPV": total.precision}
    return [name for name, figure in figures.items() if figure < floors[name]]


@pytest.mark.parametrize("path", HALVES, ids=lambda path: path.stem)
def test_it_reaches_the_floors(path: Path) -> None:
    assert _falls_short([path], FLOORS[path.stem], detect) == []


def test_it_reaches_the_floors_of_the_whole_set() -> None:
    assert _falls_short(HALVES, WHOLE_SET, detect) == []


@pytest.mark.parametrize("path", HALVES, ids=lambda path: path.stem)
def test_a_check_that_knows_nothing_falls_short(path: Path) -> None:
    always = Flag(Category.ABUSE_NEGLECT, 1.0, ())
    for floors in (FLOORS[path.stem], WHOLE_SET):
        assert _falls_short([path], floors, lambda _: [always]) == ["PPV"]
        assert "sensitivity" in _falls_short([path], floors, lambda _: [])


def test_the_test_set_is_whole_and_apart_from_training() -> None:
    rows = [row for path in HALVES for row in read_messages(path)]
    assert len(rows) >= 500
    assert {category for row in rows for category in row["categories"]} == {c.value for c in Category}
    assert sum(not row["risk"] for row in rows) * 2 >= len(rows)
    assert len({row["text"] for row in rows}) == len(rows)
    trained = {
        template.lower().removeprefix("+ ").removeprefix("- ")
        for name in (*LABELS, *SIDEWAYS, *BESIDE, *EVERYDAY, *LONG, *PAIRS)
        for template in read_templates(name)
    }
    everywhere = {row["text"].lower() for path in DATA.glob("*.jsonl") for row in read_messages(path)}
    assert {row["text"].lower() for row in rows} < everywhere
    assert not everywhere & trained


def test_the_model_is_the_one_that_its_card_names() -> None:
    card = json.loads((ROOM / "risk.card.json").read_text())
    weights = (ROOM / card["weights"]).read_bytes()
    assert sha256(weights).hexdigest() == card["sha256"]
    assert len(weights) <= 1 << 20
    words, numbers = (ROOM / card["meanings"][name] for name in ("words", "weights"))
    assert sha256(words.read_bytes() + numbers.read_bytes()).hexdigest() == card["meanings"]["sha256"]
    assert len(weights) + len(words.read_bytes()) + len(numbers.read_bytes()) <= 3 * 1024 * 1024
    assert source_hash() == card["made_from"], "train anew: make train-risk"


def test_the_card_says_what_is_measured() -> None:
    card = json.loads((ROOM / "risk.card.json").read_text())
    assert card["measured"] == measured(), "measure anew: python -m training.train_risk --measure"


def test_everyday_talk_calls_hardly_anybody() -> None:
    rows = read_messages(DATA / "small_talk.jsonl")
    assert len(rows) >= 300
    assert len({row["text"] for row in rows}) == len(rows)
    assert score(rows, detect_from_parent).false * 18 <= len(rows)
    assert score(rows, lambda _: [Flag(Category.ABUSE_NEGLECT, 1.0, ())]).false == len(rows)


@pytest.mark.parametrize(
    "text",
    [
        *(row["text"] for row in read_messages(DATA / "small_talk.jsonl") if row["note"] == "named"),
        PROSE,
    ],
)
def test_what_parents_say_every_day_calls_nobody(text: str) -> None:
    assert detect_from_parent(text) == []


def test_few_long_everyday_questions_call_people() -> None:
    rows = read_messages(DATA / "everyday.jsonl")
    assert all(len(row["text"].split()) > WHOLE for row in rows)
    called = score(rows, detect_from_parent)
    assert called.false * 10 <= called.quiet
    assert score(rows, lambda _: [Flag(Category.ABUSE_NEGLECT, 1.0, ())]).false == len(rows)


def test_fewer_than_half_of_long_texts_are_flagged_but_those_that_tell_of_a_risk() -> None:
    rows = read_messages(DATA / "long.jsonl")
    assert all(len(row["text"].split()) > WHOLE for row in rows)
    flagged = score(rows)
    assert flagged.sensitivity >= 0.93
    assert flagged.false * 2 < flagged.quiet
    assert score(rows, lambda _: []).sensitivity == 0


def test_small_talk_around_it_hides_no_plain_phrase() -> None:
    talk = "We had toast and then we went to the park with the dog. " * 8
    told = "My son says he wants to kill himself."
    assert detect_from_parent(talk + told + " " + talk)
    assert detect_from_parent(talk + talk) == []


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        ("he hits me", "he never hits me, we only argue about the dishes"),
        ("she wants to die", "in the film she wants to die"),
        ("he kicked the baby", "my back is killing me"),
        ("my son has run away and nobody has seen him", "the cat has run away, found under the shed"),
        ("my husband beats me", "my husband beats me at scrabble every time lol"),
    ],
)
def test_denial_story_and_idiom_call_nobody(told: str, denied: str) -> None:
    assert detect_from_parent(told)
    assert detect_from_parent(denied) == []


def test_other_weights_than_the_cards_are_refused() -> None:
    card, _ = classifier.stored()
    weights = bytearray((ROOM / card["weights"]).read_bytes())
    weights[0] ^= 1
    with pytest.raises(ValueError, match="not those that its card names"):
        classifier.read_tables(card, bytes(weights))


def test_other_meanings_than_the_cards_are_refused() -> None:
    card = classifier.stored()[0]["meanings"]
    words, numbers = ((ROOM / card[name]).read_bytes() for name in ("words", "weights"))
    with pytest.raises(ValueError, match="not those that its card names"):
        meanings.read_net(card, words, numbers[:-1] + bytes([numbers[-1] ^ 1]))


def test_what_a_window_means_hangs_on_no_window_beside_it() -> None:
    net = meanings.stored()
    some = [windows(text)[0].tokens for text in ("he ties it round his neck", "", "tea was late again", "hm")]
    together = net.weigh(some).tolist()
    assert together == [float(net.weigh([one])[0]) for one in some]
    assert together[0] != together[2]


def test_without_the_word_that_brings_most_a_window_nearly_always_weighs_less() -> None:
    net = meanings.stored()
    lighter = []
    for row in [row for half in HALVES for row in read_messages(half) if row["risk"]]:
        tokens = windows(row["text"])[0].tokens
        shares = net.shares(tokens)
        assert len(shares) == len(tokens)
        most = shares.index(max(shares))
        lighter.append(net.weigh([tokens[:most] + tokens[most + 1 :]])[0] < net.weigh([tokens])[0])
    assert sum(lighter) >= 0.95 * len(lighter)


def test_a_word_that_no_training_text_holds_is_read_by_its_like() -> None:
    net, ours = meanings.stored(), all_words()
    assert {"arsenic", "accordion"} <= net.rows.keys()
    assert not {"arsenic", "accordion"} & ours
    drug, thing = (windows(f"she took a lot of {word}")[0].tokens for word in ("arsenic", "accordion"))
    assert net.weigh([drug])[0] > net.weigh([thing])[0]
