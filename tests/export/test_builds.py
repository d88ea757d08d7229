"""Builds beside the requests that ask for them: each in a process of its own, taken up again or given up."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest

from app.db import Database, reading, transaction
from app.errors import Conflict
from app.export import builds, queries, runs
from app.export.building import _held
from app.export.builds import Builds
from app.export.models import ExportRun
from app.settings import Settings
from tests.cast import FARID, GWEN, browser_of, hire_and_sign_in
from tests.export import killed
from tests.export.conversations import CODEBOOK, add_staff
from tests.export.folders import files_under, torn
from tests.export.test_runs import approved, made, requested
from tests.scenes import PATIENCE_S
from tests.talk import running


async def asked(database: Database) -> UUID:
    """A run that is to be built."""
    researcher, reviewer = await add_staff(database, "researcher"), await add_staff(database, "reviewer")
    run = await requested(database, researcher)
    await approved(database, run, by=reviewer)
    async with transaction(database) as session:
        await runs.ask_build(session, run_id=run, staff_id=researcher, role="researcher")
    return run


async def found(database: Database, run: UUID) -> ExportRun:
    async with reading(database) as session:
        return await queries.run(session, run)


def building(database: Database, settings: Settings) -> Builds:
    return Builds(database, settings, CODEBOOK)


async def test_what_is_asked_for_is_built_one_after_the_other(database: Database, settings: Settings) -> None:
    await made(database, settings, {}, {})
    first, second = await asked(database), await asked(database)
    assert (await found(database, first)).state == "building"
    await building(database, settings).work_off()
    for run in (first, second):
        built = await found(database, run)
        assert (built.state, built.done, built.found, built.failure) == ("built", 2, 2, None)
        assert torn(runs.run_folder(settings, run)) == []
        assert files_under(runs.run_folder(settings, run))


async def test_a_request_is_answered_at_once_and_the_service_builds(settings: Settings) -> None:
    """Over HTTP, in the whole service: the answer comes first, and the files without anybody asking again."""
    async with running(settings) as app:
        database = app.state.database
        farid, gwen = [await hire_and_sign_in(database, person) for person in (FARID, GWEN)]
        run = await requested(database, farid.viewer.staff_id)
        await approved(database, run, by=gwen.viewer.staff_id)
        async with browser_of(app, farid) as browser:
            answer = await browser.post(f"/api/v1/runs/{run}/build")
            assert (answer.status_code, answer.json()["state"]) == (202, "building")
            page = (await browser.get("/research")).text
            assert 'data-building="/research?lang=en"' in page
            async with asyncio.timeout(3 * PATIENCE_S):  # a process begins, and writes
                while (await found(database, run)).state == "building":
                    continue
            page = (await browser.get("/research")).text
            assert "data-building" not in page
        assert (await found(database, run)).state == "built"


async def test_a_build_that_was_killed_says_so_and_can_be_asked_for_again(
    database: Database, settings: Settings
) -> None:
    await made(database, settings, {}, {})
    run = await asked(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builds, "build_here", killed.die_half_way)
        await building(database, settings).work_off()
    failed = await found(database, run)
    assert (failed.state, failed.found) == ("approved", None)
    assert not runs.run_folder(settings, run).exists()
    assert failed.failure == "The build stopped before it was done. Build the export again."
    assert failed.requested_by is not None
    async with transaction(database) as session:
        await runs.ask_build(session, run_id=run, staff_id=failed.requested_by, role="researcher")
    await building(database, settings).work_off()
    assert (await found(database, run)).state == "built"


async def test_what_a_stopped_service_left_is_taken_up_again(database: Database, settings: Settings) -> None:
    await made(database, settings, {}, {})
    run = await asked(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builds, "build_here", killed.stop_half_way)
        begun = settings.data_dir / "begun"
        os.mkfifo(begun)
        task = asyncio.create_task(building(database, settings).run())
        pid = int(await asyncio.to_thread(begun.read_text))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (await found(database, run)).state == "building"
    await building(database, settings).work_off()
    assert (await found(database, run)).state == "built"


async def test_a_refused_build_says_why_and_leaves_the_run(database: Database, settings: Settings) -> None:
    await made(database, settings, {})
    run = await asked(database)
    (settings.data_dir / "exports").mkdir()
    (settings.data_dir / "exports" / f".{run}.in-the-way").write_text("no folder: it cannot be cleared away")
    await building(database, settings).work_off()
    failed = await found(database, run)
    assert failed.state == "approved"
    assert failed.failure == "The files could not be written (NotADirectoryError). Build the export again."


@pytest.mark.parametrize(
    ("build", "told", "quotes"),
    [
        (killed.quote_half_way, "The build failed (RuntimeError). Tell whoever runs the service.", False),
        (killed.quote_outside, "The build stopped before it was done. Build the export again.", False),
        # That the words would be seen:
        (killed.quote_freely, "The build stopped before it was done. Build the export again.", True),
    ],
)
async def test_what_a_build_fails_with_is_told_by_its_kind_and_never_quoted(
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    build: Callable[..., None],
    told: str,
    quotes: bool,
) -> None:
    await made(database, settings, {}, {})
    run = await asked(database)
    monkeypatch.setattr(builds, "build_here", build)
    await building(database, settings).work_off()
    failed = await found(database, run)
    assert (failed.state, failed.failure) == ("approved", told)
    seen = "".join(capfd.readouterr())
    assert (killed.QUOTED in seen) == quotes
    assert str(run) in seen
    assert "RuntimeError" in seen
    assert ("Traceback" in seen) == quotes


async def test_a_run_that_cannot_even_be_given_up_is_tried_once_at_a_time(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the disk is full: it is looked at again later, and not again and again."""
    run = await asked(database)
    monkeypatch.setattr(builds, "build_here", killed.refuse)
    await building(database, settings).work_off()
    assert (await found(database, run)).state == "building"


async def test_a_run_that_was_taken_back_is_not_built(database: Database, settings: Settings) -> None:
    run = await asked(database)
    taken = await found(database, run)
    await runs.withdraw_run(database, settings, run_id=run, staff_id=taken.requested_by, role="researcher")
    await building(database, settings).work_off()
    assert (await found(database, run)).state == "withdrawn"
    async with transaction(database) as session:
        with pytest.raises(Conflict):
            await runs.finish_build(session, run_id=run, manifest={})


async def test_a_build_gives_way_to_one_that_is_under_way(database: Database, settings: Settings) -> None:
    run = await asked(database)
    with _held(runs.exports(settings)):
        await building(database, settings).work_off()
        assert (await found(database, run)).state == "building"
    await building(database, settings).work_off()
    assert (await found(database, run)).state == "built"
