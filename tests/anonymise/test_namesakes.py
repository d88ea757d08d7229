"""Who and what is called as the famous are stays masked: no list of the famous takes them away unseen.

Only sums are taken of the half that is read here: see tests/data/anon/namesakes/README.md.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from app.anonymise import find
from app.anonymise.allowed import BLANK
from benchmarks.evaluate import Score, conversations, count, halves, read_labelled

MESSAGES = Path(__file__).parents[1] / "data" / "anon" / "namesakes" / "messages.jsonl"
FLOOR = 0.77


def _rows() -> list[dict[str, Any]]:
    rows = read_labelled(MESSAGES)
    assert rows is not None
    return halves(rows)["counted"]


def _share_found(rows: list[dict[str, Any]], listed: Collection[str] = ()) -> float:
    """The share of direct identifiers found where a list of names is blanked before anything looks."""
    names = re.compile("|".join(map(re.escape, listed)) or r"(?!)", re.IGNORECASE)
    total = Score()
    for conversation in conversations(rows):
        seen = [names.sub(lambda name: BLANK * len(name[0]), row["text"]) for row in conversation]
        for row, spans in zip(conversation, find(seen), strict=True):
            count(total, row, [(span.start, span.end) for span in spans])
    return total.found["direct"] / total.labelled["direct"]


def test_who_is_called_as_the_famous_are_is_found() -> None:
    assert _share_found(_rows()) >= FLOOR


def _labelled(rows: list[dict[str, Any]], *types: str) -> set[str]:
    return {row["text"][s["start"] : s["end"]] for row in rows for s in row["spans"] if s["type"] in types}


def test_a_list_of_the_famous_by_their_whole_names_would_be_noticed() -> None:
    rows = _rows()
    famous = {name for name in _labelled(rows, "PERSON") if " " in name}
    assert len(famous) >= 10
    assert _share_found(rows, famous) < FLOOR


def test_a_list_of_famous_streets_schools_and_surgeries_would_be_noticed() -> None:
    rows = _rows()
    assert _share_found(rows, _labelled(rows, "SCHOOL", "HEALTH_ORG", "ADDRESS")) < FLOOR
