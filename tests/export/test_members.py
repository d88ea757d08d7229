"""Which conversations a run holds: sampling, withdrawal, recall, expiry, and a build that is under way."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.actions import withdraw_consent
from app.audit import AuditEntry
from app.db import Database, reading, transaction
from app.errors import BadRequest, Conflict
from app.export import building, daily, manifest, queries, runs
from app.export.models import ExportRun
from app.export.periods import parse_period
from app.export.rows import make_rows
from app.export.rules import Step
from app.settings import Settings
from tests.cast import FARID, browser_of, hire, open_session
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed, add_staff

MONTH = parse_period(f"{LONG_AGO:%Y-%m}")
PURPOSE = "What parents say about mornings before school"


async def approved(
    database: Database, *, sample: int | None = None, seed: int | None = None
) -> tuple[UUID, UUID, UUID]:
    """A run that is approved, who asked for it, and who approved it."""
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    async with transaction(database) as session:
        run = await runs.request_run(
            session,
            CODEBOOK,
            staff_id=researcher,
            role="researcher",
            purpose=PURPOSE,
            topic=None,
            period=MONTH,
            sample=sample,
            seed=seed,
        )
        await runs.approve_run(session, run_id=run.id, staff_id=reviewer, role="reviewer")
    return run.id, researcher, reviewer


async def build(database: Database, settings: Settings, run: UUID, by: UUID) -> ExportRun:
    return await building.build_run(database, settings, CODEBOOK, run_id=run, staff_id=by, role="researcher")


async def released(database: Database, settings: Settings) -> UUID:
    run, researcher, reviewer = await approved(database)
    await build(database, settings, run, researcher)
    await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")
    return run


def held(settings: Settings, run: UUID) -> set[str]:
    lines = (runs.run_folder(settings, run) / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["conversation"] for line in lines}


def said(settings: Settings, run: UUID) -> dict[str, object]:
    told: dict[str, object] = json.loads((runs.run_folder(settings, run) / manifest.NAME).read_text())
    return told


async def test_a_sample_is_drawn_by_its_seed(database: Database, settings: Settings) -> None:
    for _ in range(12):
        await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    drawn = []
    for seed in (7, 7, 8):
        run, researcher, _ = await approved(database, sample=4, seed=seed)
        built = await build(database, settings, run, researcher)
        assert (built.manifest["n"], built.manifest["sample"]) == (4, {"most": 4, "seed": seed})
        drawn.append(held(settings, run))
    assert drawn[0] == drawn[1] != drawn[2]
    more, researcher, _ = await approved(database, sample=50)
    assert (await build(database, settings, more, researcher)).manifest["n"] == 12


@pytest.mark.parametrize(("sample", "seed"), [(0, 1), (5001, 1), (10, -1), (10, 2**31)])
async def test_a_sample_needs_a_size_and_a_seed(database: Database, sample: int, seed: int) -> None:
    with pytest.raises(BadRequest):
        await approved(database, sample=sample, seed=seed)


async def test_a_manifest_says_which_earlier_files_to_recall(database: Database, settings: Settings) -> None:
    goes, _stays = await add_closed(database), await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    earlier = await released(database, settings)
    assert said(settings, earlier)["recall"] == {"what": "Nothing has to be recalled.", "runs": []}
    async with transaction(database) as session:
        await withdraw_consent(session, conversation_id=goes)
    for _ in ("rows that may not be used", "rows that are gone"):
        later = await released(database, settings)
        recalled = said(settings, later)["recall"]
        assert isinstance(recalled, dict)
        (only,) = recalled["runs"]
        assert (only["run"], only["conversations_withdrawn"]) == (str(earlier), 1)
        assert len(held(settings, later)) == 1
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)  # which removes the rows
        async with reading(database) as session:
            (found,) = await queries.to_recall(session, among=[later, earlier])
            assert (found[0].id, found[1]) == (earlier, 1)
            assert await queries.to_recall(session, among=[later]) == []


async def test_downloads_end_and_the_files_go(
    service: FastAPI, database: Database, settings: Settings
) -> None:
    await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    run = await released(database, settings)
    path = f"/api/v1/runs/{run}/files/rows.jsonl"
    farid = await hire(database, FARID)
    async with browser_of(service, await open_session(database, farid)) as browser:
        assert (await browser.get(path)).status_code == 200
        assert path in (await browser.get("/research")).text
    await daily.run_daily(database, KEYS, settings, CODEBOOK, now=NOW)
    assert held(settings, run)
    with time_machine.travel(clock.now() + timedelta(days=settings.export_days, minutes=1)):
        async with browser_of(service, await open_session(database, farid)) as browser:
            assert (await browser.get(path)).status_code == 404
            assert path not in (await browser.get("/research")).text
        await daily.run_daily(database, KEYS, settings, CODEBOOK, now=clock.now())
    assert not runs.run_folder(settings, run).exists()
    async with reading(database) as session:
        actions = list(await session.scalars(select(col(AuditEntry.action))))
    assert actions.count("export.expired") == 1


async def test_files_go_that_a_cut_off_step_left(database: Database, settings: Settings) -> None:
    """Else a family that withdraws would still stand in them, and nobody would look there again."""
    await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    given_up, researcher, _ = await approved(database)
    taken_back, other, reviewer = await approved(database)
    await build(database, settings, given_up, researcher)
    await build(database, settings, taken_back, other)
    async with transaction(database) as session:
        await runs.ask_build(session, run_id=given_up, staff_id=researcher, role="researcher")
        await runs.take(  # and killed before its files are deleted
            session,
            Step.WITHDRAW,
            run_id=taken_back,
            staff_id=reviewer,
            role="reviewer",
            values={"withdrawn_at": NOW},
        )
    (runs.exports(settings) / str(uuid4())).mkdir()  # a database from before the run was restored
    keeps = await released(database, settings)
    await daily.run_daily(database, KEYS, settings, CODEBOOK, now=NOW)
    assert {folder.name for folder in runs.exports(settings).iterdir()} == {str(given_up), str(keeps)}
    await runs.give_up_build(database, given_up, why="The build stopped before it was done.")
    await daily.run_daily(database, KEYS, settings, CODEBOOK, now=NOW)
    assert [folder.name for folder in runs.exports(settings).iterdir()] == [str(keeps)]


async def test_what_a_killed_build_left_goes_but_not_what_is_being_written(settings: Settings) -> None:
    exports = runs.exports(settings)
    (exports / ".left.part").mkdir(parents=True)
    with building._held(exports):
        assert building.remove_unfinished(settings) == 0
    assert building.remove_unfinished(settings) == 1
    assert list(exports.iterdir()) == []


async def test_a_run_cannot_be_released_while_it_is_built_again(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its members are being renewed: a withdrawal from the files that stand there could go unseen."""
    await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    run, researcher, reviewer = await approved(database)
    await build(database, settings, run, researcher)
    note = building._note
    refused = []

    async def and_try_to_release(*args: object, **kwargs: object) -> None:
        with pytest.raises(Conflict) as raised:
            await runs.release_run(database, settings, run_id=run, staff_id=reviewer, role="reviewer")
        refused.append(raised)
        await note(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "_note", and_try_to_release)
    assert (await build(database, settings, run, researcher)).state == "built"
    assert refused


async def test_progress_is_told_and_stored(database: Database, settings: Settings) -> None:
    for _ in range(3):
        await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    run, researcher, _ = await approved(database)
    told: list[tuple[int, int]] = []
    built = await building.build_run(
        database,
        settings,
        CODEBOOK,
        run_id=run,
        staff_id=researcher,
        role="researcher",
        progress=lambda done, found: told.append((done, found)),
    )
    assert told == [(3, 3)]
    assert (built.done, built.found) == (3, 3)


async def test_what_was_approved_under_another_policy_is_not_built(
    database: Database, settings: Settings
) -> None:
    run, researcher, _ = await approved(database)
    async with transaction(database) as session:
        await session.execute(update(ExportRun).values(policy="before"))
    with pytest.raises(Conflict):
        await build(database, settings, run, researcher)
