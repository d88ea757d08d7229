"""The whole application, for tests that ask over HTTP."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from tests.scenes import content


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application on a fresh database, without its background tasks."""
    app = create_app(settings, content())
    yield app
    await app.state.database.engine.dispose()
