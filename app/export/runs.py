"""An export run: asked for by one person, approved by another, built, released, and if need be withdrawn.

Each step is one guarded update by the rules of `app.export.rules`, and stands in the audit record.
"""

import asyncio
import re
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.content.rules import Codebook
from app.db import Database, transaction
from app.errors import AppError, BadRequest, Conflict, Forbidden
from app.export import queries
from app.export.generalising import POLICY
from app.export.models import ExportRun
from app.export.periods import Period
from app.export.rules import MACHINE, REQUESTS, Answer, RunState, Step, may
from app.settings import Settings

BUILDER = "system:exports"
PURPOSE_LEAST, PURPOSE_MOST = 10, 500
SAMPLE_MOST = 5_000
SEED_MOST = 2**31 - 1
_NAME_OF_A_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def request_run(
    session: AsyncSession,
    codebook: Codebook,
    *,
    staff_id: UUID,
    role: str,
    purpose: str,
    topic: str | None,
    period: Period,
    sample: int | None = None,
    seed: int | None = None,
) -> ExportRun:
    """Ask for an export of rows about a topic (None: all) in a period, or of a sample of them.

    Only a researcher may. The same rows and the same seed give the same sample; without a seed it is 1.
    """
    if role not in REQUESTS:
        raise _wrong_role(REQUESTS)
    purpose = " ".join(purpose.replace("\0", " ").split())  # PostgreSQL stores no NUL
    if not PURPOSE_LEAST <= len(purpose) <= PURPOSE_MOST:
        raise BadRequest(
            f"The purpose needs {PURPOSE_LEAST} to {PURPOSE_MOST} characters.",
            next_step="Say in a sentence what the rows are for.",
        )
    if sample is not None and not 1 <= sample <= SAMPLE_MOST:
        raise BadRequest(
            f"A sample has 1 to {SAMPLE_MOST} conversations.", next_step="Leave it empty to have all."
        )
    if seed is not None and not 0 <= seed <= SEED_MOST:
        raise BadRequest("A seed is a number from 0 on.", next_step="Take any number, such as 1.")
    run = ExportRun(
        requested_by=staff_id,
        purpose=purpose,
        topic=codebook.resolve(topic) if topic else None,
        period=period.name,
        first_month=period.first,
        last_month=period.last,
        codebook_version=codebook.version,
        policy=POLICY,
        sample=sample,
        seed=None if sample is None else 1 if seed is None else seed,
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
        sample=str(run.sample or ""),
    )
    return run


async def approve_run(session: AsyncSession, *, run_id: UUID, staff_id: UUID, role: str) -> ExportRun:
    """Approve somebody else's request. Only a reviewer or a manager may, and never the same person."""
    return await take(
        session,
        Step.APPROVE,
        run_id=run_id,
        staff_id=staff_id,
        role=role,
        values={"approved_by": staff_id, "approved_at": clock.now()},
    )


async def ask_build(session: AsyncSession, *, run_id: UUID, staff_id: UUID, role: str) -> ExportRun:
    """Ask for an approved run's files, anew if it was built before; `app.export.builds` writes them."""
    require_policy(await queries.run(session, run_id))
    return await take(
        session,
        Step.BUILD,
        run_id=run_id,
        staff_id=staff_id,
        role=role,
        values={
            "building_since": clock.now(),
            "built_at": None,
            "failure": None,
            "done": 0,
            "found": None,
            "manifest": {},
        },
    )


async def finish_build(session: AsyncSession, *, run_id: UUID, manifest: Mapping[str, object]) -> ExportRun:
    """Say that a run's files are whole. Conflict if it was taken back while they were written."""
    built = await session.scalar(
        update(ExportRun)
        .where(still_building(run_id))
        .values(state=RunState.BUILT, built_at=clock.now(), building_since=None, manifest=dict(manifest))
        .returning(ExportRun)
        .execution_options(populate_existing=True)
    )
    if built is None:
        raise taken_back()
    audit.note(session, actor=BUILDER, action="export.built", subject=f"export:{run_id}")
    return built


async def give_up_build(database: Database, run_id: UUID, *, why: str) -> None:
    """Set a run that was to be built back to approved, and say why; any other run stays as it is."""
    async with transaction(database) as session:
        back = await session.scalar(
            update(ExportRun)
            .where(still_building(run_id))
            .values(state=RunState.APPROVED, building_since=None, done=0, found=None, failure=why)
            .returning(col(ExportRun.id))
        )
        if back is not None:
            audit.note(session, actor=BUILDER, action="export.not_built", subject=f"export:{run_id}")


def still_building(run_id: UUID) -> ColumnElement[bool]:
    """True for this run as long as it is to be built."""
    return and_(col(ExportRun.id) == run_id, col(ExportRun.state) == RunState.BUILDING)


def taken_back() -> Conflict:
    """What a build hears whose run is no longer to be built."""
    return Conflict("This export was taken back.", next_step="Ask for a new one.")


def require_policy(run: ExportRun) -> None:
    """Conflict for a run that was approved while another policy decided what is told."""
    if run.policy != POLICY:
        raise Conflict(
            "This export was approved under another policy.",
            next_step="Ask for it again, and have it approved.",
        )


async def release_run(
    database: Database, settings: Settings, *, run_id: UUID, staff_id: UUID, role: str
) -> ExportRun:
    """Let a built run's files be downloaded for some weeks. A reviewer or manager may, not who asked for it.

    Conflict if consent to one of its rows has been withdrawn since: then it must be built again.
    """
    async with transaction(database) as session:
        now = clock.now()
        released = await take(
            session,
            Step.RELEASE,
            run_id=run_id,
            staff_id=staff_id,
            role=role,
            values={"released_at": now, "expires_at": now + timedelta(days=settings.export_days)},
        )
        if not await asyncio.to_thread(run_folder(settings, run_id).is_dir):
            raise Conflict("The files of this export are gone.", next_step="Build the export again.")
        await require_consent(session, run_id)
    return released


async def withdraw_run(
    database: Database, settings: Settings, *, run_id: UUID, staff_id: UUID, role: str
) -> ExportRun:
    """Take a run back in any state: its files are deleted here. The asker may, and who may approve."""
    async with transaction(database) as session:
        withdrawn = await take(
            session,
            Step.WITHDRAW,
            run_id=run_id,
            staff_id=staff_id,
            role=role,
            values={"withdrawn_at": clock.now()},
        )
    await asyncio.to_thread(shutil.rmtree, run_folder(settings, run_id), ignore_errors=True)
    return withdrawn


async def take(
    session: AsyncSession,
    step: Step,
    *,
    run_id: UUID,
    staff_id: UUID,
    role: str,
    values: Mapping[str, object],
) -> ExportRun:
    """Take a step, once, if the rules allow it to this person and the run is where it may follow.

    Forbidden or Conflict otherwise; NotFound for a run that is none.
    """
    transition = MACHINE[step]
    run = await queries.run(session, run_id)
    require(run, step, staff_id=staff_id, role=role)
    moved = await session.scalar(
        update(ExportRun)
        .where(col(ExportRun.id) == run_id, col(ExportRun.state).in_(transition.frm))
        .values(state=transition.to, **values)
        .returning(ExportRun)
        .execution_options(populate_existing=True)
    )
    if moved is None:
        raise _not_now(await queries.run(session, run_id))
    audit.note(
        session, actor=f"{role}:{staff_id}", action=f"export.{transition.to}", subject=f"export:{run_id}"
    )
    return moved


def require(run: ExportRun, step: Step, *, staff_id: UUID, role: str) -> None:
    """Raise what stands against this step, if anything does."""
    match may(step, state=run.state, role=role, asked_for_it=run.requested_by == staff_id):
        case Answer.NOT_THIS_ROLE:
            raise _wrong_role(MACHINE[step].roles)
        case Answer.NOT_THE_SAME_PERSON:
            raise Forbidden(
                f"Nobody {step}s their own export.",
                next_step="Ask another reviewer or a manager to look at it.",
            )
        case Answer.NOT_ANOTHERS:
            raise Forbidden("This is another person's export.", next_step="Ask a reviewer or a manager.")
        case Answer.NOT_NOW:
            raise _not_now(run)


def run_folder(settings: Settings, run_id: UUID) -> Path:
    """Where a built run's files stand."""
    return exports(settings) / str(run_id)


def exports(settings: Settings) -> Path:
    """The folder of all runs' files."""
    return settings.data_dir / "exports"


async def require_consent(
    session: AsyncSession, run_id: UUID, *, next_step: str = "Build the export again."
) -> None:
    """Conflict if consent to one of a built run's rows has been withdrawn since."""
    if await queries.no_longer_available(session, run_id):
        raise Conflict("A parent has withdrawn consent to rows in this export.", next_step=next_step)


async def remove_spent(database: Database, settings: Settings, *, now: datetime) -> int:
    """Delete all files that nobody may have any more; of how many runs these were.

    These are runs whose time for downloads is over, that hold rows withdrawn since, that were taken back, or
    that are to be built anew, whatever step of theirs was cut off half-way.
    """
    removed = 0
    for folder in await asyncio.to_thread(_folders_of_runs, exports(settings)):
        aside = folder.with_name(f".spent.{uuid4().hex}")
        async with transaction(database) as session:
            why = await queries.hands_out_none(session, UUID(folder.name), now=now)
            if why is None or not await asyncio.to_thread(_put_aside, folder, aside):
                continue
            audit.note(session, actor=BUILDER, action=f"export.{why}", subject=f"export:{folder.name}")
        await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
        removed += 1
    return removed


def _folders_of_runs(exports: Path) -> list[Path]:
    if not exports.is_dir():
        return []
    return sorted(folder for folder in exports.iterdir() if _NAME_OF_A_RUN.fullmatch(folder.name))


def _put_aside(folder: Path, aside: Path) -> bool:
    """Take a folder out of the way at once, whole; False where another did."""
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return False
    return True


def _wrong_role(roles: tuple[str, ...]) -> AppError:
    return Forbidden("Your role does not include this.", next_step=f"It takes a {' or a '.join(roles)}.")


def _not_now(run: ExportRun) -> Conflict:
    return Conflict(
        f"This export is {run.state}, so this step cannot follow.",
        next_step="The order is: requested, approved, building, built, released.",
    )
