"""The files of an export: rows as JSON lines, CSV and Parquet, and the manifest that says what they are.

Each is written chunk by chunk, so that memory stays flat however many rows there are.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.export.models import Row, RowGroup

JSON_LINES, CSV, PARQUET, MANIFEST = "rows.jsonl", "rows.csv", "rows.parquet", "manifest.json"
NAMES = (JSON_LINES, CSV, PARQUET, MANIFEST)
LISTS = ("topics", "barriers", "service_gaps")
PLAIN = (
    *("month", "main_topic", "disposition", "language", "age_band", "stage", "send", "attendance", "region"),
    *("codebook_version", "redactor_version"),
)
COLUMNS = ("conversation", "number", "speaker", "text", *LISTS, *PLAIN, "simulated")
# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Writer:
    """Writes chunks of whole conversations into a folder's JSON lines and CSV, until it is closed."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / JSON_LINES).open("w", encoding="utf-8", newline="\n")
        self._cells = (folder / CSV).open("w", encoding="utf-8", newline="")
        self._sheet = csv.DictWriter(self._cells, COLUMNS, extrasaction="ignore")
        self._sheet.writeheader()

    def write(self, groups: Sequence[RowGroup], rows: Sequence[Row]) -> None:
        """Write these rows, which are all of these conversations' rows."""
        by_id = {group.id: group for group in groups}
        for row in rows:
            record = _record(by_id[row.group_id], row)
            self._lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            lists = {name: "; ".join(getattr(by_id[row.group_id], name)) for name in LISTS}
            self._sheet.writerow({name: defused(value) for name, value in {**record, **lists}.items()})

    def close(self) -> None:
        self._lines.close()
        self._cells.close()


def write_parquet(folder: Path) -> None:
    """Make the Parquet file of a folder's JSON lines, streaming."""
    # polars takes half a second to import, which every start and command would pay
    from app.export.parquet import json_lines_to_parquet  # noqa: PLC0415

    json_lines_to_parquet(folder / JSON_LINES, folder / PARQUET, columns=COLUMNS, lists=LISTS)


def defused(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before what would be one."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def checksums(folder: Path) -> dict[str, dict[str, str | int]]:
    """Size in bytes and SHA-256 of each file of rows."""
    found: dict[str, dict[str, str | int]] = {}
    for name in (JSON_LINES, CSV, PARQUET):
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[name] = {"bytes": (folder / name).stat().st_size, "sha256": digest}
    return found


def write_manifest(folder: Path, manifest: dict[str, object]) -> None:
    """Write the manifest, the last file of a folder."""
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def conversations_in(folder: Path) -> Iterator[str]:
    """The id of each anonymised conversation in a folder's rows, once."""
    last = None
    with (folder / JSON_LINES).open(encoding="utf-8") as lines:
        for line in lines:
            group = json.loads(line)["conversation"]
            if group != last:
                yield group
            last = group


def _record(group: RowGroup, row: Row) -> dict[str, object]:
    return {
        "conversation": str(group.id),
        "number": row.number,
        "speaker": row.speaker,
        "text": row.text,
        **{name: getattr(group, name) for name in LISTS},
        **{name: getattr(group, name) for name in PLAIN},
        "month": f"{group.month:%Y-%m}",
        "simulated": group.simulated,
        "spans": row.spans,
    }
