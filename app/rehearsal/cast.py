"""The demo people of a development machine: one of each role, invented, with a password that is printed."""

from dataclasses import dataclass

from app.accounts.actions import add_staff, set_password
from app.accounts.models import Role
from app.accounts.passwords import hash_password
from app.accounts.queries import all_staff
from app.db import Database, reading, transaction

PASSWORD = "kettle-garden-lantern"  # noqa: S105 (development only, and printed at every start)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    email: str
    name: str
    role: Role


CAST = (
    DemoPerson("coach@example.org", "Cerys Morgan", Role.COACH),
    DemoPerson("supervisor@example.org", "Sunil Rao", Role.SUPERVISOR),
    DemoPerson("researcher@example.org", "Rhian Achebe", Role.RESEARCHER),
    DemoPerson("reviewer@example.org", "Ravi Lindqvist", Role.REVIEWER),
    DemoPerson("manager@example.org", "Mared Okafor", Role.MANAGER),
)


async def demo_people(database: Database) -> list[DemoPerson]:
    """The demo people who may sign in; they are made where nobody but rehearsed staff is there yet."""
    async with reading(database) as session:
        staff = await all_staff(session)
    if not [person for person in staff if person.disabled_at is None]:
        password_hash = await hash_password(PASSWORD)
        async with transaction(database) as session:
            for person in CAST:
                added, _ = await add_staff(
                    session, email=person.email, name=person.name, role=person.role, languages="en,cy"
                )
                await set_password(session, staff_id=added.id, password_hash=password_hash)
        return list(CAST)
    active = {person.email for person in staff if person.disabled_at is None}
    return [person for person in CAST if person.email in active]
