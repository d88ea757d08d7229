"""Each format of an export says the same, and programs that read it find what they look for."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import polars as pl
import pytest

from app.db import Database, transaction
from app.export import building, manifest, provenance
from app.export.formats import chosen
from app.export.formats.codes import project_codes
from app.export.formats.columns import COLUMNS
from app.export.formats.taguette import codebook_csv
from app.export.models import Row
from app.export.periods import parse_period
from app.settings import Settings
from tests.export.conversations import CODEBOOK, add_staff, row_group
from tests.export.folders import torn
from tests.export.test_runs import requested

YEAR = parse_period("2026")
TEXTS = ("Hello & <b>goodbye</b>\r\nsecond line", "=1+1", "“Ti’n iawn?” \x07 😀", "[PERSON_1] is [AGE_8_10]")
QDE = "{urn:QDA-XML:project:1.0}"


@pytest.fixture
async def folder(database: Database, settings: Settings) -> Path:
    """An export of 24 conversations in two months, as files."""
    async with transaction(database) as session:
        for number in range(24):
            group = row_group(
                parse_period(f"2026-0{1 + number % 2}").first,
                topics=["sleep", "bullying"],
                barriers=[CODEBOOK.barriers[0].id],
                codebook_version=CODEBOOK.version,
                stage="primary",
                region="wales" if number == 0 else "london",
                age_band="8-10",
            )
            session.add(group)
            await session.flush()
            session.add_all(
                Row(group_id=group.id, number=at, speaker="parent", text=text, spans=[])
                for at, text in enumerate(TEXTS, start=1)
            )
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher, period=YEAR)
    async with transaction(database) as session:
        await building.runs.approve_run(session, run_id=run, staff_id=reviewer, role="reviewer")
    await building.build_run(database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher")
    found = building.runs.run_folder(settings, run)
    assert torn(found) == []
    return found


async def test_all_formats_hold_the_same_rows_and_the_manifest_what_must_be_known(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 24 * len(TEXTS)
    by_polars(folder, lines)
    by_duckdb(folder, lines)
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as sheet:
        cells = list(csv.DictReader(sheet))
    assert [row["text"].removeprefix("'") for row in cells] == [line["text"] for line in lines]
    workbook(folder, len(lines))
    project(folder)
    taguette(folder)
    package(folder)
    told(folder)


def by_polars(folder: Path, lines: list[dict[str, object]]) -> None:
    table = pl.read_parquet(folder / "parquet", hive_partitioning=True, try_parse_hive_dates=False)
    assert set(table.columns) == set(COLUMNS)
    assert table["text"].to_list() == [line["text"] for line in lines]
    assert table["period"].to_list() == [line["period"] for line in lines]
    assert set(table["period"]) == {"2026-01", "2026-02"}


def by_duckdb(folder: Path, lines: list[dict[str, object]]) -> None:
    found = duckdb.sql(
        "SELECT period, count(*), count(DISTINCT conversation), any_value(topics) FROM "
        f"read_parquet('{folder}/parquet/*/*.parquet', "
        "hive_partitioning = true, hive_types_autocast = false) GROUP BY period ORDER BY period"
    ).fetchall()
    assert found == [(period, 48, 12, ["sleep", "bullying"]) for period in ("2026-01", "2026-02")]
    assert len(lines) == 96


def workbook(folder: Path, messages: int) -> None:
    with zipfile.ZipFile(folder / "rows.xlsx") as book:
        assert {name for name in book.namelist() if name.startswith("xl/worksheets/sheet")} == {
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",
        }
        facts, rows = (book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2))
    assert (facts.count("<row "), rows.count("<row ")) == (25, messages + 1)
    assert "<f>" not in facts + rows
    assert "=1+1" in rows


def project(folder: Path) -> None:
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        root = ET.fromstring(packed.read("project.qde"))
        texts = {name: packed.read(name).decode() for name in packed.namelist() if name.endswith(".txt")}
    assert [child.tag.removeprefix(QDE) for child in root] == [
        *("Users", "CodeBook", "Variables", "Cases", "Sources"),
    ]
    guids = [element.attrib["guid"] for element in root.iter() if "guid" in element.attrib]
    assert len(guids) == len(set(guids))
    assert {e.attrib["targetGUID"] for e in root.iter() if "targetGUID" in e.attrib} <= set(guids)
    assert len({code.attrib["name"] for code in root.iter(f"{QDE}Code")}) == len(
        list(root.iter(f"{QDE}Code"))
    ), "a program that knows codes by their names alone mixes none up"
    sources = list(root.iter(f"{QDE}TextSource"))
    assert len(sources) == len(texts) == 24
    for source in sources:
        text = texts[source.attrib["plainTextPath"].replace("internal://", "sources/")]
        (selection,) = source.iter(f"{QDE}PlainTextSelection")
        assert (selection.attrib["startPosition"], selection.attrib["endPosition"]) == ("0", str(len(text)))
        assert len(list(selection.iter(f"{QDE}CodeRef"))) == 4
    assert ET.fromstring((folder / "codebook.qdc").read_bytes()).tag == "{urn:QDA-XML:codebook:1.0}CodeBook"


def taguette(folder: Path) -> None:
    with zipfile.ZipFile(folder / "taguette.zip") as packed:
        names = packed.namelist()
        tags = list(csv.DictReader(io.StringIO(packed.read("codebook.csv").decode())))
        pages = [packed.read(name).decode() for name in names if name.endswith(".html")]
    assert len(tags) == len({tag["tag"] for tag in tags}) == len(project_codes(CODEBOOK))
    assert sum(name.startswith("text/") for name in names) == len(pages) == 24
    assert all("&lt;b&gt;" in page and "<b>" not in page for page in pages)
    assert codebook_csv(CODEBOOK).startswith("tag,description\r\n")


def package(folder: Path) -> None:
    described = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert re.fullmatch(r"[a-z0-9._/-]+", described["name"])
    paths = {resource["path"] for resource in described["resources"]}
    assert {"rows.jsonl", "rows.csv", "parquet/period=2026-01/part-0001.parquet"} <= paths
    for resource in described["resources"]:
        assert (folder / resource["path"]).stat().st_size == resource["bytes"]
        assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
        assert [field["name"] for field in resource["schema"]["fields"]] == list(COLUMNS)


def told(folder: Path) -> None:
    said = json.loads((folder / manifest.NAME).read_text("utf-8"))
    assert said["parts"] == ["2026-01", "2026-02"]
    assert said["policy"]["cells_suppressed"]["region"] >= 1, "one family in Wales is not told apart"
    assert said["anonymiser"]["sha256"].keys() >= {"code", "gazetteers"}
    assert said["anonymiser"]["measured"] == provenance.measured()
    assert said["left_out"] == []
    assert "possibly identifying" in said["residual_risk"]


def test_a_long_export_has_no_project_and_says_so() -> None:
    most = chosen.QUALITATIVE_MOST
    few, nothing = chosen.formats_for(most, CODEBOOK, name="x")
    rows, left_out = chosen.formats_for(most + 1, CODEBOOK, name="x")
    assert (len(few) - len(rows), nothing) == (2, [])
    assert "ask for a sample" in left_out[0]


def test_the_interval_of_a_measured_share_is_wilson_s() -> None:
    low, high = provenance.interval(53, 57)
    assert (round(low, 3), round(high, 3)) == (0.833, 0.972)
    assert provenance.interval(10, 10)[1] == pytest.approx(1.0)


def test_a_version_that_was_never_measured_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "VERSION", "never")
    assert provenance.measured()["recall"] is None
