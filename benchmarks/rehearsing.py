"""One rehearsal of the tests' questions, and empty databases on both engines to play it on."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.rehearsal.questions import read_questions
from app.rehearsal.simulate import Outcome, Plan, simulate
from app.settings import Settings
from tests.provision.postgres import postgres_server

QUESTIONS = Path(__file__).parent.parent / "tests" / "data" / "questions.jsonl"


def rehearse(settings: Settings, *, seed: int) -> Outcome:
    """Play every question once, with eight coaches and twenty parents at a time."""
    plan = Plan(coaches=8, parents_at_once=20, seed=seed)
    return asyncio.run(simulate(settings, read_questions(QUESTIONS), plan, progress=lambda _: None))


@contextmanager
def both_engines() -> Iterator[dict[str, Settings]]:
    """Development settings for an empty SQLite and an empty PostgreSQL database, by the engine's name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earshot-measure-")))
        urls = {
            "SQLite": f"sqlite:///{folder / 'earshot.db'}",
            "PostgreSQL": stack.enter_context(postgres_server(durable=True)),
        }
        yield {
            name: Settings(env="development", database_url=url, data_dir=folder / name)
            for name, url in urls.items()
        }
