"""F10: coaches vanish with three open chats each; every parent is told, and leads the queue before long."""

import asyncio
from random import Random
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Role
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import Database, open_database, reading, transaction
from app.errors import AppError
from app.queue import actions as queue
from app.queue.models import Assignment, EntryState, QueueEntry
from app.queue.rules import Turn
from app.rehearsal.line import Line, Refused, Stuck
from tests.cast import Person
from tests.faults.company import Company, Seat, company_of, seat
from tests.faults.ground import Ground, Outcome
from tests.faults.proxy import Proxy, proxy_to
from tests.faults.service import serving
from tests.scenes import enter, on_duty

CHATS = 3
MOST_CHATS = 10  # as many as a coach may be trusted with at all
AT_ONCE = 25  # coaches of one server run
TOLD_S, HEAD_S = 40, 75
TIMERS = {"RENEW": 2, "SWEEP": 2, "RESCUE": 60, "PARENT_AWAY": 600}


async def vanish(ground: Ground, count: int, seed: int, chance: Random, *, unswept: bool = False) -> Outcome:
    """So many coaches vanish: some with a RST, the others without a word. Nobody comes back in time."""
    outcome = ground.outcome(seed)
    told: list[float] = []
    heads: list[float] = []
    while outcome.count < count:
        coaches = min(AT_ONCE, count - outcome.count)
        faults = await _one_run(ground, coaches, chance, told, heads, unswept=unswept)
        outcome.add(faults, count=coaches)
    if told and heads:
        outcome.told["told after at most"] = f"{max(told):.1f} s"
        outcome.told["at the head after at most"] = f"{max(heads):.1f} s"
    return outcome


async def _one_run(
    ground: Ground, coaches: int, chance: Random, told: list[float], heads: list[float], *, unswept: bool
) -> list[str]:
    more = {f"EARSHOT_TIMERS__{name}": str(length * ground.scale) for name, length in TIMERS.items()}
    more |= {**ground.timers, "EARSHOT_MODE": "next"}
    if unswept:
        more["EARSHOT_TEST_BUG"] = "unswept"
    seats = await seat(ground.settings, coaches * CHATS, each=CHATS)
    database = open_database(ground.settings)
    try:
        earlier = (await enter(database, ground.settings)).conversation_id
        async with (
            serving(ground.nursery, ground.settings, more=more) as service,
            proxy_to(service.url) as proxy,
            company_of(
                ground.settings, seats, url=proxy.url, parents_url=service.url, manner=ground.manner
            ) as company,
        ):
            for place in seats:
                await company.say(place, company.tabs[place.conversation][0], "Are you there?")
            # A server that has just begun judges nobody: the coaches vanish when it does.
            await asyncio.sleep(ground.scale * (TOLD_S - 5))
            began = clock.monotonic()
            _strike(proxy, chance)
            patience = ground.scale * HEAD_S if unswept else ground.bound(ground.scale * HEAD_S)
            async with asyncio.TaskGroup() as watching:
                watches = [watching.create_task(_watch(company, place, began, patience)) for place in seats]
            faults = [fault for watch in watches for fault in watch.result().faults]
            told += [watch.result().told for watch in watches if not watch.result().faults]
            heads += [watch.result().head for watch in watches if not watch.result().faults]
            if faults:
                return faults
            late = [
                f"a parent {what} only after {max(found):.1f} s"
                for what, found, most in (("was told", told, TOLD_S), ("led the queue", heads, HEAD_S))
                if max(found) > ground.bound(most * ground.scale)
            ]
            return [
                *late,
                *await _not_at_the_head(database, seats),
                *await _former_coaches(company, proxy),
                *await _taken_in_order(database, seats, earlier, coaches),
            ]
    finally:
        await database.engine.dispose()


def _strike(proxy: Proxy, chance: Random) -> None:
    """Every connection is broken off or swallows everything, and no new one leads anywhere."""
    victims = proxy.living
    proxy.half_open = lambda: True
    for wire in victims:
        if chance.random() < 0.5:
            wire.reset()
        else:
            wire.cut()


class Watched:
    """When one parent was told and led the queue, in seconds since their coach vanished."""

    def __init__(self) -> None:
        self.told = self.head = 0.0
        self.faults: list[str] = []


async def _watch(company: Company, place: Seat, began: float, patience: float) -> Watched:
    line = company.tabs[place.conversation][0]
    held = line.streams[f"conv:{place.conversation}"]
    seen = Watched()
    try:
        await line.until(
            lambda: held.happened("conversation.paused", by="coach"),
            what="word that the coach is lost",
            within=patience,
        )
        seen.told = clock.monotonic() - began
        await line.until(
            lambda: held.happened("queue.entered", again=True),
            what="their place at the head",
            within=patience,
        )
        seen.head = clock.monotonic() - began
    except Stuck as stuck:
        seen.faults.append(str(stuck))
    return seen


async def _not_at_the_head(database: Database, seats: list[Seat]) -> list[str]:
    async with reading(database) as session:
        rows = await session.scalars(
            select(col(QueueEntry.conversation_id)).where(
                col(QueueEntry.state) == EntryState.WAITING, col(QueueEntry.turn) == Turn.RETURNED
            )
        )
        leading = set(rows)
    missing = sum(place.conversation not in leading for place in seats)
    return [f"{missing} conversations do not lead the queue"] if missing else []


async def _former_coaches(company: Company, proxy: Proxy) -> list[str]:
    """The coaches come back and write on: all of it must be refused."""
    proxy.half_open = lambda: False
    for wire in proxy.living:
        wire.reset()
    lines = {
        id(line): (line, place) for place in company.seats if (line := company.coaches[place.conversation])
    }
    found = await asyncio.gather(*(_write_on(line, place) for line, place in lines.values()))
    return [fault for fault in found if fault]


async def _write_on(line: Line, place: Seat) -> str:
    try:
        await line.post(place.conversation, "I am back")
    except Refused as refused:
        known = refused.code in ("not_assignee", "not_found")
        return "" if known else f"a former coach was told {refused.code}"
    return "a former coach wrote on"


async def _taken_in_order(database: Database, seats: list[Seat], earlier: UUID, coaches: int) -> list[str]:
    """Fresh coaches take all who wait: first those whose coaches vanished, then who came before them."""
    taken: list[UUID] = []
    for number in range(coaches * CHATS + 1):
        if number % MOST_CHATS == 0:
            email = f"nia-{number}-{seats[0].conversation.hex[:8]}@example.org"
            fresh = await on_duty(database, Person("Nia Rowan", email, Role.COACH, capacity=MOST_CHATS))
        try:
            async with transaction(database) as session:
                taken.append((await queue.claim_next(session, staff_id=fresh.id)).conversation_id)
        except AppError as error:
            return [f"the next in line could not be taken: {error.code}"]
    await _finish(database, taken)
    if set(taken[:-1]) != {place.conversation for place in seats} or taken[-1] != earlier:
        return ["somebody was taken before a parent whose coach vanished"]
    return []


async def _finish(database: Database, taken: list[UUID]) -> None:
    """Close what the fresh coaches took: nobody hears them, and it would come back in the next run."""
    async with transaction(database) as session:
        await session.execute(
            update(Assignment).where(col(Assignment.conversation_id).in_(taken)).values(ended_at=clock.now())
        )
        await session.execute(
            update(Conversation).where(col(Conversation.id).in_(taken)).values(status=Status.CLOSED)
        )
