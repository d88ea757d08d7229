"""How much the anonymiser finds in texts that nobody trained on, and how much it masks for nothing.

The texts are invented and stand apart from what the tagger learns from: other names, other sentences.
Nothing is tuned to the errors of the fresh ones: see docs/decisions/0014.
"""

from pathlib import Path

import pytest

from benchmarks.evaluate import read_labelled, score

DATA = Path(__file__).parents[1] / "data" / "anon"


@pytest.mark.parametrize("half", ["development", "final", "everyday", "fourth"])
def test_the_score_does_not_fall(half: str) -> None:
    rows = read_labelled(DATA / half / "messages.jsonl")
    assert rows is not None
    total = score(rows)
    assert total.found["direct"] / total.labelled["direct"] >= 0.96
    assert total.found["quasi"] / total.labelled["quasi"] >= 0.95
    assert total.right / total.masks >= 0.97
    assert total.damaged / total.clean <= 0.03


@pytest.mark.parametrize(
    ("set_", "direct", "quasi", "right", "damaged"),
    [
        ("fresh", 0.93, 0.89, 0.905, 0.19),
        ("fresh2", 0.97, 0.9, 0.92, 0.05),
        ("ages", 0.96, 0.97, 0.96, 0.03),
        ("fifth", 0.98, 0.98, 0.96, 0.055),
    ],
)
def test_the_score_on_harder_texts_does_not_fall(
    set_: str, direct: float, quasi: float, right: float, damaged: float
) -> None:
    rows = read_labelled(DATA / set_ / "messages.jsonl")
    assert rows is not None
    total = score(rows)
    assert total.found["direct"] / total.labelled["direct"] >= direct
    assert total.found["quasi"] / total.labelled["quasi"] >= quasi
    assert total.right / total.masks >= right
    assert total.damaged / total.clean <= damaged
