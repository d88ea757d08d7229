"""Whether what stands in a folder of exports is whole."""

import hashlib
import json
from pathlib import Path

from app.export.manifest import NAME


def files_under(folder: Path) -> list[str]:
    """The names of all files below, however deep."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def torn(folder: Path) -> list[str]:
    """What is wrong with a run's files: nothing where all are there with their sizes and sums, or none is."""
    if not folder.exists():
        return []
    if not (folder / NAME).exists():
        return ["there is no manifest"]
    described = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
    faults = []
    if sorted([*described, NAME]) != files_under(folder):
        faults.append(f"the manifest names {sorted(described)}, and there are {files_under(folder)}")
    for name, told in described.items():
        path = folder / name
        content = path.read_bytes() if path.exists() else b""
        if told != {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}:
            faults.append(f"{name} is not what the manifest says")
    return faults


def conversations_in(folder: Path) -> set[str]:
    """The ids of the anonymised conversations in a run's files."""
    with (folder / "rows.jsonl").open(encoding="utf-8") as lines:
        return {json.loads(line)["conversation"] for line in lines}
