"""`earshot doctor` finds what is wrong with a configuration and says how to mend it."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from app.rehearsal.doctor import BUILT
from app.sealing import KeyRing
from app.settings import Settings, parse_keys
from tests.cli.conftest import Run


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The browser's files, as built."""
    folder = tmp_path / "web"
    folder.mkdir()
    for name in BUILT:
        (folder / name).touch()
    monkeypatch.setenv("EARSHOT_WEB_DIR", str(folder))


@pytest.mark.usefixtures("built")
def test_a_healthy_machine_passes(earshot: Run, ready: Settings) -> None:
    shown = earshot("doctor")
    assert shown.status == 0, shown.out
    assert "✗" not in shown.out


@pytest.mark.usefixtures("built", "current")
def test_a_healthy_production_machine_passes(earshot: Run) -> None:
    shown = earshot("doctor")
    assert shown.status == 0, shown.out
    assert "EARSHOT_SECRET and EARSHOT_KEYS are set" in shown.out


@pytest.mark.usefixtures("built")
def test_a_database_that_is_behind(earshot: Run) -> None:
    shown = earshot("doctor")
    assert shown.status == 1
    assert "Run `earshot migrate`." in shown.out


@pytest.mark.usefixtures("built")
def test_keys_that_do_not_open_what_is_stored_are_named(
    earshot: Run, ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ("first:" + "A" * 43 + "=", "second:" + "B" * 42 + "A=")
    conversation = uuid4()
    with closing(sqlite3.connect(ready.data_dir / "earshot.db")) as database:
        database.execute(
            "INSERT INTO conversation_key (conversation_id, wrapped) VALUES (?, ?)",
            (conversation.hex, KeyRing(parse_keys(first)).new_key(conversation)),
        )
        database.commit()
    monkeypatch.setenv("EARSHOT_KEYS", second)
    shown = earshot("doctor")
    assert shown.status == 1
    assert "1 of 1 conversations and concerns do not open" in shown.out
    assert "first" in shown.out
    monkeypatch.setenv("EARSHOT_KEYS", f"{first},{second}")
    assert earshot("doctor").status == 0


@pytest.mark.parametrize(
    ("name", "value", "found", "mend"),
    [
        ("EARSHOT_ENV", "production", "EARSHOT_SECRET is missing", "docs/operations.md"),
        ("EARSHOT_CAPACITY", "many", "EARSHOT_CAPACITY", "docs/operations.md"),
        ("EARSHOT_SECRET", "short", "shorter than 32", "token_urlsafe"),
        ("EARSHOT_KEYS", "one:two", "EARSHOT_KEYS", "openssl rand"),
        ("EARSHOT_WEB_DIR", "nowhere", "not found in nowhere", "make web"),
        ("EARSHOT_DATABASE_URL", "mysql://somewhere/else", "does not know", "sqlite:///"),
        (
            "EARSHOT_DATABASE_URL",
            "postgresql://127.0.0.1:9/none",
            "cannot be reached",
            "EARSHOT_DATABASE_URL",
        ),
        ("EARSHOT_CONTENT_DIR", "nowhere", "The content has", "content check"),
        ("EARSHOT_DATA_DIR", "taken/here", "cannot be written", "EARSHOT_DATA_DIR"),
    ],
)
@pytest.mark.usefixtures("built")
def test_each_wrong_setting_is_named_with_what_to_do(
    earshot: Run,
    ready: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    found: str,
    mend: str,
) -> None:
    Path("taken").touch()
    monkeypatch.setenv(name, value)
    shown = earshot("doctor")
    assert shown.status == 1
    told = " ".join(shown.out.replace("│", " ").split())
    assert found.replace(" ", "") in told.replace(" ", "")
    assert mend.replace(" ", "") in told.replace(" ", "")


@pytest.mark.usefixtures("built")
def test_a_misspelt_variable_is_pointed_out(
    earshot: Run, ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_SECERT", "never seen")
    shown = earshot("doctor")
    assert shown.status == 0
    assert "EARSHOT_SECERT" in shown.out
    assert "never seen" not in shown.out


@pytest.mark.usefixtures("built")
def test_several_workers_on_sqlite_are_named_by_doctor_and_refused_by_serve(
    earshot: Run, ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = earshot("serve", "--workers", "2", "--port", "0")
    assert (refused.status, "SQLite serves one worker" in refused.err) == (1, True)
    monkeypatch.setenv("EARSHOT_WORKERS", "2")
    shown = earshot("doctor")
    assert shown.status == 1
    assert "SQLite serves one worker" in shown.out
    assert "EARSHOT_DATABASE_URL" in shown.out


@pytest.mark.usefixtures("built")
def test_a_redis_that_cannot_be_reached_is_named(earshot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("EARSHOT_REDIS_URL", "redis://127.0.0.1:1")
    shown = earshot("doctor")
    assert shown.status == 1
    assert "Redis cannot be used" in shown.out


@pytest.mark.usefixtures("built", "ready")
def test_leads_who_cannot_be_reached_are_named(earshot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_ON_CALL", "nobody@example.org")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("EARSHOT_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("EARSHOT_MAIL_FROM", "earshot@example.org")
    monkeypatch.setenv("EARSHOT_PAGE_WEBHOOK", f"http://127.0.0.1:{port}/pages")
    monkeypatch.setenv("EARSHOT_PAGE_WEBHOOK_SECRET", "s" * 32)
    shown = earshot("doctor")
    assert shown.status == 1
    for told in ("nobody@example.org", "the mail server lets nobody in", "the receiver cannot be reached"):
        assert told in shown.out
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("EARSHOT_PAGE_WEBHOOK", f"http://127.0.0.1:{port}/pages")
        assert "the receiver can be reached" in earshot("doctor").out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARSHOT_SMTP_URL", "mail.example.org"),
        ("EARSHOT_SMTP_URL", "smtps://mail.example.org"),
        ("EARSHOT_PAGE_WEBHOOK", "ftp://example.org"),
        ("EARSHOT_PAGE_WEBHOOK", "https://example.org/pages"),
    ],
)
def test_a_channel_that_is_set_by_half_is_refused(
    earshot: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    shown = earshot("doctor")
    assert shown.status == 1
    assert "EARSHOT_" in shown.out
