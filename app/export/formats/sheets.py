"""Rows for spreadsheets, with every cell that one would run as a formula defused."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.export.formats.columns import COLUMNS, LISTS, MESSAGE, PLAIN, MaskedConversation

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

CSV, XLSX = "rows.csv", "rows.xlsx"
ROWS_MOST = 1_048_576  # of one sheet, its head included
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


class Workbook:
    """Writes `rows.xlsx`: a sheet of conversations, and sheets of their messages.

    Every text is written as a text, which no spreadsheet runs.
    """

    def __init__(self, folder: Path) -> None:
        # xlsxwriter is slow to import, which every start and command would pay
        import xlsxwriter  # noqa: PLC0415

        # What it puts aside stands in the same folder, which goes when a build is killed.
        options = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(str(folder / XLSX), options)
        self._facts = self._sheet("conversations", ("conversation", *LISTS, *PLAIN, "simulated"))
        self._rows_of_facts = 1
        self._messages = self._sheet("messages", ("conversation", *MESSAGE))
        self._rows, self._sheets = 1, 1

    def write(self, conversation: MaskedConversation) -> None:
        if self._rows_of_facts < ROWS_MOST:
            told = {**conversation.facts, **{name: "; ".join(conversation.listed(name)) for name in LISTS}}
            cells = [told[name] for name in (*LISTS, *PLAIN, "simulated")]
            for column, cell in enumerate([str(conversation.id), *cells]):
                if cell is not None:
                    self._facts.write_string(self._rows_of_facts, column, str(cell))
            self._rows_of_facts += 1
        for row in conversation.messages:
            if self._rows == ROWS_MOST:
                self._sheets += 1
                self._messages = self._sheet(f"messages {self._sheets}", ("conversation", *MESSAGE))
                self._rows = 1
            self._messages.write_string(self._rows, 0, str(conversation.id))
            self._messages.write_number(self._rows, 1, row.number)
            self._messages.write_string(self._rows, 2, row.speaker)
            self._messages.write_string(self._rows, 3, row.text)
            self._rows += 1

    def close(self) -> None:
        self._book.close()

    def _sheet(self, name: str, heads: Sequence[str]) -> "Worksheet":
        sheet = self._book.add_worksheet(name)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head)
        return sheet
