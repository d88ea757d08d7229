"""Questions are read strictly, cut gently and turned into scripts that a seed repeats."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content.reading import read_content
from app.content.rules import Codebook
from app.errors import BadRequest
from app.rehearsal.questions import in_messages, read_questions
from app.rehearsal.scripts import Script, read_mapping, write_scripts
from app.settings import PROJECT

QUESTIONS = Path(__file__).parent.parent / "data" / "questions.jsonl"


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return read_content(PROJECT / "content").codebook


def scripts(codebook: Codebook, *, seed: int = 1, consent: float = 0.6, limit: int = 4000) -> list[Script]:
    return write_scripts(
        read_questions(QUESTIONS), codebook=codebook, seed=seed, consent=consent, limit=limit
    )


def said(found: list[Script]) -> list[tuple[object, ...]]:
    return [
        (s.canary, s.opening, s.replies, s.nods, s.consent, tuple(s.child.items()), s.drops) for s in found
    ]


def test_the_same_seed_plays_the_same_rehearsal(codebook: Codebook) -> None:
    assert said(scripts(codebook)) == said(scripts(codebook))
    assert said(scripts(codebook)) != said(scripts(codebook, seed=2))


def test_each_conversation_has_a_canary_of_its_own_on_both_sides(codebook: Codebook) -> None:
    found = scripts(codebook)
    assert len({script.canary for script in found}) == len(found)
    assert all(script.canary in script.opening[0] and script.canary in script.replies[0] for script in found)


@pytest.mark.parametrize(("consent", "expected"), [(0.0, 0), (1.0, 30)])
def test_consent_is_a_share(codebook: Codebook, consent: float, expected: int) -> None:
    assert sum(script.consent for script in scripts(codebook, consent=consent)) == expected


def test_every_code_that_a_script_uses_is_in_the_codebook(codebook: Codebook) -> None:
    for label in read_mapping().labels.values():
        assert all(codebook.known("topic", topic) for topic in label.topics)
    for script in scripts(codebook):
        assert 1 <= len(script.topics) <= 3
        assert all(codebook.known("topic", topic) for topic in script.topics)
        assert all(codebook.known("barrier", barrier) for barrier in script.barriers)
        assert all(codebook.known("service_gap", gap) for gap in script.service_gaps)
        assert codebook.known("disposition", script.disposition)


def test_a_label_that_nobody_knows_falls_back(codebook: Codebook) -> None:
    assert scripts(codebook)[-1].topics == ("practical",)


def test_violence_at_home_leads_to_concerns(codebook: Codebook) -> None:
    raised = {script.concern for seed in range(8) for script in scripts(codebook, seed=seed)}
    assert {"domestic_abuse", "suicide_self_harm", None} <= raised


def test_scripts_show_no_words_when_printed(codebook: Codebook) -> None:
    script = scripts(codebook)[0]
    assert script.opening[0] not in repr(script)
    assert read_questions(QUESTIONS)[0].text not in repr(read_questions(QUESTIONS)[0])


def test_a_long_text_is_cut_at_sentences() -> None:
    assert in_messages("One is short. Two is longer! Three?", limit=20) == [
        "One is short.",
        "Two is longer!",
        "Three?",
    ]


@given(st.text(), st.integers(1, 50))
def test_no_message_is_too_long_or_empty_and_no_word_is_lost(text: str, limit: int) -> None:
    messages = in_messages(text, limit=limit)
    assert all(0 < len(message) <= limit for message in messages)
    assert "".join("".join(messages).split()) == "".join(text.replace("\0", "").split())


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"id": "1", "topic": "sleep", "title": "t", "text": "x"}',
        '{"id": "1", "topic": "sleep", "title": " ", "text": "", "reply": "r"}',
        '{"id": "1", "topic": "sleep", "title": "t", "text": "x", "reply": " "}',
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(QUESTIONS.read_text(encoding="utf-8").splitlines()[0] + "\n\n" + line, encoding="utf-8")
    with pytest.raises(BadRequest, match="Line 3 of") as caught:
        read_questions(path)
    assert caught.value.next_step


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be read"):
        read_questions(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(BadRequest, match="holds no question"):
        read_questions(tmp_path / "empty.jsonl")
