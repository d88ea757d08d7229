"""What every test may ask for: a migrated database of its own on either engine, a live server, a browser."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from playwright.async_api import Browser, async_playwright

from app.db import Database, migrate, open_database
from app.settings import Settings
from tests.provision.chromium import chromium_flags, find_chromium
from tests.provision.postgres import postgres_server
from tests.provision.server import LiveServer, running_server

ROOMY_BYTES = 4_000_000_000

# A console that is made under a given width keeps it, whatever a test says; and rooms are imported soon.
os.environ.pop("COLUMNS", None)

# How fast an example runs says something of the machine, and is no property of what is tested.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """What tests write goes to memory where there is plenty: it need not outlive them, and thrice as fast."""
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and memory.is_dir() and shutil.disk_usage(memory).free > ROOMY_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(memory)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first, then the databases, the repository's checks, the fault suite and the browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("browser"):
        return 5
    if "nursery" in getattr(item, "fixturenames", ()):
        return 4
    if item.path.parent.name == "repository":
        return 3
    if "database_url" not in getattr(item, "fixturenames", ()):
        return 0
    return 2 if "postgresql" in item.name else 1


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """Development settings that read nothing from the machine's environment but their defaults."""
    return Settings(env="development", database_url=database_url, data_dir=data_dir)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """A developer's own EARSHOT_ variables must not decide what the tests see."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("EARSHOT_") and not name.startswith("EARSHOT_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL superuser: EARSHOT_TEST_POSTGRES_URL, or a server of our own."""
    given = os.environ.get("EARSHOT_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest migration; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("sqlite")
    path = folder / "template.db"
    migrate(settings_for(f"sqlite:///{path}", folder))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database at the newest migration; tests work on copies of it."""
    name = f"earshot_template_{uuid4().hex[:12]}"
    _run(_order(postgres_url, f"CREATE DATABASE {name}"))
    migrate(settings_for(_sibling(postgres_url, name), tmp_path_factory.mktemp("postgresql")))
    yield name
    _run(_order(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database; the test runs once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "earshot.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    admin = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    name = f"earshot_{uuid4().hex[:12]}"
    _run(_copy(admin, template, name))
    yield _sibling(admin, name)
    _run(_order(admin, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for a fresh database; what the service writes lands in the test's own folder."""
    return settings_for(database_url, tmp_path)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A fresh database, open; closed when the test ends."""
    opened = open_database(settings)
    yield opened
    await opened.engine.dispose()


@pytest.fixture
async def live_server(settings: Settings) -> AsyncIterator[LiveServer]:
    """The whole service on a real socket, on the test's database."""
    async with running_server(settings) as server:
        yield server


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium; open a context of your own in it for each person."""
    async with async_playwright() as playwright:
        path = await asyncio.to_thread(find_chromium, playwright.chromium.executable_path)
        chromium = await playwright.chromium.launch(executable_path=path, args=chromium_flags())
        yield chromium
        await chromium.close()


async def _copy(url: str, template: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        # As files, which is quick; before PostgreSQL 15 it was the only way and had no name.
        how = "STRATEGY file_copy" if connection.get_server_version().major >= 15 else ""
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
    finally:
        await connection.close()


async def _order(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(work: Coroutine[object, object, None]) -> None:
    """Run this beside the loop of the tests, which a fixture outside of it must not touch."""
    with asyncio.Runner() as runner:
        runner.run(work)


def _sibling(url: str, name: str) -> str:
    """Another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"
