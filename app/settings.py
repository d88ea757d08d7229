"""One frozen Settings, read from `EARSHOT_…` variables, which refuses weak secrets outside development."""

import base64
import binascii
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import ConfigurationError

PROJECT = Path(__file__).parent.parent
SECRET_BYTES = 32
SMTP = ("smtps", "smtp+starttls", "smtp")


class Timers(BaseModel):
    """Seconds, as in the protocol; tests run them at a tenth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hello: PositiveFloat = 10
    ping: PositiveFloat = 25
    pong: PositiveFloat = 8
    queue_refresh: PositiveFloat = 0.5
    socket_pass: PositiveFloat = 60
    beat: PositiveFloat = 0.5
    offer: PositiveFloat = 20
    offer_urgent: PositiveFloat = 10
    renew: PositiveFloat = 2
    sweep: PositiveFloat = 2
    rescue: PositiveFloat = 60
    parent_away: PositiveFloat = 180
    parent_gone: PositiveFloat = 900
    wrap_up: PositiveFloat = 1800
    debrief: NonNegativeFloat = 600
    break_every: NonNegativeFloat = 7200
    break_length: NonNegativeFloat = 600
    block: PositiveFloat = 604800  # of a session, once a second person has upheld it
    page_again: PositiveFloat = 60


class Limits(BaseModel):
    """What one client may do; `earshot simulate` raises the rates of the server that it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_bytes: PositiveInt = 65536
    text_characters: PositiveInt = 4000
    parent_messages_per_minute: PositiveInt = 30
    staff_messages_per_minute: PositiveInt = 120
    parent_sockets: PositiveInt = 3
    staff_sockets: PositiveInt = 8
    unheard_sockets: PositiveInt = 1000
    outbound_frames: PositiveInt = 256
    outbound_bytes: PositiveInt = 1048576
    recovery_events: PositiveInt = 300
    batch_events: PositiveInt = 100
    writer_backlog: PositiveInt = 10000
    starts_per_minute: PositiveInt = 10
    sign_ins_per_minute: PositiveInt = 10
    return_codes_per_minute: PositiveInt = 5
    return_codes_per_minute_in_all: PositiveInt = 100


class Settings(BaseSettings):
    """What the operator decides. Unknown names are ignored, wrong values are refused with what to do."""

    model_config = SettingsConfigDict(env_prefix="EARSHOT_", env_nested_delimiter="__", frozen=True)

    env: Literal["development", "production"] = "development"
    database_url: str = ""
    data_dir: Path = PROJECT / "var"
    content_dir: Path = PROJECT / "content"
    web_dir: Path = PROJECT / "build" / "web"
    public_url: str = "http://127.0.0.1:8000"
    sites: Annotated[tuple[str, ...], NoDecode] = ()
    redis_url: str = Field(default="", repr=False)
    workers: int = Field(default=1, ge=1, le=64)
    secret: str = Field(default="", repr=False)
    keys: str = Field(default="", repr=False)
    hours: Literal["always", "content"] | None = None
    mode: Literal["offer", "next"] = "offer"
    picking: Literal["everybody", "leads"] | None = None
    capacity: int = Field(default=3, ge=1, le=10)
    on_call: Annotated[tuple[str, ...], NoDecode] = ()
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    page_webhook: str = Field(default="", repr=False)
    page_webhook_secret: str = Field(default="", repr=False)
    rows_after_days: int = Field(default=7, ge=7)
    retention_days: int = Field(default=90, ge=30)
    abandoned_hours: int = Field(default=24, ge=1)
    safeguarding_days: int = Field(default=2190, ge=30)
    suppress_below: int = Field(default=10, ge=5)
    export_days: int = Field(default=30, ge=1, le=365)
    spacy_pipeline: str = ""
    timers: Timers = Timers()
    limits: Limits = Limits()

    @field_validator("sites", mode="before")
    @classmethod
    def _split_sites(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(site.strip().rstrip("/") for site in value.split(",") if site.strip())
        return value

    @field_validator("on_call", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(address.strip().lower() for address in value.split(",") if address.strip())
        return value

    @model_validator(mode="after")
    def _refuse_half_set_channels(self) -> Self:
        mail, hook = urlsplit(self.smtp_url), urlsplit(self.page_webhook)
        if self.smtp_url and (mail.scheme not in SMTP or not mail.hostname):
            raise ValueError("EARSHOT_SMTP_URL must be smtps://, smtp+starttls:// or smtp:// and name a host")
        if self.smtp_url and "@" not in self.mail_from:
            raise ValueError("EARSHOT_MAIL_FROM must be the address that pages come from")
        if self.page_webhook and (hook.scheme not in ("https", "http") or not hook.hostname):
            raise ValueError("EARSHOT_PAGE_WEBHOOK must be an https:// address")
        if self.page_webhook and len(self.page_webhook_secret) < SECRET_BYTES:
            raise ValueError("EARSHOT_PAGE_WEBHOOK_SECRET is missing or shorter than 32 characters")
        if self.development:
            return self
        if self.page_webhook and hook.scheme != "https":
            raise ValueError("EARSHOT_PAGE_WEBHOOK must begin with https:// outside development")
        if mail.scheme == "smtp" and mail.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("EARSHOT_SMTP_URL may be smtp:// for a server on this machine only")
        return self

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.env == "development":
            return self
        if len(self.secret) < SECRET_BYTES:
            raise ValueError("EARSHOT_SECRET is missing or shorter than 32 characters")
        if not self.keys:
            raise ValueError("EARSHOT_KEYS is missing: name:key pairs, each key 32 bytes in base64")
        parse_keys(self.keys)
        if not self.public_url.startswith("https://"):
            raise ValueError("EARSHOT_PUBLIC_URL must begin with https:// outside development")
        return self

    @property
    def development(self) -> bool:
        return self.env == "development"

    @property
    def database(self) -> str:
        """The database's address with its asynchronous driver named."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'earshot.db'}"
        for plain, driven in (
            ("sqlite://", "sqlite+aiosqlite://"),
            ("postgres://", "postgresql+asyncpg://"),
            ("postgresql://", "postgresql+asyncpg://"),
        ):
            if url.startswith(plain):
                return driven + url.removeprefix(plain)
        return url

    @property
    def always_open(self) -> bool:
        """In development the service never closes, unless `EARSHOT_HOURS=content`."""
        return (self.hours or ("always" if self.development else "content")) == "always"

    @property
    def coaches_pick(self) -> bool:
        """Whether coaches may take any parent out of turn; outside development only supervisors do."""
        return (self.picking or ("everybody" if self.development else "leads")) == "everybody"

    @property
    def server_secret(self) -> bytes:
        """Keys every MAC that is not a conversation's own; in development it is made once and kept."""
        return self.secret.encode() if self.secret else _made_secret(self.data_dir / "development.secret")

    @property
    def key_ring(self) -> dict[str, bytes]:
        """Wrapping keys by name; the last one wraps what is new, the others only unwrap."""
        if self.keys:
            return parse_keys(self.keys)
        return {"development": _made_secret(self.data_dir / "development.key")}


def refuse_lonely_workers(settings: Settings) -> None:
    """ConfigurationError where several workers could not reach each other, or one would look for others."""
    sqlite = settings.database.startswith("sqlite")
    if sqlite and (settings.workers > 1 or settings.redis_url):
        asked = "several workers" if settings.workers > 1 else "EARSHOT_REDIS_URL, which joins workers,"
        raise ConfigurationError(
            f"SQLite serves one worker, and {asked} cannot share it.",
            next_step="Set EARSHOT_DATABASE_URL to a PostgreSQL, or serve with one worker and without Redis.",
        )
    if settings.workers > 1 and not settings.redis_url:
        raise ConfigurationError(
            "Several workers need Redis, or parents and coaches would not hear each other at once.",
            next_step="Set EARSHOT_REDIS_URL (redis://host:6379), or serve with one worker.",
        )


def parse_keys(text: str) -> dict[str, bytes]:
    """Wrapping keys from `name:base64,name:base64`; ValueError says which one is not a key."""
    ring: dict[str, bytes] = {}
    for pair in text.split(","):
        name, _, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError(f"EARSHOT_KEYS: the key named {name!r} is not base64") from error
        if not name or len(key) != SECRET_BYTES:
            raise ValueError(f"EARSHOT_KEYS: the key named {name!r} must have a name and 32 bytes")
        ring[name] = key
    return ring


def load_settings() -> Settings:
    """Settings from the environment, or a ConfigurationError that names each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'EARSHOT_' + '__'.join(map(str, fault['loc'])).upper() + ': ' if fault['loc'] else ''}"
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(
            f"The settings cannot be used: {faults}.",
            next_step="Mend the named variables (docs/operations.md lists all); `earshot doctor` checks.",
        ) from None


def _made_secret(path: Path) -> bytes:
    """A secret of this development machine, made at first use and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        part.touch(mode=0o600)
        part.write_bytes(secrets.token_bytes(SECRET_BYTES))
        try:
            path.hardlink_to(part)  # fails where another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()
