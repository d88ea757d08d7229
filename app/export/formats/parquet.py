"""Rows as Parquet, one folder for each part of the period, which many programs read as one table."""

from pathlib import Path

import polars as pl

from app.export.formats.columns import COLUMNS, LISTS, MaskedConversation

FOLDER = "parquet"
PARTITION = "period"
AT_ONCE = 20_000  # messages: what stands in memory, and in one file
_NAMES = [name for name in COLUMNS if name != PARTITION]
_SCHEMA = pl.Schema(
    {name: pl.List(pl.String) if name in LISTS else pl.String() for name in _NAMES}
    | {"number": pl.Int64(), "simulated": pl.Boolean()}
)


class Parquet:
    """Writes `parquet/period=…/part-….parquet`; the part of the period is told by the folder's name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._columns: dict[str, list[object]] = {name: [] for name in _NAMES}
        self._period = ""
        self._parts = 0

    def write(self, conversation: MaskedConversation) -> None:
        period = str(conversation.facts[PARTITION]).replace("/", "-")
        if period != self._period or len(self._columns["number"]) >= AT_ONCE:
            self._write_part()
            self._period = period
        for record in conversation.records():
            for name, values in self._columns.items():
                values.append(record[name])

    def close(self) -> None:
        self._write_part()
        if not self._parts:
            self._folder.mkdir()
            pl.DataFrame(schema=_SCHEMA).write_parquet(self._folder / "part-0001.parquet")

    def _write_part(self) -> None:
        if not self._columns["number"]:
            return
        self._parts += 1
        folder = self._folder / f"{PARTITION}={self._period}"
        folder.mkdir(parents=True, exist_ok=True)
        table = pl.DataFrame(self._columns, schema=_SCHEMA)
        table.write_parquet(folder / f"part-{self._parts:04d}.parquet")
        for values in self._columns.values():
            values.clear()
