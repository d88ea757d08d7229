"""Scores the risk check on labelled messages, and says how many it reads a second on one core.

Prints counts and no message, so that a set may stay unread: what `detect` finds, and what calls people.

Reads a *.jsonl whose rows hold `text`, `risk` and `categories`. A risk is found when any flag is raised.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.safeguarding import Flag, detect
from app.safeguarding.risk import detect_from_parent


@dataclass(slots=True)
class Score:
    """Counts over one file."""

    told: Counter[str] = field(default_factory=Counter)  # risks, by category and in all
    found: Counter[str] = field(default_factory=Counter)
    quiet: int = 0
    false: int = 0

    notes: dict[str, list[int]] = field(default_factory=dict)  # right and all, by kind of message

    @property
    def sensitivity(self) -> float:
        return self.found["all"] / max(1, self.told["all"])

    @property
    def precision(self) -> float:
        return self.found["all"] / max(1, self.found["all"] + self.false)


def read_messages(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of labelled messages."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def score(rows: list[dict[str, Any]], check: Callable[[str], list[Flag]] = detect) -> Score:
    """Run a check over each message and count."""
    total = Score()
    for row in rows:
        found = bool(check(row["text"]))
        kind = ("risk: " if row["risk"] else "none: ") + row.get("note", "").split(";")[0].split(":")[0]
        right = total.notes.setdefault(kind, [0, 0])
        right[0] += found == row["risk"]
        right[1] += 1
        if not row["risk"]:
            total.quiet += 1
            total.false += found
            continue
        for name in ("all", *row["categories"]):
            total.told[name] += 1
            total.found[name] += found
    return total


def main(arguments: list[str]) -> int:
    """Print the score of each file and the speed, with `--kinds` also by kind; 2 when no file was named."""
    kinds = "--kinds" in arguments
    arguments = [one for one in arguments if one != "--kinds"]
    if not arguments:
        print("Say which labelled messages to read: python -m benchmarks.risk [--kinds] FILE…")
        return 2
    for name in arguments:
        rows = read_messages(Path(name))
        total = score(rows)
        print(f"{Path(name).name}: {len(rows)} messages, {total.told['all']} of them tell of a risk")
        print(f"  sensitivity {total.sensitivity:.3f}, PPV {total.precision:.3f}", end="")
        print(f" ({total.false} of {total.quiet} others flagged)")
        for category in sorted(total.told.keys() - {"all"}):
            print(f"    {category:<20} {total.found[category]}/{total.told[category]}")
        for kind, (right, count) in sorted(total.notes.items()) if kinds else ():
            print(f"    {kind:<40} {right}/{count} right")
        called = score(rows, detect_from_parent)
        print(f"  people called: sensitivity {called.sensitivity:.3f}, PPV {called.precision:.3f}", end="")
        print(f" ({called.false} of {called.quiet} others)")
        start = time.process_time()
        for row in rows:
            detect(row["text"])
        print(f"  {len(rows) / (time.process_time() - start):.0f} messages a second of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
