"""The people of the access tests, one parent's things, and what research has asked for and quoted of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from fastapi import FastAPI

from app import clock
from app.accounts.models import Staff
from app.db import reading, transaction
from app.export import quoting
from app.export.models import ExportMember, ExportRun, Row
from app.export.periods import parse_period
from app.export.runs import request_run
from tests.cast import CARYS, DEWI, ESTHER, FARID, GWEN, HUW, Parent, SignedIn, open_session
from tests.export.conversations import row_group
from tests.scenes import content

EVERYBODY = ("stranger", "alys", "bron", "carys", "dewi", "esther", "farid", "gwen", "huw")
HIRED = {"carys": CARYS, "dewi": DEWI, "esther": ESTHER, "farid": FARID, "gwen": GWEN, "huw": HUW}
PARENTS = ("alys", "bron")
RESEARCH = ("farid", "gwen", "huw")
PURPOSE = "To see whether nights are hard"


@dataclass
class World:
    """The application, its people, and Alys's conversation, which Carys holds."""

    app: FastAPI
    alys: Parent
    bron: Parent
    staff: dict[str, UUID]
    run: UUID | None = None
    group: UUID | None = None
    quote: UUID | None = None

    async def who(self, name: str) -> SignedIn | Parent | None:
        if name == "stranger":
            return None
        if name in PARENTS:
            return self.alys if name == "alys" else self.bron
        async with reading(self.app.state.database) as session:
            staff = await session.get(Staff, self.staff[name])
        assert staff is not None
        return await open_session(self.app.state.database, staff)


async def a_run(world: World) -> None:
    """A request of Farid's that nobody has decided on."""
    async with transaction(world.app.state.database) as session:
        run = await request_run(
            session,
            content().codebook,
            staff_id=world.staff["farid"],
            role="researcher",
            purpose=PURPOSE,
            topic=None,
            period=parse_period("2026-03"),
        )
    world.run = run.id


async def a_released_run(world: World) -> None:
    """An export of Farid's that holds one message."""
    await a_run(world)
    now = clock.now()
    group = row_group(date(2026, 3, 1))
    world.group = group.id
    async with transaction(world.app.state.database) as session:
        session.add(group)
        await session.flush()
        session.add(Row(group_id=group.id, number=1, speaker="parent", text="It was hard", spans=[]))
        run = await session.get_one(ExportRun, world.run)
        run.state, run.expires_at = "released", now + timedelta(days=1)
        session.add(ExportMember(run_id=run.id, group_id=group.id))


async def a_quote(world: World) -> None:
    """Words that Farid proposes from it."""
    await a_released_run(world)
    async with transaction(world.app.state.database) as session:
        assert world.run is not None
        assert world.group is not None
        quote = await quoting.propose(
            session,
            staff_id=world.staff["farid"],
            role="researcher",
            run_id=world.run,
            group=world.group,
            number=1,
            words="It was hard",
        )
    world.quote = quote.id
