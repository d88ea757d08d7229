"""Rows for spreadsheets, with every cell that one would run as a formula defused."""

import csv
from pathlib import Path

from app.export.formats.columns import COLUMNS, LISTS, MaskedConversation

CSV = "rows.csv"
# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def defused(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before what would be one."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


class CommaSeparated:
    """Writes `rows.csv`."""

    def __init__(self, folder: Path) -> None:
        self._cells = (folder / CSV).open("w", encoding="utf-8", newline="")
        self._sheet = csv.DictWriter(self._cells, COLUMNS)
        self._sheet.writeheader()

    def write(self, conversation: MaskedConversation) -> None:
        lists = {name: "; ".join(conversation.listed(name)) for name in LISTS}
        for record in conversation.records():
            self._sheet.writerow({name: defused(value) for name, value in {**record, **lists}.items()})

    def close(self) -> None:
        self._cells.close()
