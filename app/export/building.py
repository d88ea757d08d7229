"""Writes a run's files: they appear all at once, under the run's id, or not at all."""

import asyncio
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, update
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.content.rules import Codebook
from app.db import Database, reading, transaction
from app.errors import Conflict
from app.export import canaries, manifest, planning, queries, runs
from app.export.formats.chosen import Format, formats_for
from app.export.formats.columns import MaskedConversation, Writer
from app.export.formats.datapackage import write_data_package
from app.export.generalising import POLICY
from app.export.models import ExportMember, ExportRun
from app.export.periods import Period
from app.export.rules import MACHINE, RunState, Step
from app.settings import Settings

Progress = Callable[[int, int], None]


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
    """Write the files of an approved run, anew if it was built before. Killed, it leaves nothing.

    `progress` is called with the conversations written and found. Conflict if consent to one of the rows was
    withdrawn meanwhile, also before it was written, as what is told was decided by counting it: build again.
    """
    async with reading(database) as session:
        run = await queries.run(session, run_id)
        runs.require(run, Step.BUILD, staff_id=staff_id, role=role)
        _require_policy(run)
        people = {
            name: await session.get_one(Staff, person)
            for name, person in (("requested_by", run.requested_by), ("approved_by", run.approved_by))
            if person is not None
        }
    exports = runs.exports(settings)
    part = exports / f".{run_id}.{uuid4().hex}.part"
    lock = await asyncio.to_thread(_lock, exports)
    try:
        await asyncio.to_thread(_make_room, part, run_id)
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
        if written.conversations < plan.found:  # what is told was decided for more of them
            raise Conflict(
                "A parent has withdrawn consent while this export was built.",
                next_step="Build the export again.",
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
            built = await runs.take(
                session,
                Step.BUILD,
                run_id=run_id,
                staff_id=staff_id,
                role=role,
                values={"built_at": clock.now(), "manifest": told},
            )
            await asyncio.to_thread(_publish, part, runs.run_folder(settings, run_id))
        return built
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        os.close(lock)


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
        lock = _lock(exports)
    except Conflict:
        return 0
    try:
        left = [folder for folder in exports.iterdir() if folder.name.startswith(".")]
        for folder in left:
            shutil.rmtree(folder)
    finally:
        os.close(lock)
    return len(left)


@dataclass(slots=True)
class Written:
    """What was written, and for how many conversations each fact was not told although it was known."""

    conversations: int = 0
    messages: int = 0
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
    """What was built before counts no more: it must not be released while its members are renewed."""
    async with transaction(database) as session:
        begun = await session.scalar(
            update(ExportRun)
            .where(col(ExportRun.id) == run_id, col(ExportRun.state).in_(MACHINE[Step.BUILD].frm))
            .values(state=RunState.APPROVED, built_at=None, done=0, found=found)
            .returning(col(ExportRun.id))
        )
        if begun is None:
            raise Conflict("This export was taken back.", next_step="Ask for a new one.")
        await session.execute(delete(ExportMember).where(col(ExportMember.run_id) == run_id))


async def _note(database: Database, run_id: UUID, page: Sequence[MaskedConversation], *, done: int) -> None:
    async with transaction(database) as session:
        await session.execute(
            insert(ExportMember), [{"run_id": run_id, "group_id": conversation.id} for conversation in page]
        )
        await session.execute(update(ExportRun).where(col(ExportRun.id) == run_id).values(done=done))


def _require_policy(run: ExportRun) -> None:
    if run.policy != POLICY:
        raise Conflict(
            "This export was approved under another policy.",
            next_step="Ask for it again, and have it approved.",
        )


def _lock(exports: Path) -> int:
    """Hold the folder of exports, which ends with the process at the latest; Conflict if another holds it.

    Two builds of one run would clear each other's unfinished files away.
    """
    exports.mkdir(parents=True, exist_ok=True)
    held = os.open(exports, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise Conflict(
            "Another export is being built.", next_step="Try again in a minute.", retry_ms=60_000
        ) from None
    return held


def _make_room(part: Path, run_id: UUID) -> None:
    """A fresh folder to write in; what a killed build of the same run left behind goes."""
    for left in part.parent.glob(f".{run_id}.*"):
        shutil.rmtree(left)
    part.mkdir(mode=0o700)


def _publish(part: Path, target: Path) -> None:
    """Put a finished folder in its place at once."""
    if target.exists():
        target.rename(part.with_suffix(".old"))
    part.rename(target)
    shutil.rmtree(part.with_suffix(".old"), ignore_errors=True)
