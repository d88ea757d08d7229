"""A small rehearsal on both databases ends without a fault; a service with a seeded bug does not."""

import asyncio
import random
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.accounts.models import Consent, Staff
from app.chat.models import Conversation
from app.content.reading import read_content
from app.db import Database, reading
from app.errors import ConfigurationError, Forbidden
from app.rehearsal.questions import Question
from app.rehearsal.scripts import write_scripts
from app.rehearsal.server import environment
from app.rehearsal.simulate import Plan, at, simulate
from app.safeguarding.models import Concern, ConcernStep
from app.settings import Settings
from app.topics.models import Tagging
from tests.provision.server import LiveServer, running_server
from tests.rehearsal import faults
from tests.rehearsal.faults import Seeded

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SEED = 20


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Rehearsed coaches need no debrief, which a server of the rehearsal's own is told as well."""
    return settings.model_copy(update={"timers": settings.timers.model_copy(update={"debrief": 0})})


@dataclass
class Told:
    """What a rehearsal said of its progress."""

    what: list[str] = field(default_factory=list)

    def __call__(self, what: str) -> None:
        self.what.append(what)


async def test_a_rehearsal_ends_without_a_fault(
    settings: Settings, database: Database, questions: list[Question]
) -> None:
    told = Told()
    plan = Plan(coaches=4, parents_at_once=6, seed=SEED)

    outcome = await simulate(settings, questions, plan, progress=told)

    assert outcome.faults == ()
    assert outcome.conversations == len(questions) == told.what.count("conversation")
    assert told.what.count("staff") == plan.coaches + 1
    assert outcome.dropped > 0
    assert outcome.messages == len(outcome.to_ok) > 4 * len(questions)
    assert len(outcome.waits) == len(questions)
    assert at(outcome.to_ok, 0.99) > 0
    await the_database_shows_it_all(settings, database, questions)


@SQLITE_ONLY
async def test_at_a_service_with_debriefs_the_rehearsal_does_not_wait_for_them(
    settings: Settings, database: Database, questions: list[Question]
) -> None:
    timers = settings.timers.model_copy(update={"debrief": 3600})
    limits = settings.limits.model_copy(
        update={"starts_per_minute": 1000, "sign_ins_per_minute": 1000, "parent_messages_per_minute": 1000}
    )
    async with running_server(settings.model_copy(update={"timers": timers, "limits": limits})) as server:
        plan = Plan(coaches=1, parents_at_once=3, seed=SEED, url=server.url)
        async with asyncio.timeout(300):
            outcome = await simulate(server.settings, questions[:6], plan, progress=Told())
    assert outcome.faults == ()
    async with reading(database) as session:
        worrying = await session.scalar(
            select(func.count(func.distinct(col(Concern.conversation_id)))).select_from(Concern)
        )
    assert worrying is not None
    assert worrying >= 1, "the only coach was given a debrief before the last conversation"


async def the_database_shows_it_all(
    settings: Settings, database: Database, questions: list[Question]
) -> None:
    scripts = write_scripts(
        questions, codebook=read_content(settings.content_dir).codebook, seed=SEED, consent=0.6, limit=4000
    )
    async with reading(database) as session:
        conversations = list(await session.scalars(select(Conversation)))
        assert {(found.status, found.origin) for found in conversations} == {("closed", "simulated")}
        assert len(conversations) == len(questions)
        consented = await session.scalar(select(func.count()).select_from(Consent))
        assert consented == sum(script.consent for script in scripts)
        concerns = list(await session.scalars(select(Concern)))
        assert {concern.state for concern in concerns} == {"closed"}
        raised = await session.scalars(
            select(col(ConcernStep.staff_id)).where(
                col(ConcernStep.state) == "raised", col(ConcernStep.staff_id).is_not(None)
            )
        )
        assert len(list(raised)) == sum(script.concern is not None for script in scripts)
        tagged = await session.scalars(
            select(col(Tagging.conversation_id))
            .distinct()
            .where(col(Tagging.tagged_by) == "coach", col(Tagging.kind) == "topic")
        )
        assert len(list(tagged)) == len(questions)
        rehearsed = select(Staff).where(col(Staff.name).contains("(rehearsed)"))
        assert all(person.disabled_at for person in await session.scalars(rehearsed))


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("seeded", "kind"),
    [
        (faults.lose_one_after_ok, "lost"),
        (faults.deliver_one_twice, "doubled"),
        (faults.swap_two, "reordered"),
        (faults.send_one_to_another_conversation, "crossed"),
    ],
)
async def test_a_seeded_bug_is_named(
    live_server: LiveServer, questions: list[Question], seeded: Seeded, kind: str
) -> None:
    seeded(live_server.app, random.Random(SEED))
    plan = Plan(coaches=3, parents_at_once=6, seed=SEED, url=live_server.url)

    outcome = await simulate(live_server.settings, questions[:8], plan, progress=Told())

    assert {fault.kind for fault in outcome.faults} == {kind}
    words = " ".join(question.text + question.reply for question in questions)
    assert all(fault.detail not in words for fault in outcome.faults)


@SQLITE_ONLY
async def test_the_command_ends_with_status_1_and_names_each_fault(
    live_server: LiveServer, questions: list[Question], tmp_path: Path
) -> None:
    faults.lose_one_after_ok(live_server.app, random.Random(SEED))
    file = tmp_path / "questions.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(question) for question in questions))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "simulate", str(file), "--url", live_server.url),
        *("--coaches", "4", "--parents-at-once", "6", "--seed", str(SEED)),
        env=environment(live_server.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate()
    assert process.returncode == 1, complained.decode()
    assert re.search(r"^lost: conversation [0-9a-f-]{36}, seq \d+: ", complained.decode(), re.MULTILINE)
    assert "12 conversations" in printed.decode()
    told = printed.decode() + complained.decode()
    assert not [question.id for question in questions if question.text[:20] in told]


@SQLITE_ONLY
async def test_a_running_service_without_faults_passes(
    live_server: LiveServer, questions: list[Question]
) -> None:
    plan = Plan(coaches=2, parents_at_once=3, seed=SEED, url=live_server.url)
    outcome = await simulate(live_server.settings, questions[:2], plan, progress=Told())
    assert outcome.faults == ()


@SQLITE_ONLY
async def test_an_address_where_nobody_answers_is_named(
    settings: Settings, questions: list[Question]
) -> None:
    with pytest.raises(ConfigurationError, match="No service answers"):
        await simulate(settings, questions, Plan(url="http://127.0.0.1:9"), progress=Told())


async def test_production_is_refused(questions: list[Question]) -> None:
    production = Settings(
        env="production",
        secret="x" * 32,
        keys="one:" + "A" * 43 + "=",
        public_url="https://earshot.example",
    )
    with pytest.raises(Forbidden, match="development only"):
        await simulate(production, questions, Plan(), progress=Told())
