"""The command line: `earshot --help` teaches it. Each command asks a room for the work and shows it."""

import asyncio
import errno
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app import db
from app.accounts import actions as accounts
from app.accounts import queries as staff_queries
from app.accounts.models import Role
from app.content.checking import texts_in
from app.content.reading import read_content
from app.db import Database, open_database, reading, transaction
from app.errors import AppError, BadRequest, ConfigurationError, NotFound
from app.main import create_app
from app.rehearsal import simulate as rehearsing
from app.rehearsal.cast import PASSWORD, DemoPerson, demo_people
from app.rehearsal.doctor import examine
from app.rehearsal.questions import read_questions
from app.settings import Settings, load_settings

T = TypeVar("T")
SOCKETS = 65_536
GRACE_S = 5
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

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
staff = typer.Typer(no_args_is_help=True, help="Add, list and disable members of staff.")
content = typer.Typer(no_args_is_help=True, help="Check what the charity writes.")
cli.add_typer(staff, name="staff")
cli.add_typer(content, name="content")


def main() -> None:
    """Run the command line. An AppError becomes a sentence, what to do next, and status 1 (2: bad input)."""
    try:
        cli()
    except AppError as error:
        for line in filter(None, (error.message, error.next_step)):
            err.print(line, soft_wrap=True, markup=False)
        sys.exit(2 if isinstance(error, BadRequest) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what goes wrong.")] = False,
) -> None:
    """Serve the widget, the console, research and advice.

    In development it migrates the database by itself and makes a demo person of each role.

    Example:  earshot serve --port 8080
    """
    settings = load_settings()
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    people: list[DemoPerson] = []
    if settings.development:
        db.migrate(settings)
        people = asyncio.run(_with_database(settings, demo_people))
        if "public_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"public_url": f"http://{host}:{port}"})
    else:
        asyncio.run(_with_database(settings, db.require_current))
    application = create_app(settings)
    if not quiet:
        _welcome(settings.public_url, people)
    _raise_socket_limit()
    uvicorn.Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,  # heartbeats are frames of the protocol
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
        )
    ).run(sockets=[listener])


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables; an empty one gets all of them. Nothing stored is lost."""
    settings = load_settings()
    db.migrate(settings)
    asyncio.run(_with_database(settings, db.require_current))
    out.print("The database is at the newest migration.")


@staff.command("add")
def staff_add(
    email: Annotated[str, typer.Argument(help="The address they sign in with.")],
    name: Annotated[str, typer.Option(help="Their name; parents see the first name only.")],
    role: Annotated[Role, typer.Option(help="What they are here to do.")],
    languages: Annotated[str, typer.Option(help="Languages, best first: en,cy")] = "en",
    capacity: Annotated[int, typer.Option(min=1, max=10, help="Chats at once, for coaches.")] = 3,
) -> None:
    """Add a member of staff and print the link with which they choose a password.

    The link works once, for seven days, and is shown only here.

    Example:  earshot staff add jo@example.org --name "Jo Ash" --role coach --languages en,cy
    """
    settings = load_settings()

    async def add(database: Database) -> str:
        await db.require_current(database)
        async with transaction(database) as session:
            _, token = await accounts.add_staff(
                session, email=email, name=name, role=role, languages=languages, capacity=capacity
            )
        return token

    token = asyncio.run(_with_database(settings, add))
    out.print(f"Give {name} this link; it works once:")
    out.print(f"{settings.public_url}/console/first#{token}", soft_wrap=True)


@staff.command("list")
def staff_list() -> None:
    """List everybody, the disabled too."""

    async def everybody(database: Database) -> Table:
        await db.require_current(database)
        table = Table("Name", "Email", "Role", "Languages", "At once", "State")
        async with reading(database) as session:
            for person in await staff_queries.all_staff(session):
                state = "disabled" if person.disabled_at else "active" if person.password_hash else "invited"
                told = (person.name, person.email, person.role, person.languages, str(person.capacity), state)
                table.add_row(*told)
        return table

    out.print(asyncio.run(_with_database(load_settings(), everybody)))


@staff.command("disable")
def staff_disable(email: Annotated[str, typer.Argument(help="Whom to shut out.")]) -> None:
    """Shut a member of staff out at once: sessions, sockets and links end. Their past work stays."""

    async def disable(database: Database) -> None:
        await db.require_current(database)
        async with transaction(database) as session:
            person = await staff_queries.staff_by_email(session, email)
            if person is None:
                raise NotFound(f"Nobody has the address {email}.", next_step="See `earshot staff list`.")
            await accounts.disable_staff(session, staff_id=person.id)

    asyncio.run(_with_database(load_settings(), disable))
    out.print(f"{email} can no longer sign in.")


@content.command("check")
def content_check() -> None:
    """Read the content folder and name every mistake by file, line and field."""
    found = read_content(load_settings().content_dir)
    drafts = [f"  {path}" for path, text in texts_in(found) if text.draft]
    drafts += [f"  articles/{article.slug}" for article in found.articles if article.draft]
    out.print(
        f"No mistake: codebook {found.codebook.version}, {len(found.codebook.topics)} topics, "
        f"{len(found.articles)} articles."
    )
    if drafts:
        out.print(f"{len(drafts)} Welsh texts wait for their review:")
        out.print("\n".join(drafts), markup=False, soft_wrap=True)


@cli.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="JSON lines: id, topic, title, text, reply.")],
    coaches: Annotated[int, typer.Option(min=1, max=500, help="How many coaches answer.")] = 8,
    parents_at_once: Annotated[int, typer.Option(min=1, max=5000, help="How many parents at a time.")] = 20,
    speed: Annotated[str, typer.Option(help="max, or 1 for people's own pace, 10 for ten times it.")] = "max",
    consent: Annotated[float, typer.Option(min=0, max=1, help="Share who consent to research.")] = 0.6,
    seed: Annotated[int, typer.Option(help="The same seed plays the same rehearsal.")] = 1,
    url: Annotated[str | None, typer.Option(help="Use this running service, on the same database.")] = None,
) -> None:
    """Replay people's words through the real service and check that nothing was lost, doubled or crossed.

    Each question becomes a parent and each reply a coach's messages, over real sockets, on a server of its
    own and the configured database. Ends with status 1 and names each fault if there is any.

    Example:  earshot simulate questions.jsonl --coaches 60 --parents-at-once 150
    """
    settings = load_settings()
    rehearsing.refuse_production(settings)
    questions = read_questions(file)
    plan = rehearsing.Plan(
        coaches=coaches,
        parents_at_once=parents_at_once,
        speed=_speed(speed),
        consent=consent,
        seed=seed,
        url=url,
    )
    with _progress() as progress:
        bars = {
            "staff": progress.add_task("Staff sign in", total=coaches + 1),
            "conversation": progress.add_task("Conversations", total=len(questions)),
        }
        outcome = asyncio.run(
            rehearsing.simulate(settings, questions, plan, progress=lambda what: progress.advance(bars[what]))
        )
    out.print(_summary(outcome))
    for fault in outcome.faults:
        err.print(str(fault), markup=False, soft_wrap=True)
    if outcome.faults:
        err.print(f"{len(outcome.faults)} faults.", style="red")
        raise typer.Exit(1)
    out.print("Verdict: nothing acknowledged was lost, doubled, reordered or crossed.", style="green")


@cli.command()
def doctor() -> None:
    """Say what is wrong with the configuration, and how to mend it. Status 1 if anything serious is."""
    findings = asyncio.run(examine())
    table = Table("", "What", "Found", "What to do", show_lines=True)
    for finding in findings:
        mark = (
            "[green]✓[/green]"
            if finding.well
            else "[red]✗[/red]"
            if finding.serious
            else "[yellow]![/yellow]"
        )
        table.add_row(mark, finding.what, Text(finding.found), Text(finding.mend))
    out.print(table)
    if any(not finding.well and finding.serious for finding in findings):
        raise typer.Exit(1)


async def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    database = open_database(settings)
    try:
        return await work(database)
    finally:
        await database.engine.dispose()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} on {host} is in use.",
                next_step=f"Stop what uses it, or take another: earshot serve --port {port + 1}",
            ) from None
        raise ConfigurationError(
            f"Port {port} on {host} cannot be listened on: {error.strerror}.",
            next_step="Give another --host or --port.",
        ) from None


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


def _raise_socket_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS if hard == resource.RLIM_INFINITY else min(SOCKETS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _speed(text: str) -> float:
    if text == "max":
        return 0
    try:
        speed = float(text)
    except ValueError:
        speed = -1
    if not 0 <= speed < 1e6:
        raise BadRequest(f"“{text}” is not a speed.", next_step="Give max, or a number such as 10.")
    return speed


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


def _summary(outcome: rehearsing.Outcome) -> Table:
    table = Table("", "Count", "p50", "p95", "p99", title=f"Played in {outcome.seconds:.1f} s")
    for name, values in (
        ("Wait for a coach (s)", outcome.waits),
        ("Send to ok (ms)", [1000 * value for value in outcome.to_ok]),
        ("Send to the other side (ms)", [1000 * value for value in outcome.to_other_side]),
    ):
        shares = (f"{rehearsing.at(values, share):.1f}" for share in (0.5, 0.95, 0.99))
        table.add_row(name, str(len(values)), *shares)
    table.caption = (
        f"{outcome.conversations} conversations, {outcome.messages} messages, "
        f"{outcome.dropped} connections dropped on purpose"
    )
    return table


if __name__ == "__main__":
    main()
