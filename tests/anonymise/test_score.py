"""How much the anonymiser finds in texts that nobody trained on, and how much it masks for nothing.

The texts are invented and stand apart from what the tagger learns from: other names, other sentences.
The fresh ones were scored once, and nothing is tuned to them: see docs/decisions/0014.
"""

from pathlib import Path

import pytest

from benchmarks.evaluate import read_labelled, score

DATA = Path(__file__).parents[1] / "data" / "anon"


@pytest.mark.parametrize("half", ["development", "final"])
def test_the_score_does_not_fall(half: str) -> None:
    rows = read_labelled(DATA / half / "messages.jsonl")
    assert rows is not None
    total = score(rows)
    assert total.found["direct"] / total.labelled["direct"] >= 0.9
    assert total.found["quasi"] / total.labelled["quasi"] >= 0.85
    assert total.right / total.masks >= 0.9
    assert total.damaged / total.clean <= 0.06


def test_the_score_on_fresh_texts_does_not_fall() -> None:
    rows = read_labelled(DATA / "fresh" / "messages.jsonl")
    assert rows is not None
    total = score(rows)
    assert total.found["direct"] / total.labelled["direct"] >= 0.92
    assert total.found["quasi"] / total.labelled["quasi"] >= 0.84
    assert total.right / total.masks >= 0.87
