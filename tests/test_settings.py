"""Settings: what is missing or weak is refused by its name, and development's own secrets are kept well."""

import base64
import os
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.errors import ConfigurationError
from app.settings import Settings, load_settings, parse_keys

KEY = base64.b64encode(b"k" * 32).decode()
GOOD = {
    "EARSHOT_ENV": "production",
    "EARSHOT_SECRET": "s" * 32,
    "EARSHOT_KEYS": f"first:{KEY}",
    "EARSHOT_PUBLIC_URL": "https://chat.example.org",
}


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_whole_production_configuration_is_accepted(production: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.server_secret == b"s" * 32
    assert settings.key_ring == {"first": b"k" * 32}
    assert not settings.always_open


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARSHOT_SECRET", None),
        ("EARSHOT_SECRET", "s" * 31),
        ("EARSHOT_KEYS", None),
        ("EARSHOT_KEYS", KEY),
        ("EARSHOT_KEYS", "first:not base64!"),
        ("EARSHOT_KEYS", "first:" + base64.b64encode(b"k" * 31).decode()),
        ("EARSHOT_KEYS", f"first:{KEY},second:"),
        ("EARSHOT_PUBLIC_URL", "http://chat.example.org"),
        ("EARSHOT_CAPACITY", "0"),
        ("EARSHOT_SUPPRESS_BELOW", "4"),
        ("EARSHOT_ROWS_AFTER_DAYS", "6"),
        ("EARSHOT_RETENTION_DAYS", "1"),
        ("EARSHOT_ENV", "staging"),
        ("EARSHOT_TIMERS__PING", "soon"),
    ],
)
def test_production_refuses_what_is_missing_or_weak_by_its_name(
    production: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        production.delenv(name)
    else:
        production.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name) as refused:
        load_settings()
    assert refused.value.next_step


def test_a_refusal_never_shows_the_secret(production: pytest.MonkeyPatch) -> None:
    production.setenv("EARSHOT_SECRET", "lantern")
    production.setenv("EARSHOT_KEYS", "first:bGFudGVybg==")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert "lantern" not in f"{refused.value} {refused.value.next_step}"
    assert "bGFudGVybg" not in f"{refused.value} {refused.value.next_step}"
    assert refused.value.__cause__ is None


def test_repr_shows_no_secret(production: pytest.MonkeyPatch) -> None:
    assert KEY not in repr(load_settings())
    assert "s" * 32 not in repr(load_settings())


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(ValidationError):
        settings.env = "production"  # type: ignore[misc]


def test_development_makes_its_secrets_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    secret, ring = settings.server_secret, settings.key_ring
    again = Settings(data_dir=tmp_path / "new")
    assert (again.server_secret, again.key_ring) == (secret, ring)
    assert len(secret) == len(ring["development"]) == 32
    assert secret != ring["development"]
    for path in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert len(list((tmp_path / "new").iterdir())) == 2, "no part is left behind"


def test_two_processes_that_start_at_once_agree_on_the_made_secret(tmp_path: Path) -> None:
    def ask() -> bytes:
        return Settings(data_dir=tmp_path).server_secret

    children = []
    for _ in range(6):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, ask())
            os._exit(0)
        os.close(write)
        children.append((child, read))
    answers = set()
    for child, read in children:
        answers.add(os.read(read, 64))
        os.close(read)
        os.waitpid(child, 0)
    assert answers == {ask()}


def test_the_last_key_is_the_one_that_wraps() -> None:
    other = base64.b64encode(b"o" * 32).decode()
    assert list(parse_keys(f"old:{KEY}, new:{other}")) == ["old", "new"]


@pytest.mark.parametrize(
    ("url", "driven"),
    [
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("mysql://u@h/d", "mysql://u@h/d"),
    ],
)
def test_the_asynchronous_driver_is_named_for_the_operator(tmp_path: Path, url: str, driven: str) -> None:
    assert Settings(data_dir=tmp_path, database_url=url).database == driven


def test_sites_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_SITES", "https://one.example/, https://two.example ,")
    assert load_settings().sites == ("https://one.example", "https://two.example")
