"""Writes a run's files: they appear all at once, under the run's id, or not at all."""

import asyncio
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.content.rules import Codebook
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.errors import AppError, Conflict
from app.export import canaries, manifest, planning, queries, runs
from app.export.formats.chosen import Format, formats_for
from app.export.formats.columns import MaskedConversation, Writer
from app.export.formats.datapackage import write_data_package
from app.export.generalising import Facts
from app.export.models import ExportMember, ExportRun
from app.export.periods import Period
from app.export.rules import RunState
from app.settings import Settings

Progress = Callable[[int, int], None]


class Busy(Conflict):
    """Another export is being built."""


class Failed(AppError):
    """A build met what nobody expected. It names the kind alone: what was met may quote a text."""


async def build_run(
    database: Database,
    settings: Settings,
    codebook: Codebook,
    *,
    run_id: UUID,
    staff_id: UUID,
    role: str,
    progress: Progress | None = None,
) -> ExportRun:
    """Ask for the files of an approved run as this person, and write them here, as `build_asked` does."""
    with _held(runs.exports(settings)):
        async with transaction(database) as session:
            await runs.ask_build(session, run_id=run_id, staff_id=staff_id, role=role)
        return await _build(database, settings, codebook, run_id=run_id, progress=progress)


async def build_asked(
    database: Database,
    settings: Settings,
    codebook: Codebook,
    *,
    run_id: UUID,
    progress: Progress | None = None,
) -> ExportRun:
    """Write the files of a run that is to be built. Killed, it leaves none, and the run is still to be built.

    `progress` is called with the conversations written and found. Conflict if consent to one of the rows was
    withdrawn meanwhile, also before it was written, as what is told was decided by counting it. Then, or if
    the files cannot be written, or with Failed, the run is approved as before and says why. Busy while
    another is built.
    """
    with _held(runs.exports(settings)):
        return await _build(database, settings, codebook, run_id=run_id, progress=progress)


async def _build(
    database: Database, settings: Settings, codebook: Codebook, *, run_id: UUID, progress: Progress | None
) -> ExportRun:
    part = runs.exports(settings) / f".{run_id}.{uuid4().hex}.part"
    try:
        return await _write_whole(database, settings, codebook, run_id=run_id, part=part, progress=progress)
    except AppError as error:
        await runs.give_up_build(database, run_id, why=f"{error.message} {error.next_step}")
        raise
    except DATABASE_ERRORS as error:
        # Its own words may quote a text: its kind is told.
        why = f"The files could not be written ({type(error).__name__}). Build the export again."
        await runs.give_up_build(database, run_id, why=why)
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, its words and its trail may quote a text)
        failed = Failed(
            f"The build failed ({type(error).__name__}).", next_step="Tell whoever runs the service."
        )
        await runs.give_up_build(database, run_id, why=f"{failed.message} {failed.next_step}")
        raise failed from None
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)


async def _write_whole(
    database: Database,
    settings: Settings,
    codebook: Codebook,
    *,
    run_id: UUID,
    part: Path,
    progress: Progress | None,
) -> ExportRun:
    async with reading(database) as session:
        run = await queries.run(session, run_id)
        if run.state != RunState.BUILDING:
            raise runs.taken_back()
        runs.require_policy(run)
        people = {
            name: await session.get_one(Staff, person)
            for name, person in (("requested_by", run.requested_by), ("approved_by", run.approved_by))
            if person is not None
        }
    await asyncio.to_thread(_make_room, part, runs.run_folder(settings, run_id))
    began = clock.now()
    await asyncio.to_thread(canaries.require_clean, run_id.int % 1_000_000)
    plan = await planning.plan(
        database,
        run,
        nations={code.id: code.nation for code in codebook.regions if code.nation},
        simulated=settings.development,
    )
    formats, left_out = formats_for(plan.found, codebook, name=f"Earshot {run.period}")
    written = await _write(database, plan, run_id=run_id, folder=part, formats=formats, progress=progress)
    # What is told was decided for all who were counted: one who came since makes up for nobody who has gone.
    if any(written.known[facts] < count for facts, count in plan.counts.items()):
        raise Conflict(
            "A parent has withdrawn consent while this export was built.", next_step="Build the export again."
        )
    described = await asyncio.to_thread(_describe, part, codebook, run_id)
    async with transaction(database) as session:
        await runs.require_consent(session, run_id)
        told = manifest.manifest_of(
            run,
            plan,
            people=people,
            counts={"conversations": written.conversations, "messages": written.messages},
            recall=await queries.to_recall(session),
            described=described,
            suppressed=written.suppressed,
            left_out=left_out,
            at=began,
        )
        await asyncio.to_thread(manifest.write_manifest, part, told)
        built = await runs.finish_build(session, run_id=run_id, manifest=told)
        await asyncio.to_thread(part.rename, runs.run_folder(settings, run_id))
    return built


async def carry_through(
    database: Database,
    settings: Settings,
    codebook: Codebook,
    *,
    purpose: str,
    topic: str | None,
    period: Period,
    requested_by: Staff,
    approved_by: Staff,
    sample: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> tuple[ExportRun, Path]:
    """Request, approve, build and release in one go, as these two people; the run and its folder."""
    async with transaction(database) as session:
        run = await runs.request_run(
            session,
            codebook,
            staff_id=requested_by.id,
            role=requested_by.role,
            purpose=purpose,
            topic=topic,
            period=period,
            sample=sample,
            seed=seed,
        )
    async with transaction(database) as session:
        await runs.approve_run(session, run_id=run.id, staff_id=approved_by.id, role=approved_by.role)
    await build_run(
        database,
        settings,
        codebook,
        run_id=run.id,
        staff_id=requested_by.id,
        role=requested_by.role,
        progress=progress,
    )
    released = await runs.release_run(
        database, settings, run_id=run.id, staff_id=approved_by.id, role=approved_by.role
    )
    return released, runs.run_folder(settings, run.id)


def remove_unfinished(settings: Settings) -> int:
    """Delete what builds left that were killed; how many folders. Nothing while one is under way."""
    exports = runs.exports(settings)
    try:
        with _held(exports):
            left = [folder for folder in exports.iterdir() if folder.name.startswith(".")]
            for folder in left:
                shutil.rmtree(folder)
    except Busy:
        return 0
    return len(left)


@dataclass(slots=True)
class Written:
    """What was written: conversations by what is known of them, and how often each fact was not told."""

    conversations: int = 0
    messages: int = 0
    known: Counter[Facts] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)


async def _write(
    database: Database,
    plan: planning.Plan,
    *,
    run_id: UUID,
    folder: Path,
    formats: Sequence[Format],
    progress: Progress | None,
) -> Written:
    """Write what was planned, page by page.

    Each page is noted with the run before its rows are written, so that no file holds a conversation which
    cannot be recalled.
    """
    await _begin(database, run_id, found=plan.found)
    written = Written()
    with ExitStack() as stack:
        writers = await asyncio.to_thread(_opened, formats, folder, stack)
        async for page in planning.conversations(database, plan):
            written.conversations += len(page)
            written.messages += sum(len(conversation.messages) for conversation in page)
            written.known.update(conversation.known for conversation in page)
            written.suppressed.update(name for conversation in page for name in conversation.suppressed)
            await _note(database, run_id, page, done=written.conversations)
            await asyncio.to_thread(_write_page, writers, page)
            if progress is not None:
                progress(written.conversations, max(plan.found, written.conversations))
        await asyncio.to_thread(stack.close)
    return written


def _opened(formats: Sequence[Format], folder: Path, stack: ExitStack) -> list[Writer]:
    writers = []
    for open_in in formats:
        writers.append(open_in(folder))
        stack.callback(writers[-1].close)
    return writers


def _describe(folder: Path, codebook: Codebook, run_id: UUID) -> dict[str, dict[str, str | int]]:
    """Describe the files to programs, and then all of them in the manifest's way."""
    write_data_package(folder, codebook, manifest.describe(folder), name=f"earshot-{run_id}")
    return manifest.describe(folder)


def _write_page(writers: Sequence[Writer], page: Sequence[MaskedConversation]) -> None:
    for conversation in page:
        for writer in writers:
            writer.write(conversation)


async def _begin(database: Database, run_id: UUID, *, found: int) -> None:
    """Forget which conversations an earlier build held: its files are gone."""
    async with transaction(database) as session:
        await _require_building(session, run_id, found=found)
        await session.execute(delete(ExportMember).where(col(ExportMember.run_id) == run_id))


async def _note(database: Database, run_id: UUID, page: Sequence[MaskedConversation], *, done: int) -> None:
    async with transaction(database) as session:
        await _require_building(session, run_id, done=done)
        await session.execute(
            insert(ExportMember), [{"run_id": run_id, "group_id": conversation.id} for conversation in page]
        )


async def _require_building(session: AsyncSession, run_id: UUID, **values: int) -> None:
    """Note how far a build is; Conflict as soon as its run has been taken back."""
    moved = update(ExportRun).where(runs.still_building(run_id)).values(**values)
    if await session.scalar(moved.returning(col(ExportRun.id))) is None:
        raise runs.taken_back()


@contextmanager
def _held(exports: Path) -> Iterator[None]:
    """Hold the folder of exports, which ends with the process at the latest; Busy if another holds it.

    Two builds of one run would clear each other's unfinished files away.
    """
    exports.mkdir(parents=True, exist_ok=True)
    held = os.open(exports, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                "Another export is being built.", next_step="Try again in a minute.", retry_ms=60_000
            ) from None
        yield
    finally:
        os.close(held)


def _make_room(part: Path, target: Path) -> None:
    """A fresh folder to write in. What an earlier build of this run made, or left when it was killed, goes.

    Whole files go aside first, so that never half of them stand in their place.
    """
    if target.exists():
        target.rename(part.with_suffix(".old"))
    for left in part.parent.glob(f".{target.name}.*"):
        shutil.rmtree(left)
    part.mkdir(mode=0o700)
