"""Each command teaches, does what it says, and meets bad input with a sentence and a next step."""

import asyncio
import re
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.accounts.queries import all_staff, staff_for_first_sign_in
from app.db import open_database, reading
from app.rehearsal import commands
from app.rehearsal.questions import read_questions
from app.settings import Settings
from tests.cli.conftest import Run

COMMANDS = (
    *("serve", "demo", "migrate", "staff", "simulate", "rows", "export", "report", "content", "doctor"),
    *("simulate-queue", "explain"),
)
QUESTIONS = str(Path(__file__).parent.parent / "data" / "questions.jsonl")


def test_help_names_each_command(earshot: Run) -> None:
    shown = earshot("--help")
    assert shown.status == 0
    assert all(re.search(rf"^│ {command} ", shown.out, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize(
    "command", ["serve", "demo", "simulate", "simulate-queue", "explain", "export", "report"]
)
def test_help_of_a_command_gives_an_example(earshot: Run, command: str) -> None:
    assert f"Example:  earshot {command}" in " ".join(earshot(command, "--help").out.split("\n"))


def test_migrate_makes_everything_and_may_be_repeated(earshot: Run) -> None:
    assert earshot("staff", "list").status == 1
    assert earshot("migrate").out == "The database is at the newest migration.\n"
    assert earshot("migrate").status == 0
    assert earshot("staff", "list").status == 0


def test_a_database_that_is_behind_is_named(earshot: Run) -> None:
    for command in (["staff", "list"], ["rows"], ["export"], ["report"]):
        shown = earshot(*command)
        assert shown.status == 1
        assert "The database is at migration none" in shown.err
        assert "Run `earshot migrate`." in shown.err


@pytest.mark.parametrize("command", [["migrate"], ["serve", "--port", "0"], ["rows"]])
def test_a_database_of_a_newer_version_is_named_and_left_alone(
    earshot: Run, ready: Settings, command: list[str]
) -> None:
    with closing(sqlite3.connect(ready.data_dir / "earshot.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    shown = earshot(*command)
    assert shown.status == 1
    assert "The database is at migration 9999" in shown.err
    assert "newer version" in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("command", [["migrate"], ["serve", "--port", "0"], ["staff", "list"]])
def test_a_database_out_of_reach_is_named(
    earshot: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("EARSHOT_DATABASE_URL", "postgresql://someone:lantern@127.0.0.1:9/earshot")
    shown = earshot(*command)
    assert shown.status == 1
    assert "The database cannot be reached." in shown.err
    assert "EARSHOT_DATABASE_URL" in shown.err
    assert "lantern" not in shown.err


def test_no_address_is_told_where_the_content_has_a_mistake(
    earshot: Run, ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_CONTENT_DIR", "nowhere")
    shown = earshot("serve", "--port", "0")
    assert (shown.status, shown.out) == (1, "")
    assert "codebook.yaml, line 1" in shown.err


@pytest.mark.usefixtures("production")
def test_production_does_not_serve_a_database_that_is_behind(earshot: Run) -> None:
    shown = earshot("serve", "--port", "0")
    assert shown.status == 1
    assert "Run `earshot migrate`." in shown.err


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_named_before_anything_is_made(earshot: Run, tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = earshot(command, "--port", str(port))
    assert shown.status == 1
    assert f"Port {port} on 127.0.0.1 is in use." in shown.err
    assert f"--port {port + 1}" in shown.err
    assert not (tmp_path / "var").exists()


def test_a_missing_secret_outside_development_is_named(earshot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_ENV", "production")
    shown = earshot("serve")
    assert shown.status == 1
    assert "EARSHOT_SECRET is missing" in shown.err
    assert "earshot doctor" in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("command", [["simulate", QUESTIONS], ["demo"]])
def test_production_refuses_rehearsals(earshot: Run, command: list[str]) -> None:
    shown = earshot(*command)
    assert shown.status == 1
    assert "development only" in shown.err


@pytest.mark.usefixtures("current")
def test_production_has_an_export_approved_by_a_person(earshot: Run) -> None:
    refused = earshot("export", "--approve-as", "someone@example.org")
    assert (refused.status, "--approve-as works in development only." in refused.err) == (2, True)
    assert earshot("export").status == 2
    invite(earshot, "rhian@example.org", "researcher")
    asked = earshot(
        "export", "--as", "rhian@example.org", "--purpose", "A study of waiting", "--period", "2026-03"
    )
    assert asked.status == 0
    assert "Another person approves it at https://earshot.example/research" in asked.out


@pytest.mark.parametrize("command", ["export", "report"])
def test_an_unknown_topic_brings_near_matches(earshot: Run, ready: Settings, command: str) -> None:
    shown = earshot(command, "--topic", "school-refusel")
    assert shown.status == 2
    assert shown.err.count("school-attendance/school-refusal") == 1


@pytest.mark.parametrize("command", ["export", "report"])
def test_an_unknown_period_brings_the_forms(earshot: Run, ready: Settings, command: str) -> None:
    shown = earshot(command, "--period", "last year")
    assert shown.status == 2
    assert "2026-Q1" in shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "70000"],
        ["simulate", QUESTIONS, "--consent", "2"],
        ["simulate", QUESTIONS, "--coaches", "0"],
        ["simulate", QUESTIONS, "--speed", "quickly"],
        ["simulate", "nowhere.jsonl"],
        ["staff", "add", "jo@example.org", "--name", "Jo", "--role", "wizard"],
        ["staff", "add", "jo@example.org", "--name", "Jo", "--role", "coach", "--capacity", "11"],
        ["report", "--source", "guesses"],
        ["unheard-of"],
    ],
)
def test_an_option_out_of_range_is_refused(earshot: Run, arguments: list[str]) -> None:
    shown = earshot(*arguments)
    assert shown.status == 2
    assert shown.err
    assert "Traceback" not in shown.err


def test_staff_are_added_with_a_link_that_works_once_listed_and_disabled(
    earshot: Run, ready: Settings
) -> None:
    token = invite(earshot, "jo@example.org", "coach")
    assert look(ready, lambda session: staff_for_first_sign_in(session, token)) is not None
    listed = earshot("staff", "list").out
    assert "jo@example.org" in listed
    assert "invited" in listed
    assert token not in listed
    again = earshot("staff", "add", "jo@example.org", "--name", "Jo", "--role", "coach")
    assert (again.status, "is there already" in again.err) == (1, True)

    assert earshot("staff", "disable", "jo@example.org").status == 0
    assert look(ready, lambda session: staff_for_first_sign_in(session, token)) is None
    [person] = look(ready, all_staff)
    assert person.disabled_at is not None
    assert "disabled" in earshot("staff", "list").out
    assert earshot("staff", "disable", "nobody@example.org").status == 1


def test_an_address_is_listed_whole_on_a_narrow_screen(
    earshot: Run, ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "a.very.long.address.for.one.person@children-and-families.example.org"
    invite(earshot, address, "supervisor")
    monkeypatch.setattr(commands.out, "width", 80)
    shown = earshot("staff", "list").out
    told = "".join(line.split("│")[2].strip() for line in shown.splitlines() if line.startswith("│"))
    assert address in told


def test_a_new_link_takes_the_place_of_the_old(earshot: Run, ready: Settings) -> None:
    lost = invite(earshot, "jo@example.org", "coach")
    shown = earshot("staff", "link", "jo@example.org")
    assert shown.status == 0
    fresh = shown.out.partition("/console/first#")[2].split()[0]
    assert fresh != lost
    assert look(ready, lambda session: staff_for_first_sign_in(session, lost)) is None
    assert look(ready, lambda session: staff_for_first_sign_in(session, fresh)) is not None

    assert earshot("staff", "disable", "jo@example.org").status == 0
    for nobody in ("jo@example.org", "nobody@example.org"):
        refused = earshot("staff", "link", nobody)
        assert (refused.status, "staff list" in refused.err) == (1, True)


def test_staff_speak_only_languages_that_parents_can_ask_for(earshot: Run, ready: Settings) -> None:
    who = ("staff", "add", "jo@example.org", "--name", "Jo Ash", "--role", "coach", "--languages")
    refused = earshot(*who, "en,zz")
    assert refused.status == 2
    assert "The service is not offered in zz." in refused.err
    assert "Choose among en, cy" in refused.err
    assert "jo@example.org" not in earshot("staff", "list").out
    assert earshot(*who, "cy,en").status == 0


def test_a_bad_address_is_refused(earshot: Run, ready: Settings) -> None:
    shown = earshot("staff", "add", "not an address", "--name", "Jo", "--role", "coach")
    assert shown.status == 2
    assert "not an email address" in shown.err


def test_content_check_counts_and_lists_drafts(earshot: Run) -> None:
    shown = earshot("content", "check")
    assert shown.status == 0
    assert "8 articles" in shown.out
    assert "articles/school-rights.cy.md" in shown.out


def test_content_check_names_file_line_and_field(
    earshot: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "codebook.yaml").write_text("version: 1\ntopics: none\n")
    monkeypatch.setenv("EARSHOT_CONTENT_DIR", str(tmp_path / "content"))
    shown = earshot("content", "check")
    assert shown.status == 1
    assert "codebook.yaml, line 2, topics" in shown.err


def test_the_questions_of_the_tests_are_read() -> None:
    assert len(read_questions(Path(QUESTIONS))) == 30


def invite(earshot: Run, email: str, role: str) -> str:
    """Add a member of staff; the token of their link."""
    added = earshot("staff", "add", email, "--name", "Jo Ash", "--role", role, "--languages", "en,cy")
    assert added.status == 0, added.err
    [token] = re.findall(r"/console/first#(\S+)", added.out)
    return token


def look(settings: Settings, work: Callable) -> object:
    """What the database says."""

    async def read() -> object:
        database = open_database(settings)
        try:
            async with reading(database) as session:
                return await work(session)
        finally:
            await database.engine.dispose()

    return asyncio.run(read())
