"""Scores the anonymiser on labelled texts: what identifies and was missed, and what was masked for nothing.

Reads every *.jsonl in a folder whose rows hold `text` and `spans` ({start, end, type, class}; class "direct"
unless it says "quasi"; rows with the same `conversation_id` are one conversation, in order; each `half` that
rows name is scored by itself). Only letters and digits count. A labelled span is found when each of its
letters and digits is masked, under any type. A mask is right when at least half of its letters and digits lie
in labelled spans.
"""

import json
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.anonymise import find


@dataclass(slots=True)
class Score:
    """Counts over one file."""

    messages: int = 0
    labelled: Counter[str] = field(default_factory=Counter)  # by class
    found: Counter[str] = field(default_factory=Counter)
    labelled_types: Counter[str] = field(default_factory=Counter)  # by type
    found_types: Counter[str] = field(default_factory=Counter)
    masks: int = 0
    right: int = 0
    clean: int = 0
    damaged: int = 0
    seconds: float = 0.0  # of processor time, without what is read at the start


def read_labelled(path: Path) -> list[dict[str, Any]] | None:
    """The rows of a file of labelled texts, or None if it holds something else."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    if not rows or not all(isinstance(row, dict) and {"text", "spans"} <= row.keys() for row in rows):
        return None
    return rows


def halves(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows by the half of the set that they belong to; "" for those of a set that is not divided."""
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        parts[row.get("half", "")].append(row)
    return parts


def conversations(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The rows by conversation, in order; a row outside any is one by itself."""
    together: dict[object, list[dict[str, Any]]] = defaultdict(list)
    for number, row in enumerate(rows):
        together[row.get("conversation_id") or number].append(row)
    return list(together.values())


def score(rows: list[dict[str, Any]]) -> Score:
    """Run the anonymiser over each conversation and count."""
    total = Score()
    find(["Warm up, James."])
    for conversation in conversations(rows):
        began = time.process_time()
        found = find([row["text"] for row in conversation])
        total.seconds += time.process_time() - began
        for row, spans in zip(conversation, found, strict=True):
            count(total, row, [(span.start, span.end) for span in spans])
    return total


def count(total: Score, row: dict[str, Any], masks: list[tuple[int, int]]) -> None:
    """Add one text and what was masked in it."""
    text, labels = row["text"], row["spans"]
    masked = {place for mask in masks for place in _letters(text, *mask)}
    gold = {place for label in labels for place in _letters(text, label["start"], label["end"])}
    total.messages += 1
    for label in labels:
        kind = label.get("class", "direct")
        covered = _letters(text, label["start"], label["end"]) <= masked
        total.labelled[kind] += 1
        total.found[kind] += covered
        total.labelled_types[label["type"]] += 1
        total.found_types[label["type"]] += covered
    for mask in masks:
        letters = _letters(text, *mask)
        total.masks += 1
        total.right += 2 * len(letters & gold) >= len(letters)
    if not labels:
        total.clean += 1
        total.damaged += bool(masked)


def _letters(text: str, start: int, end: int) -> set[int]:
    return {place for place in range(start, end) if text[place].isalnum()}


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.3f}" if whole else "none there"


def _print(name: str, total: Score) -> None:
    print(f"{name}: {total.messages} messages")
    print(f"  direct identifiers found   {_share(total.found['direct'], total.labelled['direct'])}")
    print(f"  quasi-identifiers found    {_share(total.found['quasi'], total.labelled['quasi'])}")
    print(f"  masks that were right      {_share(total.right, total.masks)}")
    print(f"  messages a second          {total.messages / total.seconds:.0f}")
    print(f"  clean messages damaged     {_share(total.damaged, total.clean)}")
    for kind, labelled in total.labelled_types.most_common():
        print(f"    {kind:<24} {_share(total.found_types[kind], labelled)}")


def main(arguments: list[str]) -> int:
    """Print the score of each labelled file in the folder; 2 when there is none."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("Say which folder holds the labelled texts: python -m benchmarks.evaluate FOLDER")
        return 2
    scored = 0
    for path in sorted(Path(arguments[0]).glob("*.jsonl")):
        rows = read_labelled(path)
        if rows is None:
            continue
        scored += 1
        for half, part in halves(rows).items():
            _print(f"{path.name} {half}".strip(), score(part))
    if not scored:
        print(f"No *.jsonl with `text` and `spans` in {arguments[0]}.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
