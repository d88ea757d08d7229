"""The manifest: what an export is, who wanted it and why, what its files are, how far to trust them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from app import clock
from app.accounts.models import Staff
from app.anonymise import VERSION
from app.anonymise.spans import DOUBTFUL_UNDER
from app.export import provenance
from app.export.generalising import LEVELS, K
from app.export.models import ExportRun
from app.export.planning import Plan

NAME = "manifest.json"

RESIDUAL_RISK = (
    "Rules have taken out what they know to identify a person: names, contact details, numbers, addresses, "
    "schools, places, dates and exact ages. Rules miss some: rare nicknames, misspelt names, and events that "
    "only one family lived through. The facts about the child may single a family out when taken together "
    "with what the text tells. Treat every row as possibly identifying. Do not try to find out who "
    "wrote it, do not combine it with other records, do not pass it on, and quote from it only after a "
    "reviewer has released the quotation."
)
RECALL = (
    "Consent to conversations in these earlier exports has been withdrawn since they were released. Whoever "
    "holds a copy of their files deletes it, and works on with this one."
)


def describe(folder: Path) -> dict[str, dict[str, str | int]]:
    """Size in bytes and SHA-256 of each file below a folder, each read piece by piece."""
    found: dict[str, dict[str, str | int]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": digest}
    return found


def manifest_of(
    run: ExportRun,
    plan: Plan,
    *,
    people: Mapping[str, Staff],
    counts: Mapping[str, int],
    recall: Sequence[tuple[ExportRun, int]],
    described: Mapping[str, object],
    suppressed: Mapping[str, int],
    left_out: Sequence[str],
    at: datetime,
) -> dict[str, object]:
    """The whole manifest, as plain data."""
    return {
        "manifest_version": 1,
        "run": str(run.id),
        "source": "rows",
        "n": counts["conversations"],
        "counts": dict(counts),
        "files": dict(described),
        "topic": run.topic,
        "period": run.period,
        "parts": [part.name for part in plan.parts],
        "sample": None if run.sample is None else {"most": run.sample, "seed": run.seed},
        "purpose": run.purpose,
        **{name: {"name": staff.name, "role": staff.role} for name, staff in people.items()},
        "requested_at": clock.wire(run.requested_at),
        "as_at": clock.wire(at),
        "codebook_version": run.codebook_version,
        "redactor_version": VERSION,
        "policy": {
            "name": run.policy,
            "k": K,
            "levels": len(LEVELS),
            "combinations_told_at_level": plan.told_at(),
            "cells_suppressed": dict(suppressed),
        },
        "anonymiser": {"version": VERSION, "sha256": provenance.hashes(), "measured": provenance.measured()},
        "thresholds": {"told_of_at_least": K, "doubtful_below_score": DOUBTFUL_UNDER},
        "left_out": list(left_out),
        "residual_risk": RESIDUAL_RISK,
        "recall": {
            "what": RECALL if recall else "Nothing has to be recalled.",
            "runs": [
                {
                    "run": str(earlier.id),
                    "released_at": clock.wire(earlier.released_at) if earlier.released_at else None,
                    "conversations_withdrawn": withdrawn,
                }
                for earlier, withdrawn in recall
            ],
        },
    }


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """Write the manifest, the last file of a folder."""
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")
