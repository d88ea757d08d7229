"""A Frictionless data package: what each column is, in a form that programs read."""

import json
from collections.abc import Mapping
from pathlib import Path

from app.content.rules import Codebook
from app.export.formats.columns import COLUMNS, LISTS

NAME = "datapackage.json"
_MEANING = {
    "conversation": "Random id of the anonymised conversation; it leads nowhere else.",
    "number": "The order in which the messages of a conversation were stored, from 1.",
    "speaker": "Who wrote it.",
    "text": "What was written, with everything masked that identifies.",
    "topics": "Codes of what the parent came about, the main one first.",
    "barriers": "Codes of what stood behind it.",
    "service_gaps": "Codes of what the family needed and could not get.",
    "period": "Month, quarter or period in which the conversation closed.",
    "main_topic": "The first of the topics.",
    "disposition": "How the conversation ended.",
    "language": "The language of the conversation.",
    "age_band": "Age of the child, in a band.",
    "stage": "Stage of education.",
    "send": "Special educational needs or disability.",
    "attendance": "How the child attends school.",
    "region": "Region of the United Kingdom.",
    "nation": "Nation of the United Kingdom.",
    "codebook_version": "The codebook by which it was coded.",
    "redactor_version": "The anonymiser by which it was masked.",
    "simulated": "True for rehearsed conversations, which production never holds.",
}
_CODES = ("age_band", "stage", "send", "attendance", "region", "nation")
_MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def data_package(codebook: Codebook, files: Mapping[str, Mapping[str, str | int]], *, name: str) -> str:
    """The package for these files of rows, by their names and with their sizes and hashes."""
    fields = [_field(column, codebook) for column in COLUMNS]
    schema = {"fields": fields, "primaryKey": ["conversation", "number"], "missingValues": [""]}
    lists = [{**field, "type": "array"} if field["name"] in LISTS else field for field in fields]
    resources = []
    for path, described in files.items():
        ending = path.rpartition(".")[2]
        if ending not in _MEDIA:
            continue
        told = schema if ending == "csv" else {**schema, "fields": lists}
        resources.append(
            {
                "name": path.lower().replace("/", "-").replace("=", "-").rpartition(".")[0] + f"-{ending}",
                "path": path,
                "profile": "tabular-data-resource" if ending == "csv" else "data-resource",
                "format": ending,
                "mediatype": _MEDIA[ending],
                "encoding": "utf-8",
                "bytes": described["bytes"],
                "hash": f"sha256:{described['sha256']}",
                "schema": told,
            }
        )
    package = {
        "profile": "data-package",
        "name": name,
        "title": "Anonymised parent coaching conversations",
        "resources": resources,
    }
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"


def write_data_package(
    folder: Path, codebook: Codebook, files: Mapping[str, Mapping[str, str | int]], *, name: str
) -> None:
    """Write `datapackage.json`."""
    (folder / NAME).write_text(data_package(codebook, files, name=name), encoding="utf-8")


def _field(column: str, codebook: Codebook) -> dict[str, object]:
    kind = {"number": "integer", "simulated": "boolean"}.get(column, "string")
    field: dict[str, object] = {"name": column, "type": kind, "description": _MEANING[column]}
    if column in _CODES:
        field["constraints"] = {"enum": [code.id for code in codebook.codes(column)]}
    if column == "speaker":
        field["constraints"] = {"enum": ["parent", "coach", "supervisor"]}
    if column == "simulated":
        field |= {"trueValues": ["true", "True"], "falseValues": ["false", "False"]}
    return field
