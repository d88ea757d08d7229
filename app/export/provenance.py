"""What an export's texts were masked with: hashes of the anonymiser's parts, and how well it was measured."""

import hashlib
import json
import math
from functools import cache
from pathlib import Path

import app.anonymise
from app.anonymise import VERSION

_ANONYMISER = Path(app.anonymise.__file__).parent
_MEASURED = Path(__file__).parent / "measured.json"
_KINDS = {".py": "code", ".txt": "gazetteers", ".tsv": "gazetteers", ".csv": "gazetteers"}
_LEFT_OUT = {"__pycache__"}
_SURE = 1.96  # standard deviations: 95 of 100 such intervals hold the true share


@cache
def hashes() -> dict[str, str]:
    """SHA-256 over name and content of the anonymiser's code, its gazetteers and its model, if it has one."""
    sums = {kind: hashlib.sha256() for kind in ("code", "gazetteers", "model")}
    found = set()
    for path in sorted(_ANONYMISER.rglob("*")):
        if path.is_file() and not _LEFT_OUT & set(path.parts):
            kind = _KINDS.get(path.suffix, "model")
            found.add(kind)
            sums[kind].update(path.relative_to(_ANONYMISER).as_posix().encode() + b"\0")
            sums[kind].update(hashlib.sha256(path.read_bytes()).digest())
    return {kind: sums[kind].hexdigest() for kind in sorted(found)}


def measured() -> dict[str, object]:
    """How many labelled identifiers this version of the anonymiser finds, where that has been measured."""
    known = json.loads(_MEASURED.read_text(encoding="utf-8"))
    if VERSION not in known:
        return {"redactor_version": VERSION, "recall": None, "said": "This version has not been measured."}
    told = known[VERSION]
    found, labelled = told["found"], told["labelled"]
    low, high = interval(found, labelled)
    return {
        "redactor_version": VERSION,
        "of": told["of"],
        "found": found,
        "labelled": labelled,
        "recall": round(found / labelled, 3),
        "interval_95": [round(low, 3), round(high, 3)],
        "said": f"Of {labelled} labelled direct identifiers {found} were found; the rest were missed.",
    }


def interval(found: int, of: int) -> tuple[float, float]:
    """Wilson's interval for a share, which holds the true one 95 times of 100."""
    share, spread = found / of, _SURE**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _SURE * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
