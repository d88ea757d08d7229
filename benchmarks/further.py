"""Shows that a spaCy pipeline joins the anonymiser as a further layer: `make evaluate-spacy`.

spaCy runs in an environment of its own below build/readers, with a blank English pipeline and a ruler in it,
so that no model is fetched.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from app.settings import PROJECT

HOME = PROJECT / "build" / "readers" / "spacy"
NEEDED = ("spacy", "phonenumbers", "python-crfsuite")
# What only the pipeline knows is masked and goes to a person; what both know is not disputed.
EXPECTED = [[["purple lorry", "PERSON", True]], [["Brian", "PERSON", False]], []]


def main() -> int:
    """Print what was found; 1 where it is not what the two layers must find together."""
    python = _python()
    reader = Path(__file__).parent / "readers" / "spacy_reader.py"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    told = subprocess.run(
        [python, reader], stdout=subprocess.PIPE, text=True, cwd=PROJECT, check=True, env=environment
    ).stdout
    found = json.loads(told)
    print(f"with spaCy: {found}")
    if found != EXPECTED:
        print(f"expected:   {EXPECTED}")
        return 1
    return 0


def _python() -> Path:
    python = HOME / "bin" / "python"
    if not (HOME / ".installed").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", str(HOME)], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "-p", str(python), *NEEDED], check=True)
        (HOME / ".installed").touch()
    return python


if __name__ == "__main__":
    sys.exit(main())
