"""The scorer of the anonymiser counts what was missed, what was right, and what was damaged."""

import json
from pathlib import Path

import pytest

from benchmarks.evaluate import main, score

EMAIL = "write to dana.roe@example.org about it"
ROWS = [
    {"text": EMAIL, "spans": [{"start": 9, "end": 29, "type": "EMAIL", "class": "direct"}]},
    {"text": EMAIL, "spans": [{"start": 0, "end": 5, "type": "PERSON"}]},
    {"text": EMAIL, "spans": []},
    {"text": "he will not go to school", "spans": []},
]


def test_scorer_counts_hits_misses_and_damage() -> None:
    total = score(ROWS)
    assert (total.found["direct"], total.labelled["direct"]) == (1, 2)
    assert (total.right, total.masks) == (1, 3)
    assert (total.damaged, total.clean) == (1, 2)
    assert total.found_types == {"EMAIL": 1, "PERSON": 0}


def test_scorer_reads_labelled_files_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labelled.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (tmp_path / "questions.jsonl").write_text('{"id": "q1", "text": "hello"}\n')
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "labelled.jsonl: 4 messages" in said
    assert "questions.jsonl" not in said


def test_scorer_scores_each_half_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row | {"half": half} for row, half in zip(ROWS, ["open", "counted", "open", "open"], strict=True)]
    (tmp_path / "messages.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "messages.jsonl open: 3 messages\n  direct identifiers found   1/1" in said
    assert "messages.jsonl counted: 1 messages\n  direct identifiers found   0/1" in said


def test_scorer_says_when_nothing_is_labelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "No *.jsonl" in capsys.readouterr().out
