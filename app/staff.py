"""`earshot staff`: who works here. What the other commands need to name a person stands here too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.table import Column, Table
from sqlalchemy.ext.asyncio import AsyncSession

from app import db
from app.accounts import actions as accounts
from app.accounts import queries as staff_queries
from app.accounts.models import Role, Staff
from app.accounts.rules import tidy_languages
from app.content.reading import read_content
from app.content.rules import LANGUAGES
from app.db import Database, open_database, reading, transaction
from app.errors import BadRequest, NotFound
from app.rehearsal.commands import out
from app.settings import Settings, load_settings

T = TypeVar("T")

staff = typer.Typer(no_args_is_help=True, help="Add, list and disable members of staff; give them new links.")


@staff.command("add")
def staff_add(
    email: Annotated[str, typer.Argument(help="The address they sign in with.")],
    name: Annotated[str, typer.Option(help="Their name; parents see the first name only.")],
    role: Annotated[Role, typer.Option(help="What they are here to do.")],
    languages: Annotated[str, typer.Option(help="Languages, best first: en,cy")] = "en",
    capacity: Annotated[
        int | None, typer.Option(min=1, max=10, help="Chats at once; without it EARSHOT_CAPACITY.")
    ] = None,
    skills: Annotated[str, typer.Option(help="Topics they know best: sleep,school-attendance")] = "",
    sees_again: Annotated[bool, typer.Option(help="Whether they like to meet parents again.")] = True,
) -> None:
    """Add a member of staff and print the link with which they choose a password.

    The link works once, for seven days, and is shown only here.

    Example:  earshot staff add jo@example.org --name "Jo Ash" --role coach --languages en,cy
    """
    settings = load_settings()
    book = read_content(settings.content_dir).codebook
    require_known_languages(languages)
    topics = {book.resolve(code.strip()).partition("/")[0] for code in skills.split(",") if code.strip()}

    async def add(database: Database) -> str:
        await db.require_current(database)
        async with transaction(database) as session:
            _, token = await accounts.add_staff(
                session,
                email=email,
                name=name,
                role=role,
                languages=languages,
                capacity=capacity or settings.capacity,
                skills=topics,
                sees_again=sees_again,
            )
        return token

    _show_link(settings, name, asyncio.run(with_database(settings, add)))


def require_known_languages(languages: str) -> None:
    """Refuse a language in which the service is not offered: no parent could ever ask for it."""
    unknown = [each for each in tidy_languages(languages) if each not in LANGUAGES]
    if unknown:
        raise BadRequest(
            f"The service is not offered in {', '.join(unknown)}.",
            next_step=f"Choose among {', '.join(LANGUAGES)}, with commas between.",
        )


@staff.command("link")
def staff_link(email: Annotated[str, typer.Argument(help="Who needs a new link.")]) -> None:
    """Print a new link for somebody who lost theirs, or forgot their password; earlier links end."""
    settings = load_settings()

    async def issue(database: Database) -> tuple[str, str]:
        await db.require_current(database)
        async with transaction(database) as session:
            person = await active(session, email)
            return person.name, await accounts.issue_first_sign_in(session, staff_id=person.id)

    _show_link(settings, *asyncio.run(with_database(settings, issue)))


@staff.command("list")
def staff_list() -> None:
    """List everybody, the disabled too."""

    async def everybody(database: Database) -> Table:
        await db.require_current(database)
        # An address is needed whole: the other commands ask for it.
        email = Column("Email", overflow="fold")
        table = Table("Name", email, "Role", "Languages", "At once", "State")
        async with reading(database) as session:
            for person in await staff_queries.all_staff(session):
                state = "disabled" if person.disabled_at else "active" if person.password_hash else "invited"
                told = (person.name, person.email, person.role, person.languages, str(person.capacity), state)
                table.add_row(*told)
        return table

    out.print(asyncio.run(with_database(load_settings(), everybody)))


@staff.command("disable")
def staff_disable(email: Annotated[str, typer.Argument(help="Whom to shut out.")]) -> None:
    """Shut a member of staff out: sessions and links end at once, open sockets within five seconds."""

    async def disable(database: Database) -> None:
        await db.require_current(database)
        async with transaction(database) as session:
            person = await active(session, email)
            await accounts.disable_staff(session, staff_id=person.id)

    asyncio.run(with_database(load_settings(), disable))
    out.print(f"{email} can no longer sign in.")


async def active(session: AsyncSession, email: str) -> Staff:
    """The member of staff with this address who is not disabled, or NotFound."""
    person = await staff_queries.staff_by_email(session, email)
    if person is None or person.disabled_at is not None:
        raise NotFound(f"Nobody active has the address {email}.", next_step="See `earshot staff list`.")
    return person


async def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do this with the configured database open, and close it again."""
    database = open_database(settings)
    try:
        return await work(database)
    finally:
        await database.engine.dispose()


def _show_link(settings: Settings, name: str, token: str) -> None:
    out.print(f"Give {name} this link; it works once:")
    out.print(f"{settings.public_url}/console/first#{token}", soft_wrap=True)
