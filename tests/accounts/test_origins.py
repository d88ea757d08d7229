"""Whose pages a browser may send from, decided by the `Origin` header."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import HTTPConnection

from app.accounts.access import own_origin
from app.settings import Settings


def asked_from(settings: Settings, origin: str | None, *, host: str) -> bool:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    app = SimpleNamespace(state=SimpleNamespace(settings=settings))
    return own_origin(HTTPConnection({"type": "http", "headers": headers, "app": app}))


@pytest.mark.parametrize(
    ("origin", "development", "production"),
    [
        (None, True, True),
        ("https://chat.example.org", True, True),
        ("https://inner.example.org:8443", True, True),
        ("http://inner.example.org:8443", True, False),
        ("http://chat.example.org", False, False),
        ("https://chat.example.org.example.com", False, False),
        ("https://example.org", False, False),
        ("null", False, False),
    ],
)
def test_only_the_services_own_pages_count(
    tmp_path: Path, origin: str | None, development: bool, production: bool
) -> None:
    at_home = Settings(data_dir=tmp_path, public_url="https://chat.example.org")
    in_earnest = at_home.model_copy(update={"env": "production"})
    assert asked_from(at_home, origin, host="inner.example.org:8443") is development
    assert asked_from(in_earnest, origin, host="inner.example.org:8443") is production
