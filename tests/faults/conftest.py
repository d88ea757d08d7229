"""What the fault tests share: one nursery of servers, and a fresh database to stand on."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.faults import nursery as servers
from tests.faults.ground import Ground
from tests.faults.nursery import Nursery

SEED = 20261126


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One process for the whole run that forks servers."""
    with servers.nursery() as started:
        yield started


@pytest.fixture
def ground(settings: Settings, nursery: Nursery) -> Ground:
    """A fresh database with servers at call, timers at a tenth; on each engine."""
    return Ground(settings, nursery)
