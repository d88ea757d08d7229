"""F3 and F13: a database that falls over or is full costs a refusal, never a message."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.db import migrate
from tests.conftest import settings_for
from tests.faults.ground import Ground
from tests.faults.nursery import Nursery
from tests.faults.rows import ROOM_MB
from tests.faults.storage import fill_disk, restart_database
from tests.provision.disk import small_disk
from tests.provision.packages import CannotProvideError
from tests.provision.postgres import postgres_cluster

SEED = 20261126
RESTARTS = 10


@pytest.fixture
def restartable(nursery: Nursery, tmp_path: Path) -> Iterator[Ground]:
    """A durable PostgreSQL of the test's own, migrated."""
    with postgres_cluster(durable=True) as cluster:
        settings = settings_for(cluster.url, tmp_path)
        migrate(settings)
        yield Ground(settings, nursery, restart_database=cluster.restart)


async def test_f3_a_database_that_falls_over_loses_nothing_acknowledged(restartable: Ground) -> None:
    outcome = await restart_database(restartable, RESTARTS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == RESTARTS


@pytest.fixture
def cramped(nursery: Nursery, tmp_path: Path) -> Iterator[Ground]:
    """A PostgreSQL on a small disk, which only root can provide."""
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(megabytes=ROOM_MB))
        except CannotProvideError as reason:
            pytest.skip(str(reason))
        cluster = stack.enter_context(postgres_cluster(durable=True, disk=disk))
        settings = settings_for(cluster.url, tmp_path)
        migrate(settings)
        yield Ground(settings, nursery, revive_database=cluster.revive, disk=disk)


async def test_f13_postgresql_on_a_full_disk_refuses_in_words_and_heals(cramped: Ground) -> None:
    outcome = await fill_disk(cramped, 1, SEED, random.Random(SEED))
    assert outcome.failures == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_f13_a_full_disk_refuses_in_words_and_heals(ground: Ground) -> None:
    outcome = await fill_disk(ground, 1, SEED, random.Random(SEED))
    assert outcome.failures == []
