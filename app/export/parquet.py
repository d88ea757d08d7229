"""Rows as Parquet, which Polars, DuckDB and Spark read."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

ROW_GROUP = 10_000  # messages: what stands in memory at once


def json_lines_to_parquet(lines: Path, target: Path, *, columns: Sequence[str], lists: Sequence[str]) -> None:
    """Write these columns of JSON lines as Parquet, streaming; `lists` are those that hold lists of texts."""
    schema = pl.Schema(
        {name: pl.List(pl.String) if name in lists else pl.String() for name in columns}
        | {"number": pl.Int64(), "simulated": pl.Boolean()}
    )
    if lines.stat().st_size:
        pl.scan_ndjson(lines, schema=schema, low_memory=True).sink_parquet(target, row_group_size=ROW_GROUP)
    else:
        pl.DataFrame(schema=schema).write_parquet(target)
