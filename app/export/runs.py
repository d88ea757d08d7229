"""An export run: asked for by one person, approved by another, built, released, and if need be withdrawn.

Each step is one guarded update and stands in the audit record. A run's files appear all at once, under the
run's id, or not at all.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.models import Role, Staff
from app.anonymise import VERSION
from app.content.rules import Codebook
from app.db import Database, reading, transaction
from app.errors import BadRequest, Conflict, Forbidden
from app.export import files, queries
from app.export.models import ExportRun, RunState
from app.export.periods import Period
from app.settings import Settings

SEES = (Role.RESEARCHER, Role.REVIEWER, Role.MANAGER)
REQUESTS = (Role.RESEARCHER,)
APPROVES = (Role.REVIEWER, Role.MANAGER)
PURPOSE_LEAST, PURPOSE_MOST = 10, 500
CHUNK = 200

RESIDUAL_RISK = (
    "Rules have taken out what they know to identify a person: names, contact details, numbers, addresses, "
    "schools, places, dates and exact ages. Rules miss some: rare nicknames, misspelt names, and events that "
    "only one family lived through. The facts about the child may single a family out when taken together. "
    "Treat every row as possibly identifying. Do not try to find out who "
    "wrote it, do not combine it with other records, do not pass it on, and quote from it only after a "
    "reviewer has released the quotation."
)


async def request_run(
    session: AsyncSession,
    codebook: Codebook,
    *,
    staff_id: UUID,
    role: str,
    purpose: str,
    topic: str | None,
    period: Period,
) -> ExportRun:
    """Ask for an export of rows about a topic (None: all) in a period. Only a researcher may."""
    _require(role, REQUESTS)
    purpose = " ".join(purpose.replace("\0", " ").split())  # PostgreSQL stores no NUL
    if not PURPOSE_LEAST <= len(purpose) <= PURPOSE_MOST:
        raise BadRequest(
            f"The purpose needs {PURPOSE_LEAST} to {PURPOSE_MOST} characters.",
            next_step="Say in a sentence what the rows are for.",
        )
    run = ExportRun(
        requested_by=staff_id,
        purpose=purpose,
        topic=codebook.resolve(topic) if topic else None,
        first_month=period.first,
        last_month=period.last,
        requested_at=clock.now(),
    )
    session.add(run)
    await session.flush()
    audit.note(
        session,
        actor=f"{role}:{staff_id}",
        action="export.requested",
        subject=f"export:{run.id}",
        topic=run.topic or "",
        period=period.name,
    )
    return run


async def approve_run(session: AsyncSession, *, run_id: UUID, staff_id: UUID, role: str) -> ExportRun:
    """Approve somebody else's request. Only a reviewer or a manager may, and never the same person."""
    _require(role, APPROVES)
    run = await queries.run(session, run_id)
    if run.requested_by == staff_id:
        raise Forbidden(
            "Nobody approves their own export.", next_step="Ask another reviewer or a manager to look at it."
        )
    return await _step(
        session,
        run_id=run_id,
        staff_id=staff_id,
        role=role,
        to=RunState.APPROVED,
        frm=(RunState.REQUESTED,),
        values={"approved_by": staff_id, "approved_at": clock.now()},
    )


async def build_run(
    database: Database, settings: Settings, codebook: Codebook, *, run_id: UUID, staff_id: UUID, role: str
) -> ExportRun:
    """Write the files of an approved run, anew if it was built before. Killed, it leaves nothing.

    Conflict if consent to one of the rows was withdrawn meanwhile: then it must be built again.
    """
    _require(role, SEES)
    async with reading(database) as session:
        run = await queries.run(session, run_id)
        if run.state not in (RunState.APPROVED, RunState.BUILT):
            raise _moved_on(run)
        people = {
            name: await session.get_one(Staff, person)
            for name, person in (("requested_by", run.requested_by), ("approved_by", run.approved_by))
            if person is not None
        }
    part = _exports(settings) / f".{run_id}.{uuid4().hex}.part"
    lock = await asyncio.to_thread(_lock, _exports(settings))
    try:
        await asyncio.to_thread(_make_room, part, run_id)
        began = clock.now()
        counts = await _write_rows(database, settings, run=run, folder=part)
        described = await asyncio.to_thread(files.checksums, part)
        manifest = _manifest(
            run, people=people, counts=counts, described=described, codebook=codebook, at=began
        )
        await asyncio.to_thread(files.write_manifest, part, manifest)
        async with transaction(database) as session:
            await _require_consent(session, part)
            built = await _step(
                session,
                run_id=run_id,
                staff_id=staff_id,
                role=role,
                to=RunState.BUILT,
                frm=(RunState.APPROVED, RunState.BUILT),
                values={"built_at": clock.now(), "manifest": manifest},
            )
            await asyncio.to_thread(_publish, part, run_folder(settings, run_id))
        return built
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        os.close(lock)


async def release_run(
    database: Database, settings: Settings, *, run_id: UUID, staff_id: UUID, role: str
) -> ExportRun:
    """Let a built run's files be downloaded. Only a reviewer or a manager may, not who asked for the run.

    Conflict if consent to one of its rows has been withdrawn since: then it must be built again.
    """
    _require(role, APPROVES)
    async with transaction(database) as session:
        run = await queries.run(session, run_id)
        if run.requested_by == staff_id:
            raise Forbidden(
                "Nobody releases their own export.", next_step="Ask another reviewer or a manager."
            )
        if run.state == RunState.BUILT:
            await _require_consent(session, run_folder(settings, run_id))
        return await _step(
            session,
            run_id=run_id,
            staff_id=staff_id,
            role=role,
            to=RunState.RELEASED,
            frm=(RunState.BUILT,),
            values={"released_at": clock.now()},
        )


async def withdraw_run(
    database: Database, settings: Settings, *, run_id: UUID, staff_id: UUID, role: str
) -> ExportRun:
    """Take a run back in any state: its files are deleted here. The asker may, and who may approve."""
    _require(role, SEES)
    async with transaction(database) as session:
        run = await queries.run(session, run_id)
        if role not in APPROVES and run.requested_by != staff_id:
            raise Forbidden("This is another person's export.", next_step="Ask a reviewer or a manager.")
        withdrawn = await _step(
            session,
            run_id=run_id,
            staff_id=staff_id,
            role=role,
            to=RunState.WITHDRAWN,
            frm=(RunState.REQUESTED, RunState.APPROVED, RunState.BUILT, RunState.RELEASED),
            values={"withdrawn_at": clock.now()},
        )
    await asyncio.to_thread(shutil.rmtree, run_folder(settings, run_id), ignore_errors=True)
    return withdrawn


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
) -> tuple[ExportRun, Path]:
    """Request, approve, build and release in one go, as these two people; the run and its folder."""
    async with transaction(database) as session:
        run = await request_run(
            session,
            codebook,
            staff_id=requested_by.id,
            role=requested_by.role,
            purpose=purpose,
            topic=topic,
            period=period,
        )
    async with transaction(database) as session:
        await approve_run(session, run_id=run.id, staff_id=approved_by.id, role=approved_by.role)
    await build_run(
        database,
        settings,
        codebook,
        run_id=run.id,
        staff_id=requested_by.id,
        role=requested_by.role,
    )
    released = await release_run(
        database, settings, run_id=run.id, staff_id=approved_by.id, role=approved_by.role
    )
    return released, run_folder(settings, run.id)


def run_folder(settings: Settings, run_id: UUID) -> Path:
    """Where a built run's files stand."""
    return _exports(settings) / str(run_id)


def _exports(settings: Settings) -> Path:
    return settings.data_dir / "exports"


def _require(role: str, allowed: Iterable[str]) -> None:
    if role not in set(allowed):
        raise Forbidden("Your role does not include this.", next_step=f"It takes a {' or a '.join(allowed)}.")


async def _step(
    session: AsyncSession,
    *,
    run_id: UUID,
    staff_id: UUID,
    role: str,
    to: RunState,
    frm: tuple[RunState, ...],
    values: Mapping[str, object],
) -> ExportRun:
    moved = await session.scalar(
        update(ExportRun)
        .where(col(ExportRun.id) == run_id, col(ExportRun.state).in_(frm))
        .values(state=to, **values)
        .returning(ExportRun)
        .execution_options(populate_existing=True)
    )
    if moved is None:
        raise _moved_on(await queries.run(session, run_id))
    audit.note(session, actor=f"{role}:{staff_id}", action=f"export.{to}", subject=f"export:{run_id}")
    return moved


def _moved_on(run: ExportRun) -> Conflict:
    return Conflict(
        f"This export is {run.state}, so this step cannot follow.",
        next_step="The order is: requested, approved, built, released.",
    )


async def require_consent_to_files(session: AsyncSession, settings: Settings, run_id: UUID) -> None:
    """Conflict if consent to one of a built run's rows has been withdrawn since."""
    try:
        await _require_consent(session, run_folder(settings, run_id))
    except Conflict:
        raise Conflict(
            "A parent has withdrawn consent to rows in this export.",
            next_step="Have it taken back, and ask for a new one.",
        ) from None


async def _require_consent(session: AsyncSession, folder: Path) -> None:
    """Refuse a folder that is gone, or that holds rows which may no longer be used."""
    if not await asyncio.to_thread(folder.is_dir):
        raise Conflict("The files of this export are gone.", next_step="Build the export again.")
    found = files.conversations_in(folder)
    while chunk := await asyncio.to_thread(lambda: [UUID(group) for group in islice(found, CHUNK)]):
        if await queries.still_available(session, groups=chunk) != len(chunk):
            raise Conflict(
                "A parent has withdrawn consent to rows in this export.", next_step="Build the export again."
            )


async def _write_rows(
    database: Database, settings: Settings, *, run: ExportRun, folder: Path
) -> dict[str, int]:
    """Write the selected rows; how many conversations and messages they are."""
    selection = queries.Selection(run.first_month, run.last_month, run.topic, simulated=settings.development)
    groups_written = rows_written = 0
    after: UUID | None = None
    writer = files.Writer(folder)
    try:
        async with reading(database) as session:
            while groups := await queries.groups_after(
                session, selection=selection, after=after, limit=CHUNK
            ):
                after = groups[-1].id
                rows = [
                    row
                    for found in (await queries.rows_of(session, groups=[g.id for g in groups])).values()
                    for row in found
                ]
                await asyncio.to_thread(writer.write, groups, rows)
                groups_written += len(groups)
                rows_written += len(rows)
                session.expunge_all()
    finally:
        await asyncio.to_thread(writer.close)
    await asyncio.to_thread(files.write_parquet, folder)
    return {"conversations": groups_written, "messages": rows_written}


def _manifest(
    run: ExportRun,
    *,
    people: Mapping[str, Staff],
    counts: Mapping[str, int],
    described: Mapping[str, object],
    codebook: Codebook,
    at: datetime,
) -> dict[str, object]:
    return {
        "run": str(run.id),
        "source": "rows",
        "n": counts["conversations"],
        "counts": dict(counts),
        "files": dict(described),
        "topic": run.topic,
        "first_month": f"{run.first_month:%Y-%m}",
        "last_month": f"{run.last_month:%Y-%m}",
        "purpose": run.purpose,
        **{name: {"name": staff.name, "role": staff.role} for name, staff in people.items()},
        "requested_at": clock.wire(run.requested_at),
        "as_at": clock.wire(at),
        "codebook_version": codebook.version,
        "redactor_version": VERSION,
        "residual_risk": RESIDUAL_RISK,
    }


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
