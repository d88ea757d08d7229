"""Which formats an export comes in."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.content.rules import Codebook
from app.export.formats.columns import Writer
from app.export.formats.lines import JsonLines
from app.export.formats.refi import PROJECT, RefiProject
from app.export.formats.sheets import CommaSeparated, Workbook
from app.export.formats.taguette import NAME as TAGUETTE
from app.export.formats.taguette import TaguetteTexts

Format = Callable[[Path], Writer]

QUALITATIVE_MOST = 5_000  # conversations: programs for qualitative work open no project of more


def formats_for(found: int, codebook: Codebook, *, name: str) -> tuple[list[Format], list[str]]:
    """The formats for so many conversations, and a sentence for each that is left out."""
    # polars takes half a second to import, which every start and command would pay
    from app.export.formats.parquet import Parquet  # noqa: PLC0415

    rows: list[Format] = [JsonLines, CommaSeparated, Parquet, Workbook]
    if found > QUALITATIVE_MOST:
        return rows, [
            f"{PROJECT} and {TAGUETTE} are made of up to {QUALITATIVE_MOST} conversations: ask for a sample."
        ]
    return [
        *rows,
        partial(RefiProject, codebook=codebook, name=name),
        partial(TaguetteTexts, codebook=codebook),
    ], []
