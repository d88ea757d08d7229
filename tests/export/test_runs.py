"""Export runs: the second person, files that are whole or absent, and consent in the query."""

import asyncio
import csv
import json
import shutil
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.accounts.models import Consent, Staff
from app.audit import AuditEntry
from app.db import Database, reading, transaction
from app.errors import BadRequest, Conflict, Forbidden
from app.export import building, manifest, runs
from app.export.formats import lines, sheets
from app.export.models import ExportRun, Row
from app.export.periods import Period, parse_period
from app.export.rows import make_rows
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed, add_staff, row_group
from tests.export.folders import files_under, torn

PURPOSE = "What parents say about mornings before school"
MONTH = parse_period(f"{LONG_AGO:%Y-%m}")


async def made(database: Database, settings: Settings, *conversations: dict[str, object]) -> list[UUID]:
    ids = [await add_closed(database, **facts) for facts in conversations]  # type: ignore[arg-type]
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    return ids


async def requested(
    database: Database, researcher: UUID, *, topic: str | None = None, period: Period = MONTH
) -> UUID:
    async with transaction(database) as session:
        run = await runs.request_run(
            session,
            CODEBOOK,
            staff_id=researcher,
            role="researcher",
            purpose=PURPOSE,
            topic=topic,
            period=period,
        )
    return run.id


async def approved(database: Database, run: UUID, *, by: UUID, role: str = "reviewer") -> None:
    async with transaction(database) as session:
        await runs.approve_run(session, run_id=run, staff_id=by, role=role)


async def build(database: Database, settings: Settings, run: UUID, *, by: UUID) -> ExportRun:
    return await building.build_run(database, settings, CODEBOOK, run_id=run, staff_id=by, role="researcher")


async def built(
    database: Database, settings: Settings, *, topic: str | None = None, period: Period = MONTH
) -> tuple[UUID, UUID, UUID]:
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher, topic=topic, period=period)
    await approved(database, run, by=reviewer)
    await build(database, settings, run, by=researcher)
    return run, researcher, reviewer


def told(settings: Settings, run: UUID) -> list[dict[str, object]]:
    path = runs.run_folder(settings, run) / lines.NAME
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def withdraw(database: Database, conversation: UUID) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(Consent).where(col(Consent.conversation_id) == conversation).values(withdrawn_at=NOW)
        )


async def test_a_run_is_carried_through_and_its_files_agree(database: Database, settings: Settings) -> None:
    await made(database, settings, {"age_band": "8-10"}, {"topics": ("sleep", "behaviour")})
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    async with reading(database) as session:
        asks, approves = await session.get_one(Staff, researcher), await session.get_one(Staff, reviewer)
    run, folder = await building.carry_through(
        database,
        settings,
        CODEBOOK,
        purpose=PURPOSE,
        topic=None,
        period=MONTH,
        requested_by=asks,
        approved_by=approves,
    )
    assert run.state == "released"
    assert torn(folder) == []
    said = json.loads((folder / manifest.NAME).read_text(encoding="utf-8"))
    assert (said["source"], said["n"], said["counts"]["messages"]) == ("rows", 2, 6)
    assert (said["requested_by"]["role"], said["approved_by"]["role"]) == ("researcher", "reviewer")
    table = pl.read_parquet(folder / "parquet")
    with (folder / sheets.CSV).open(encoding="utf-8", newline="") as sheet:
        cells = list(csv.DictReader(sheet))
    rows = told(settings, run.id)
    assert table["text"].to_list() == [row["text"] for row in cells] == [row["text"] for row in rows]
    assert table["conversation"].to_list() == [row["conversation"] for row in rows]
    assert {row["age_band"] for row in rows} == {None}, "two conversations are too few to tell of a child"
    async with reading(database) as session:
        actions = list(await session.scalars(select(col(AuditEntry.action)).order_by(col(AuditEntry.number))))
    taken = ("requested", "approved", "building", "built", "released")
    assert actions[-5:] == [f"export.{step}" for step in taken]


async def test_nobody_approves_or_releases_their_own_run(database: Database, settings: Settings) -> None:
    run, researcher, _ = await built(database, settings)
    with pytest.raises(Forbidden):
        await runs.release_run(database, settings, run_id=run, staff_id=researcher, role="manager")
    second = await requested(database, researcher)
    with pytest.raises(Forbidden):
        await approved(database, second, by=researcher, role="manager")
    with pytest.raises(Forbidden):
        await approved(database, second, by=await add_staff(database, "coach"), role="coach")


@pytest.mark.parametrize("role", ["coach", "supervisor", "reviewer", "manager"])
async def test_only_a_researcher_asks(database: Database, role: str) -> None:
    staff = await add_staff(database, role)
    with pytest.raises(Forbidden):
        async with transaction(database) as session:
            await runs.request_run(
                session,
                CODEBOOK,
                staff_id=staff,
                role=role,
                purpose=PURPOSE,
                topic=None,
                period=MONTH,
            )


async def test_steps_come_in_order_and_once(database: Database, settings: Settings) -> None:
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    with pytest.raises(Conflict):
        await building.build_run(
            database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher"
        )
    with pytest.raises(Conflict):
        await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")
    await approved(database, run, by=reviewer)
    with pytest.raises(Conflict):
        await approved(database, run, by=reviewer)
    await build(database, settings, run, by=researcher)
    await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")
    await runs.withdraw_run(database, settings, run_id=run, staff_id=researcher, role="researcher")
    assert files_under(settings.data_dir / "exports") == []
    with pytest.raises(Conflict):
        await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, 3),
        ("school-attendance", 2),
        ("school-refusal", 1),
        ("school-attendance/school-refusal", 1),
        ("sleep", 1),
        ("bullying", 0),
    ],
)
async def test_a_topic_takes_its_children_with_it(
    database: Database, settings: Settings, asked: str | None, found: int
) -> None:
    await made(
        database,
        settings,
        {"topics": ["school-attendance/school-refusal"]},
        {"topics": ["school-attendance"]},
        {"topics": ["sleep", "behaviour"]},
    )
    run, _, _ = await built(database, settings, topic=asked)
    assert len({line["conversation"] for line in told(settings, run)}) == found


@pytest.mark.parametrize(("welsh", "told_in"), [(1, {None}), (10, {"en", "cy"})])
async def test_a_language_that_few_speak_is_not_told_with_where_they_live(
    database: Database, settings: Settings, welsh: int, told_in: set[str | None]
) -> None:
    families = [{"language": "en", "region": "wales"}] * 10 + [{"language": "cy", "region": "wales"}] * welsh
    await made(database, settings, *families)
    run, _, _ = await built(database, settings)
    lines = told(settings, run)
    assert {line["language"] for line in lines} == told_in
    assert {line["region"] for line in lines} == ({"wales"} if welsh >= 10 else {None})


async def test_other_months_stay_out(database: Database, settings: Settings) -> None:
    await made(database, settings, {}, {"closed_at": LONG_AGO - timedelta(days=70)})
    run, _, _ = await built(database, settings)
    assert len({line["conversation"] for line in told(settings, run)}) == 1


async def test_production_exports_no_simulated_rows(database: Database, settings: Settings) -> None:
    await made(database, settings, {"origin": "simulated"}, {})
    production = settings.model_copy(update={"env": "production"})
    run, _, _ = await built(database, production)
    assert [line["simulated"] for line in told(production, run)] == [False] * 3


async def test_a_build_that_dies_half_way_leaves_nothing(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made(database, settings, {}, {})
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)

    class PowerCut(BaseException):
        pass

    def cut(folder: Path, told: dict[str, object]) -> None:
        assert (folder / lines.NAME).stat().st_size > 0
        raise PowerCut

    whole = manifest.write_manifest
    monkeypatch.setattr(manifest, "write_manifest", cut)
    with pytest.raises(PowerCut):
        await building.build_run(
            database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher"
        )
    assert files_under(settings.data_dir / "exports") == []
    monkeypatch.setattr(manifest, "write_manifest", whole)
    left = settings.data_dir / "exports" / f".{run}.dead.part"
    left.mkdir()
    await building.build_asked(database, settings, CODEBOOK, run_id=run)
    assert [path.name for path in (settings.data_dir / "exports").iterdir()] == [str(run)]
    assert torn(runs.run_folder(settings, run)) == []


@pytest.mark.parametrize("when", ["before it is written", "after"])
async def test_a_withdrawal_while_building_stops_the_build(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Consent to a row that is written already, or counted already, ends before the build does."""
    stays, goes = await made(database, settings, {}, {})
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)
    write_rows = building._write

    async def beside_a_withdrawal(*args: object, **kwargs: object) -> building.Written:
        if when != "after":
            await withdraw(database, goes)
        written = await write_rows(*args, **kwargs)  # type: ignore[arg-type]
        if when == "after":
            await withdraw(database, goes)
        return written

    monkeypatch.setattr(building, "_write", beside_a_withdrawal)
    with pytest.raises(Conflict):
        await building.build_run(
            database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher"
        )
    assert files_under(settings.data_dir / "exports") == []
    monkeypatch.setattr(building, "_write", write_rows)
    await build(database, settings, run, by=researcher)
    assert len({line["conversation"] for line in told(settings, run)}) == 1
    await withdraw(database, stays)
    with pytest.raises(Conflict):
        await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")


async def test_a_newcomer_makes_up_for_nobody_who_has_gone(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many are written as were counted, and yet what is told was decided for others."""
    goes, _ = await made(database, settings, {"region": "london"}, {"region": "london"})
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)
    write_rows = building._write

    async def with_another_instead(*args: object, **kwargs: object) -> building.Written:
        await withdraw(database, goes)
        await made(database, settings, {"region": "wales"})
        written = await write_rows(*args, **kwargs)  # type: ignore[arg-type]
        assert written.conversations == 2
        return written

    monkeypatch.setattr(building, "_write", with_another_instead)
    with pytest.raises(Conflict):
        await build(database, settings, run, by=researcher)
    async with reading(database) as session:
        left = await session.get_one(ExportRun, run)
    assert (left.state, left.failure) == (
        "approved",
        "A parent has withdrawn consent while this export was built. Build the export again.",
    )


async def test_cells_that_a_spreadsheet_would_run_are_defused(database: Database, settings: Settings) -> None:
    async with transaction(database) as session:
        group = row_group(MONTH.first)
        session.add(group)
        await session.flush()
        texts = ["=1+1", "+44", "-x", "@SUM(A1)", "\tx", "\r=x", " =1", "a=1", "Hello"]
        session.add_all(
            Row(group_id=group.id, number=number, speaker="parent", text=text, spans=[])
            for number, text in enumerate(texts, start=1)
        )
    run, _, _ = await built(database, settings)
    with (runs.run_folder(settings, run) / sheets.CSV).open(encoding="utf-8", newline="") as sheet:
        cells = [row["text"] for row in csv.DictReader(sheet)]
    assert cells == [*(f"'{text}" for text in texts[:7]), *texts[7:]]
    assert [line["text"] for line in told(settings, run)] == texts


async def test_a_purpose_is_needed(database: Database) -> None:
    researcher = await add_staff(database, "researcher")
    with pytest.raises(BadRequest):
        async with transaction(database) as session:
            await runs.request_run(
                session,
                CODEBOOK,
                staff_id=researcher,
                role="researcher",
                purpose=" why ",
                topic=None,
                period=MONTH,
            )
    async with reading(database) as session:
        assert list(await session.scalars(select(ExportRun))) == []


async def test_two_builds_at_once_do_not_clear_each_other_away(
    database: Database, settings: Settings
) -> None:
    await made(database, settings, {}, {})
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)
    outcomes = await asyncio.gather(
        *(
            building.build_run(
                database, settings, CODEBOOK, run_id=run, staff_id=researcher, role="researcher"
            )
            for _ in range(3)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, ExportRun) for outcome in outcomes) >= 1
    assert all(isinstance(outcome, ExportRun | Conflict) for outcome in outcomes)
    assert torn(runs.run_folder(settings, run)) == []
    assert files_under(runs.run_folder(settings, run))


async def test_files_that_are_gone_are_not_released(database: Database, settings: Settings) -> None:
    run, _, reviewer = await built(database, settings)
    shutil.rmtree(runs.run_folder(settings, run))
    with pytest.raises(Conflict):
        await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")
