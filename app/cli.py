"""The command line: `earshot --help` teaches it. Each command asks a room for the work and shows it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app import clock, db
from app.anonymise.own import Kind, Unreadable, keep, read_list
from app.content import check
from app.content.reading import read_content
from app.content.rules import Language
from app.db import Database, reading, transaction
from app.errors import AppError, BadRequest, ConfigurationError
from app.export.building import carry_through
from app.export.periods import Period, month_of, parse_period, year_of
from app.export.rows import RowsMade, make_rows
from app.export.runs import request_run
from app.export.tallies import count_closed
from app.rehearsal import commands
from app.rehearsal.cast import CAST, PASSWORD, DemoPerson, demo_people
from app.rehearsal.commands import err, out, progress_bars
from app.rehearsal.server import listen
from app.reports.topic import Source, build_report
from app.sealing import KeyRing
from app.serving import serve_until_stopped
from app.settings import PROJECT, load_settings, refuse_lonely_workers
from app.staff import active, staff, with_database

cli = typer.Typer(
    name="earshot",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="A parent coaching chat, and the anonymised research that comes out of it.\n\n"
    "Look round:  [bold]earshot demo[/bold]   ·   serve:  [bold]earshot serve[/bold]   ·   "
    "something wrong?  [bold]earshot doctor[/bold]",
)
content = typer.Typer(no_args_is_help=True, help="Check what the charity writes.")
cli.add_typer(staff, name="staff")
cli.add_typer(content, name="content")


def main() -> None:
    """Run the command line. What goes wrong becomes a sentence and what to do; status 1, or 2 for bad input.

    The words of a failing database or system are not shown where they may hold an address with its password.
    """
    try:
        cli()
    except AppError as error:
        for line in filter(None, (error.message, error.next_step)):
            err.print(line, soft_wrap=True)
        sys.exit(2 if isinstance(error, BadRequest) else 1)
    except SQLAlchemyError as error:
        err.print(f"The database cannot be used ({type(error).__name__}).", soft_wrap=True, markup=False)
        err.print("Check EARSHOT_DATABASE_URL and its rights; `earshot doctor` says more.", soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        what = f"{error.filename or 'The system refuses'}: {error.strerror or type(error).__name__}."
        err.print(what, soft_wrap=True, markup=False)
        err.print("Check what the settings name; `earshot doctor` says more.", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes; several need PostgreSQL and Redis. EARSHOT_WORKERS."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what goes wrong.")] = False,
) -> None:
    """Serve the widget, the console, research and advice.

    In development it migrates the database by itself and makes a demo person of each role.

    Example:  earshot serve --port 8080
    """
    settings = load_settings()
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    refuse_lonely_workers(settings)
    with listen(host, port) as listener:
        if "public_url" not in settings.model_fields_set:
            url = f"http://{host}:{listener.getsockname()[1]}"
            settings = settings.model_copy(update={"public_url": url})
        people: list[DemoPerson] = []
        if settings.development:
            db.migrate(settings)
            people = asyncio.run(with_database(settings, demo_people))
        else:
            asyncio.run(with_database(settings, db.require_current))
        serve_until_stopped(
            settings, listener, announce=lambda: None if quiet else _welcome(settings.public_url, people)
        )


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables; an empty one gets all of them. Nothing stored is lost."""
    settings = load_settings()
    db.migrate(settings)
    asyncio.run(with_database(settings, db.require_current))
    out.print("The database is at the newest migration.")


@cli.command()
def gazetteers(
    schools: Annotated[Path | None, typer.Option(help="The DfE's edubasealldata.csv.")] = None,
    health: Annotated[Path | None, typer.Option(help="A CSV of NHS organisations, as epraccur.csv.")] = None,
    names: Annotated[Path | None, typer.Option(help="A CSV of the ONS' baby names.")] = None,
) -> None:
    """Give the anonymiser lists of your own: schools, health services, given names."""
    files: tuple[tuple[Kind, Path | None], ...] = (("schools", schools), ("health", health), ("names", names))
    if not any(file for _, file in files):
        raise BadRequest(
            "Name at least one file.", next_step="earshot gazetteers --schools edubasealldata.csv"
        )
    for kind, file in files:
        if file is not None:
            try:
                found = read_list(kind, file)
            except Unreadable as error:
                raise BadRequest(
                    str(error), next_step="docs/operations.md says which files are read."
                ) from None
            except OSError as error:
                raise BadRequest(
                    f"{file} cannot be read: {error.strerror}.",
                    next_step=f"Say where the file is: earshot gazetteers --{kind} FOLDER/{file.name}",
                ) from None
            keep(kind, found)
            out.print(f"{len(found)} names of {kind} are kept.", highlight=False)


@content.command("check")
def content_check() -> None:
    """Read the content folder: each mistake by file, line and field, and what waits for a person."""
    found = read_content(load_settings().content_dir)
    checked = check.report(found, clock.now().date(), sources=[PROJECT / "app", PROJECT / "coach_console"])
    out.print("\n".join(checked.lines()), soft_wrap=True)
    raise typer.Exit(checked.status)


for command in commands.ALL:
    cli.command()(command)


@cli.command()
def rows() -> None:
    """Count what was closed, and make anonymised rows of what may be used for research: the daily job.

    May be ended at any moment and run again; nothing is counted or made twice.
    """
    settings = load_settings()
    content_read = read_content(settings.content_dir)

    async def job(database: Database, progress: Progress) -> tuple[int, RowsMade]:
        await db.require_current(database)
        counted = await count_closed(database, now=clock.now())
        bar = progress.add_task("Anonymised rows", total=None)
        made = await make_rows(
            database,
            KeyRing(settings.key_ring),
            settings,
            content_read.codebook,
            now=clock.now(),
            progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
        progress.update(bar, total=made.made, completed=made.made)
        return counted, made

    with progress_bars() as progress:
        counted, made = asyncio.run(with_database(settings, lambda database: job(database, progress)))
    out.print(f"{counted} closed conversations counted.")
    out.print(f"{made.made} conversations became {made.rows} rows; {made.withdrawn} were withdrawn.")
    if made.set_aside:
        out.print(f"{made.set_aside} were set aside: the leak check found something. See the audit record.")


@cli.command()
def export(
    topic: Annotated[str | None, typer.Option(help="A topic's code; without it, all topics.")] = None,
    period: Annotated[str | None, typer.Option(help="2026-03, 2026-Q1, 2026 or 2025/26.")] = None,
    purpose: Annotated[str, typer.Option(help="What the rows are needed for.")] = "",
    requested_by: Annotated[str, typer.Option("--as", help="The researcher who asks.")] = "",
    approved_by: Annotated[
        str, typer.Option("--approve-as", help="The reviewer who approves; development only.")
    ] = "",
    sample: Annotated[int | None, typer.Option(help="So many conversations at most, by chance.")] = None,
    seed: Annotated[int | None, typer.Option(help="The number that a sample is drawn from.")] = None,
) -> None:
    """Ask for an export of anonymised rows: a manifest, and the same rows in several formats.

    Another person must approve it, at /research. In development --approve-as does that here, and without
    names the demo people ask and approve. The period is this April-to-March year unless you say another.

    Example:  earshot export --topic school-refusal --period 2025/26
    """
    settings = load_settings()
    if approved_by and not settings.development:
        raise BadRequest(
            "--approve-as works in development only.", next_step="Let a reviewer approve it at /research."
        )
    if settings.development:
        requested_by = requested_by or CAST[2].email
        approved_by = approved_by or CAST[3].email
        purpose = purpose or "Looking at an export in development"
    if not requested_by or not purpose.strip():
        raise BadRequest("An export needs --as and --purpose.", next_step="Say who asks, and what for.")
    book = read_content(settings.content_dir).codebook
    code = book.resolve(topic) if topic else None
    asked = _period(period)

    async def ask(database: Database, progress: Progress) -> str:
        await db.require_current(database)
        async with reading(database) as session:
            asker = await active(session, requested_by)
            approver = await active(session, approved_by) if approved_by else None
        if approver is None:
            async with transaction(database) as session:
                run = await request_run(
                    session,
                    book,
                    staff_id=asker.id,
                    role=asker.role,
                    purpose=purpose,
                    topic=code,
                    period=asked,
                    sample=sample,
                    seed=seed,
                )
            return f"Requested: {run.id}. Another person approves it at {settings.public_url}/research"
        run, folder = await carry_through(
            database,
            settings,
            book,
            purpose=purpose,
            topic=code,
            period=asked,
            requested_by=asker,
            approved_by=approver,
            sample=sample,
            seed=seed,
            progress=lambda done, found: progress.update(bar, completed=done, total=found),
        )
        return f"{run.manifest['n']} conversations for {asked.name} in {folder}"

    with progress_bars() as progress:
        bar = progress.add_task("Conversations", total=None)
        done = asyncio.run(with_database(settings, lambda database: ask(database, progress)))
    out.print(done, soft_wrap=True)


@cli.command()
def report(
    topic: Annotated[str | None, typer.Option(help="A topic's code; without it, all topics.")] = None,
    period: Annotated[str | None, typer.Option(help="2026-03, 2026-Q1, 2026 or 2025/26.")] = None,
    source: Annotated[Source, typer.Option(help="Counts of all, or consented rows.")] = "tallies",
    language: Annotated[Language, typer.Option(help="English or Welsh.")] = "en",
    file: Annotated[Path | None, typer.Option("--out", help="Where to write it.")] = None,
) -> None:
    """Write a topic report as one HTML page, with a chart; small counts are not shown, the rest are rounded.

    The period is this April-to-March year unless you say another. Run `earshot rows` first.

    Example:  earshot report --topic school-refusal --period 2025/26 --out report.html
    """
    settings = load_settings()
    content_read = read_content(settings.content_dir)
    code = content_read.codebook.resolve(topic) if topic else None
    asked = _period(period)
    name = f"report-{code or 'all'}-{asked.name}.html".replace("/", "-")

    async def build(database: Database) -> str:
        await db.require_current(database)
        return await build_report(
            database, content_read, settings, topic=code, period=asked, source=source, language=language
        )

    page = asyncio.run(with_database(settings, build))
    path = file or Path(name)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", next_step="Give another --out."
        ) from None
    out.print(f"Written: {path}", soft_wrap=True)


def _welcome(url: str, people: list[DemoPerson]) -> None:
    pages = Table(show_header=False, box=None)
    for path, what in (
        ("/", "a page with the widget, as parents see it"),
        ("/console", "coaches and supervisors"),
        ("/research", "researchers and reviewers"),
        ("/advice", "articles for everybody"),
    ):
        pages.add_row(f"{url}{path}", what)
    out.print(pages)
    if people:
        table = Table("Demo person", "Email", "Password", "Role", title="Development only")
        for person in people:
            table.add_row(person.name, person.email, PASSWORD, person.role)
        out.print(table)
    out.print("Ctrl-C ends it.")


def _period(text: str | None) -> Period:
    return parse_period(text) if text else year_of(month_of(clock.now()))


if __name__ == "__main__":
    main()
