"""The demo: a year behind it, people who come and go, and an answer for whoever looks in."""

import asyncio
import contextlib
import random
import re
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app import clock
from app.accounts.models import Consent, Staff
from app.accounts.queries import all_staff
from app.chat.models import Conversation, LogEntry
from app.content.reading import read_content
from app.db import Database, reading
from app.errors import ConfigurationError
from app.export.models import RowGroup, Tally
from app.queue.models import QueueEntry
from app.rehearsal.cast import CAST, PASSWORD, demo_people
from app.rehearsal.demo import fill_past, live
from app.rehearsal.server import free_port, own_server
from app.rehearsal.staff import sign_in
from app.rehearsal.stories import read_stories, tell
from app.settings import PROJECT, Settings
from tests.provision.server import LiveServer

CLIENT = PROJECT / "docs" / "examples" / "client.py"
COUNT = 16
PATIENCE_S = 60
KNOCKS = 8  # the pause doubles after each: 0.5 s, then 1 s, and so on
SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_past_year_is_written_counted_and_anonymised(settings: Settings, database: Database) -> None:
    told: list[tuple[str, int]] = []

    assert await fill_past(settings, count=COUNT, seed=3, progress=lambda *what: told.append(what))

    now = clock.now()
    async with reading(database) as session:
        conversations = list(await session.scalars(select(Conversation)))
        assert {(found.status, found.origin) for found in conversations} == {("closed", "simulated")}
        assert len(conversations) == told.count(("conversation", COUNT)) == COUNT
        for found in conversations:
            assert now - timedelta(days=370) < found.created_at < found.opened_at
            assert found.opened_at < found.ended_at < found.closed_at < now - timedelta(days=1)
        assert len({found.created_at.month for found in conversations}) > 4
        consents = list(await session.scalars(select(Consent)))
        groups = list(await session.scalars(select(RowGroup)))
        assert 0 < len(groups) <= len(consents) < COUNT
        counted = await session.scalars(
            select(col(Tally.count)).where(col(Tally.topic) == "", col(Tally.variable) == "")
        )
        assert sum(counted) == COUNT
        await every_log_runs_forward_in_time(session, conversations)


async def every_log_runs_forward_in_time(session: object, conversations: list[Conversation]) -> None:
    for found in conversations:
        entries = await session.execute(
            select(col(LogEntry.seq), col(LogEntry.at))
            .where(col(LogEntry.conversation_id) == found.id, col(LogEntry.stream) == "conv")
            .order_by(col(LogEntry.seq))
        )
        seqs, times = zip(*entries, strict=True)
        assert seqs == tuple(range(1, len(seqs) + 1))
        assert list(times) == sorted(times)
        waited = (
            await session.scalars(select(QueueEntry).where(col(QueueEntry.conversation_id) == found.id))
        ).one()
        assert waited.ended_at - waited.entered_at == found.opened_at - found.created_at


@SQLITE_ONLY
async def test_a_past_is_written_once(settings: Settings, database: Database) -> None:
    assert await fill_past(settings, count=2, seed=3, progress=lambda *_: None)
    assert not await fill_past(settings, count=2, seed=3, progress=lambda *_: None)


@SQLITE_ONLY
async def test_the_demo_people_sign_in_and_stay_who_they_are(
    live_server: LiveServer, database: Database
) -> None:
    assert await demo_people(database) == list(CAST)
    assert await demo_people(database) == list(CAST)
    async with httpx.AsyncClient(trust_env=False) as http:
        for person in CAST:
            await sign_in(http, live_server.url, email=person.email, password=PASSWORD)
    async with reading(database) as session:
        assert len(await all_staff(session)) == len(CAST)


@SQLITE_ONLY
async def test_a_visitor_is_answered_and_the_demo_ends_cleanly(
    settings: Settings, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    await demo_people(database)
    port = free_port()
    demo = asyncio.create_task(live(settings, host="127.0.0.1", port=port, speed=50))
    try:
        printed = await visit(f"http://127.0.0.1:{port}")
    finally:
        demo.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await demo
    assert read_stories().strangers[0] in printed
    said = capfd.readouterr().out
    assert f"http://127.0.0.1:{port}/console" in said
    assert all(person.email in said for person in CAST)
    async with reading(database) as session:
        rehearsed = select(Staff).where(col(Staff.name).contains("(rehearsed)"))
        assert all(person.disabled_at for person in await session.scalars(rehearsed))
        left = await session.scalars(select(col(Conversation.status)).distinct())
        assert set(left) <= {"closed", "abandoned", "wrap_up"}  # wrap-up: a concern was still open


async def visit(url: str) -> str:
    """Look in as a parent, with the example client; what it printed."""
    knocking = httpx.AsyncHTTPTransport(retries=KNOCKS)
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(transport=knocking, timeout=None) as http:
        (await http.get(f"{url}/healthz")).raise_for_status()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(CLIENT), url, "Hello, I am only looking."),
            env={"PATH": str(Path(sys.executable).parent), "NO_PROXY": "127.0.0.1"},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
    return printed.decode()


def test_stories_are_filled_and_use_the_codebook() -> None:
    codebook, chance = read_content(PROJECT / "content").codebook, random.Random(5)
    for _ in range(300):
        script = tell(codebook, chance)
        words = " ".join((*script.opening, *script.replies, *script.nods, script.thanks))
        assert not re.search(r"[{}]", words)
        assert len(script.nods) <= len(script.replies)
        assert all(codebook.known("topic", topic) for topic in script.topics)


def test_numbers_in_stories_are_from_the_drama_ranges() -> None:
    for phone in read_stories().phones:
        assert re.fullmatch(r"07700 900\d{3}|01632 960\d{3}|020 7946 0\d{3}", phone)


@SQLITE_ONLY
async def test_a_server_that_ends_as_it_starts_is_told_at_once_and_where_it_said_why(
    settings: Settings, tmp_path: Path
) -> None:
    unfit, log = settings.model_copy(update={"content_dir": tmp_path / "nowhere"}), tmp_path / "log"
    with pytest.raises(ConfigurationError, match="ended as it started") as ended:
        async with own_server(unfit, log=log):
            pass
    assert ended.value.next_step == f"{log} says why."
    assert "The content has" in log.read_text(encoding="utf-8")
