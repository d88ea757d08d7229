"""The service as an adversary finds it."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.settings import Settings
from tests.talk import running


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[FastAPI]:
    """The whole application on a fresh database, with its background tasks."""
    async with running(settings) as app:
        yield app
