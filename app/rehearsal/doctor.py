"""What is wrong with a configuration and how to mend it, found before anybody starts the service with it."""

import asyncio
import os
import resource
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from urllib.parse import urlsplit

from app import audit
from app.anonymise.further import PipelineMissing, pipeline
from app.anonymise.words import NotBuilt, kept, lexicon
from app.chat.keys import try_keys
from app.content.reading import read_content
from app.db import open_database, reading, require_current
from app.errors import AppError
from app.queue.paging import on_call, paging_of
from app.realtime.link import connect, parse_address
from app.safeguarding import records
from app.safeguarding.channels import CHANNEL_ERRORS, TIMEOUT_S, try_mail
from app.sealing import KeyRing
from app.settings import Settings, load_settings, parse_keys, refuse_lonely_workers

SOCKETS = 10_000
BUILT = ("embed.js", "chat.js", "chat.css", "console.js", "console.css", "pages.css")
WEAK = 32


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do and is empty where all is well."""

    what: str
    found: str
    mend: str = ""
    serious: bool = True

    @property
    def well(self) -> bool:
        return not self.mend


async def examine() -> list[Finding]:
    """Every finding, in the order in which they are best mended."""
    try:
        settings = load_settings()
    except AppError as error:
        return [Finding("settings", error.message, error.next_step)]
    folder, secrets = _data_folder(settings), _secrets(settings)
    findings = [
        Finding("settings", f"{settings.env}, every value can be read"),
        *_unknown_variables(),
        secrets,
        folder,
    ]
    checks: tuple[tuple[str, Callable[[Settings], Coroutine[None, None, Finding]]], ...] = (
        ("database", _database),
        ("audit record", _audit),
        ("keys", _keys),
        ("workers", _workers),
        ("leads on call", _on_call),
        ("pages by e-mail", _mail),
        ("pages by webhook", _webhook),
        ("content", _content),
        ("anonymiser", _anonymiser),
    )
    for what, check in checks:
        if what in ("database", "audit record", "keys", "leads on call") and not folder.well:
            continue  # it may stand in that folder
        if what == "keys" and not secrets.well:
            continue
        try:
            findings.append(await check(settings))
        except AppError as error:
            findings.append(Finding(what, error.message, error.next_step or "Mend it and look again."))
    return [*findings, _browser_files(settings), _open_files()]


def _unknown_variables() -> list[Finding]:
    known = {f"EARSHOT_{name}".upper() for name in Settings.model_fields}
    found = [
        name
        for name in sorted(os.environ)
        if name.startswith("EARSHOT_")
        and name.partition("__")[0] not in known
        and not name.startswith("EARSHOT_TEST_")
    ]
    return [
        Finding(name, "no such setting, so it does nothing", "Correct its name or remove it.", serious=False)
        for name in found
    ]


def _secrets(settings: Settings) -> Finding:
    if settings.secret and len(settings.secret) < WEAK:
        return Finding(
            "secrets",
            "EARSHOT_SECRET is shorter than 32 characters",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    try:
        parse_keys(settings.keys) if settings.keys else None
    except ValueError as error:
        return Finding("secrets", str(error), "Make a key: openssl rand -base64 32, and give it a name.")
    if settings.secret and settings.keys:
        return Finding("secrets", "EARSHOT_SECRET and EARSHOT_KEYS are set")
    return Finding("secrets", "made by this machine, which will do for development")


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding(
            "data folder",
            f"{folder} cannot be written: {error.strerror}",
            "Give this user the right to write there, or set EARSHOT_DATA_DIR.",
        )
    return Finding("data folder", f"{folder} can be written")


async def _database(settings: Settings) -> Finding:
    database = open_database(settings)
    try:
        await require_current(database)
    finally:
        await database.engine.dispose()
    return Finding("database", f"{database.engine.dialect.name}, reached, at the newest migration")


async def _audit(settings: Settings) -> Finding:
    database = open_database(settings)
    try:
        await require_current(database)
        async with reading(database) as session:
            broken = await audit.verify(session)
    finally:
        await database.engine.dispose()
    if broken is not None:
        return Finding(
            "audit record",
            f"entry {broken} does not fit the one before: it was changed, removed or put in",
            "Keep the database as it is, and compare it with a backup: somebody wrote past Earshot.",
        )
    return Finding("audit record", "every entry fits the one before")


async def _keys(settings: Settings) -> Finding:
    database = open_database(settings)
    try:
        await require_current(database)
        async with reading(database) as session:
            opened = await try_keys(session, KeyRing(settings.key_ring))
            concerns = await records.try_keys(session, KeyRing(settings.key_ring))
    finally:
        await database.engine.dispose()
    shut = opened.shut + concerns.shut
    if not shut:
        told = f"{opened.tried} conversations and {concerns.tried} concerns, and the keys open every one"
        return Finding("keys", told)
    names = ", ".join(sorted(shut))
    return Finding(
        "keys",
        f"{shut.total()} of {opened.tried + concerns.tried} conversations and concerns do not open; they "
        f"need the key {names}",
        "Put that key back into EARSHOT_KEYS, before the newest one (in development: development.key in the "
        "data folder). Without it nobody can read what is in them.",
    )


async def _anonymiser(settings: Settings) -> Finding:
    what = "anonymiser"
    try:
        lexicon()
        pipeline()
    except NotBuilt as error:
        return Finding(what, str(error), "Build them: make setup. Until then no rows are made.")
    except PipelineMissing as error:
        mend = "Install it, or take the setting away. Until then no rows are made."
        return Finding(what, str(error), mend)
    lists = [kind for kind in ("schools", "health", "names") if kept(kind)]
    further = f", and the spaCy pipeline {settings.spacy_pipeline}" if settings.spacy_pipeline else ""
    own = f", with your own lists of {', '.join(lists)}" if lists else ""
    return Finding(what, f"gazetteers can be read{own}{further}")


async def _on_call(settings: Settings) -> Finding:
    database, what = open_database(settings), "leads on call"
    try:
        await require_current(database)
        async with reading(database) as session:
            found = [lead.email for lead in await on_call(session, paging_of(settings))]
    finally:
        await database.engine.dispose()
    unknown = [address for address in settings.on_call if address not in found]
    if unknown:
        told = f"EARSHOT_ON_CALL names who is no supervisor at work: {', '.join(unknown)}"
        return Finding(what, told, "Correct the address, or add them: earshot staff add --role supervisor.")
    if not found:
        mend = "Add a supervisor: earshot staff add --role supervisor. Until then no concern is seen."
        return Finding(what, "nobody, so no concern pages anybody", mend, serious=False)
    return Finding(what, f"{len(found)}, paged in this order: {', '.join(found)}")


async def _mail(settings: Settings) -> Finding:
    what = "pages by e-mail"
    if not settings.smtp_url:
        mend = (
            "Set EARSHOT_SMTP_URL and EARSHOT_MAIL_FROM: whoever does not look at the console is not reached."
        )
        return Finding(what, "not set", mend, serious=False)
    try:
        await try_mail(settings.smtp_url)
    except CHANNEL_ERRORS as error:
        return Finding(
            what,
            f"the mail server lets nobody in: {type(error).__name__}",
            "Check host, port, user and password in EARSHOT_SMTP_URL, and that this machine may reach it.",
        )
    return Finding(what, "the mail server lets us in")


async def _webhook(settings: Settings) -> Finding:
    what = "pages by webhook"
    if not settings.page_webhook:
        return Finding(what, "not set, which is no fault")
    parts = urlsplit(settings.page_webhook)
    try:
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(parts.hostname, parts.port or {"https": 443, "http": 80}[parts.scheme]),
            TIMEOUT_S,
        )
    except OSError as error:
        return Finding(
            what,
            f"the receiver cannot be reached: {type(error).__name__}",
            "Check EARSHOT_PAGE_WEBHOOK, and that this machine may reach it.",
        )
    writer.close()
    return Finding(what, "the receiver can be reached, and pages are signed; none was sent")


async def _workers(settings: Settings) -> Finding:
    refuse_lonely_workers(settings)
    if not settings.redis_url:
        return Finding("workers", "one, which needs no Redis")
    try:
        wire = await connect(parse_address(settings.redis_url))
    except OSError as error:
        return Finding(
            "workers",
            f"Redis cannot be used ({type(error).__name__})",
            "Check EARSHOT_REDIS_URL and that Redis runs. Until then messages take up to two seconds.",
        )
    wire.close()
    return Finding("workers", f"{settings.workers} here, and Redis is reached")


async def _content(settings: Settings) -> Finding:
    content = read_content(settings.content_dir)
    return Finding("content", f"codebook {content.codebook.version}, {len(content.articles)} articles")


def _browser_files(settings: Settings) -> Finding:
    missing = [name for name in BUILT if not (settings.web_dir / name).is_file()]
    if missing:
        return Finding(
            "browser files",
            f"{', '.join(missing)} not found in {settings.web_dir}",
            "Run `make web`, or set EARSHOT_WEB_DIR to where they were built.",
        )
    return Finding("browser files", f"built in {settings.web_dir}")


def _open_files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < SOCKETS:
        return Finding(
            "sockets",
            f"the system allows {hard} open files, so fewer people at once",
            f"Raise the hard limit: ulimit -Hn {SOCKETS}, or LimitNOFILE= in the service's unit.",
            serious=False,
        )
    return Finding("sockets", "enough open files for 10,000 people at once")
