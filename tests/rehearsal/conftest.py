"""A rehearsal plays many people from one address: the limits of the server under test are raised."""

from pathlib import Path

import pytest

from app.rehearsal.questions import Question, read_questions
from app.rehearsal.server import RAISED
from app.settings import Limits, Settings, Timers
from tests.conftest import settings_for

QUESTIONS = Path(__file__).parent.parent / "data" / "questions.jsonl"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    raised = Limits(**{name.lower(): int(value) for name, value in RAISED.items()})
    plain = settings_for(database_url, tmp_path)
    return plain.model_copy(update={"limits": raised, "timers": Timers(ping=1)})


@pytest.fixture(scope="session")
def questions() -> list[Question]:
    """A dozen invented questions, some of which raise a concern."""
    return read_questions(QUESTIONS)[3:15]
