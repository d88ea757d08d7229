"""The rehearsal's commands: simulate, demo and doctor, for the command line to offer."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app import audit, db
from app.content.reading import read_content
from app.content.rules import Language
from app.errors import BadRequest
from app.queue.explaining import Explanation
from app.queue.explaining import explain as decisions_of
from app.rehearsal import demo as living
from app.rehearsal import simulate as rehearsing
from app.rehearsal import staffing
from app.rehearsal.arrivals import Service
from app.rehearsal.doctor import examine
from app.rehearsal.questions import read_questions
from app.rehearsal.server import listen
from app.rehearsal.summary import findings_table, outcome_table
from app.reports.chart import bars
from app.settings import load_settings

out = Console(highlight=False, markup=False)  # names and errors may hold square brackets
err = Console(stderr=True, highlight=False, markup=False)


def simulate(
    file: Annotated[Path, typer.Argument(help="JSON lines: id, topic, title, text, reply.")],
    coaches: Annotated[int, typer.Option(min=1, max=500, help="How many coaches answer.")] = 8,
    parents_at_once: Annotated[int, typer.Option(min=1, max=5000, help="How many parents at a time.")] = 20,
    speed: Annotated[str, typer.Option(help="max, or 1 for people's own pace, 10 for ten times it.")] = "max",
    consent: Annotated[float, typer.Option(min=0, max=1, help="Share who consent to research.")] = 0.6,
    seed: Annotated[int, typer.Option(help="The same seed plays the same rehearsal.")] = 1,
    url: Annotated[
        str | None, typer.Option(help="Use this running service, on the same database; its limits hold.")
    ] = None,
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
    _end_gently()
    with progress_bars() as progress:
        bars = {
            "staff": progress.add_task("Staff sign in", total=coaches + 1),
            "conversation": progress.add_task("Conversations", total=len(questions)),
        }
        outcome = asyncio.run(
            rehearsing.simulate(settings, questions, plan, progress=lambda what: progress.advance(bars[what]))
        )
    out.print(outcome_table(outcome))
    for fault in outcome.faults:
        err.print(str(fault), soft_wrap=True)
    if outcome.faults:
        err.print(f"{len(outcome.faults)} faults.", style="red")
        raise typer.Exit(1)
    out.print("Verdict: nothing acknowledged was lost, doubled, reordered or crossed.", style="green")


def demo(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    past: Annotated[int, typer.Option(min=0, max=20_000, help="Past conversations to begin with.")] = 500,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="1 is people's own pace.")] = 2,
    seed: Annotated[int, typer.Option(help="The same seed makes the same past.")] = 1,
) -> None:
    """A living service to look at: a year of conversations, parents arriving, coaches answering some of them.

    Everybody and everything in it is invented. Write as a parent at / or sign in as a coach at /console: the
    rehearsed people answer you. Ctrl-C ends it; what it wrote stays in the development database.

    Example:  earshot demo --port 8080 --speed 4
    """
    settings = load_settings()
    rehearsing.refuse_production(settings)
    listen(host, port).close()
    db.migrate(settings)
    with progress_bars() as progress:
        bars = {
            "conversation": progress.add_task("A year of conversations", total=past),
            "row": progress.add_task("Anonymised rows", total=None),
        }

        def advance(what: str, total: int) -> None:
            progress.update(bars[what], advance=1, total=total)

        asyncio.run(living.fill_past(settings, count=past, seed=seed, progress=advance))
    _end_gently()
    err.print("The service starts …")
    try:
        asyncio.run(living.live(settings, host=host, port=port, speed=speed))
    except KeyboardInterrupt:
        out.print("The demo has ended. Its conversations stay in the development database.")


def simulate_queue(
    arrivals: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many parents come.")] = 20_000,
    coaches: Annotated[int, typer.Option(min=1, max=2000, help="How many coaches are on duty.")] = 40,
    load: Annotated[
        float, typer.Option(min=0.05, max=5, help="Chats asked for by chats that fit; over 1 is too much.")
    ] = 1.2,
    welsh: Annotated[float, typer.Option(min=0, max=1, help="Share of parents who ask for Welsh.")] = 0.1,
    patience: Annotated[float, typer.Option(min=0.5, help="Minutes until a parent leaves, on average.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed makes the same days.")] = 1,
    chart: Annotated[Path | None, typer.Option(help="Write the staffing chart here, as SVG.")] = None,
) -> None:
    """Play days of arrivals against the queue's real rules, and say how many coaches are enough.

    Prints waits, who was overtaken and why, how evenly chats are spread, the same for plain first in, first
    out, and a staffing table. Ends with status 1 if a promise of the queue was broken. Touches no database.

    Example:  earshot simulate-queue --arrivals 100000 --load 1.2 --chart staffing.svg
    """
    service = Service(
        arrivals=arrivals,
        coaches=coaches,
        load=load,
        welsh_parents=welsh,
        patience_s=60 * patience,
        seed=seed,
    )
    compared, findings = staffing.compare(service)
    out.print(staffing.figures_table(service, compared))
    for line in staffing.findings_lines(findings):
        out.print(line)
    tried = staffing.staffing(service, arrivals=min(arrivals, 10_000))
    out.print(staffing.staffing_table(tried))
    if chart is not None:
        points = [(str(one.coaches), round(one.p80)) for one in tried]
        svg = bars(points, across="Coaches", up="Four in five wait under (seconds)")
        chart.write_text(svg, encoding="utf-8")
        out.print(f"Written: {chart}", soft_wrap=True)
    if findings.faults:
        for fault in findings.faults[:20]:
            err.print(fault)
        raise typer.Exit(1)


def doctor() -> None:
    """Say what is wrong with the configuration, and how to mend it. Status 1 if anything serious is."""
    findings = asyncio.run(examine())
    out.print(findings_table(findings))
    if any(not finding.well and finding.serious for finding in findings):
        raise typer.Exit(1)


def explain(
    conversation: Annotated[UUID, typer.Argument(help="The conversation's id.")],
    language: Annotated[Language, typer.Option(help="English or Welsh.")] = "en",
) -> None:
    """Say why this coach got a conversation and not another, from what was stored of each decision.

    Each decision is decided again from what is stored; if the rules now say something else, that is told.

    Example:  earshot explain 6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11
    """
    settings = load_settings()
    content = read_content(settings.content_dir)

    async def ask() -> list[Explanation]:
        database = db.open_database(settings)
        try:
            await db.require_current(database)
            async with db.transaction(database) as session:
                found = await decisions_of(session, content, conversation_id=conversation, language=language)
                subject = f"conversation:{conversation}"
                audit.note(session, actor="operator", action="assignment.explained", subject=subject)
                return found
        finally:
            await database.engine.dispose()

    found = asyncio.run(ask())
    if not found:
        out.print(content.interface.text("explain.nothing", language))
    for decision in found:
        out.print(decision.headline, soft_wrap=True)
        for line in decision.lines:
            out.print(f"  {line}", soft_wrap=True)
        if decision.same is not None:
            key = "explain.same" if decision.same else "explain.other_now"
            out.print(f"  {content.interface.text(key, language)}", soft_wrap=True)


def _end_gently() -> None:
    """Take an order to end as Ctrl-C, so that the rehearsal's own server ends with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def progress_bars() -> Progress:
    """Bars on the error output, so that results can be piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


ALL = (simulate, simulate_queue, demo, doctor, explain)


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
