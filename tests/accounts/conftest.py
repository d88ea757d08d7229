"""The service for the tests of accounts over HTTP."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from tests.scenes import content


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[FastAPI]:
    """The whole application on a fresh database, without its background tasks."""
    app = create_app(settings, content())
    yield app
    await app.state.database.engine.dispose()
