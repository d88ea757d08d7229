"""Conversations go from coach to coach while everybody talks, and no worker is told: only the log says so.

Two coaches hold sockets at different workers, and take a company's conversations from each other.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Role
from app.chat import actions as chat
from app.chat import log
from app.chat.models import LogEntry, Participant, StreamHead
from app.chat.rules import Stream
from app.db import Database, open_database, reading, transaction
from app.queue.models import Assignment
from app.rehearsal.line import PATIENCE_S, Line
from tests.cast import Person, open_session
from tests.faults.checks import Deed, Tenure, wrong_owners
from tests.faults.company import Company, Seat
from tests.faults.ground import Ground
from tests.scenes import on_duty
from tests.talk import until


@dataclass(frozen=True, slots=True)
class Desk:
    """A coach and where they sit."""

    staff: UUID
    line: Line


class Relay:
    """Who has had which conversation, and the handing over of it."""

    def __init__(self, database: Database, company: Company, desks: tuple[Desk, Desk]) -> None:
        self.desks = desks
        self._database = database
        self._company = company
        self._tenures: dict[UUID, list[Tenure]] = {
            place.conversation: [Tenure(place.conversation, desks[0].staff, 1, came=2, left=None)]
            for place in company.seats
        }

    def owner(self, place: Seat) -> Desk:
        """Whose the conversation is."""
        staff = self._tenures[place.conversation][-1].staff
        return next(desk for desk in self.desks if desk.staff == staff)

    def other(self, place: Seat) -> Desk:
        """Whose it is not."""
        return next(desk for desk in self.desks if desk is not self.owner(place))

    async def hand_over(self, place: Seat) -> None:
        """Give the conversation to the other coach, in a transaction that no worker hears of."""
        conversation, to = place.conversation, self.other(place)
        async with transaction(self._database) as session:
            await log.lock(session, [conversation])
            head = await session.scalar(
                select(col(StreamHead.head)).where(
                    col(StreamHead.conversation_id) == conversation, col(StreamHead.stream) == Stream.CONV
                )
            )
            assert head is not None
            generation = await chat.open_with(
                session, conversation_id=conversation, staff_id=to.staff, role="coach", first_name="Eleri"
            )
            ended = (col(Assignment.conversation_id) == conversation) & col(Assignment.ended_at).is_(None)
            await session.execute(update(Assignment).where(ended).values(ended_at=clock.now()))
            session.add(
                Assignment(
                    conversation_id=conversation,
                    staff_id=to.staff,
                    generation=generation,
                    assigned_at=clock.now(),
                )
            )
            held = self._tenures[conversation]
            held[-1] = replace(held[-1], left=head)
            held.append(Tenure(conversation, to.staff, generation, came=head + 1, left=None))
            self._company.hand_over(place, to.line)

    async def taken_up(self, place: Seat, *, within: float = PATIENCE_S) -> None:
        """Wait until the new owner holds the conversation up to their coming; then let them talk."""
        came, stream = self._tenures[place.conversation][-1].came, f"conv:{place.conversation}"
        line = self.owner(place).line
        await line.until(
            lambda: line.streams[stream].last >= came, what="the conversation that is theirs", within=within
        )
        self._company.begin(place)

    async def faults(self) -> list[str]:
        """What is broken of I4, until now."""
        written = await _written(self._database, list(self._tenures))
        return list(wrong_owners(self._held(), written=written, shown=self._shown()))

    async def leaked(self, *, within: float = PATIENCE_S) -> None:
        """Wait until somebody was shown what is not theirs: for workers with a bug that must do so."""
        await until(lambda: any(wrong_owners(self._held(), shown=self._shown())), seconds=within)

    def _held(self) -> list[Tenure]:
        return [tenure for held in self._tenures.values() for tenure in held]

    def _shown(self) -> Iterator[Deed]:
        for desk in self.desks:
            for conversation in self._tenures:
                for arrival in desk.line.streams[f"conv:{conversation}"].arrivals:
                    yield Deed(conversation, desk.staff, arrival.entry.seq)


@asynccontextmanager
async def relay_of(ground: Ground, company: Company, *, url: str) -> AsyncIterator[Relay]:
    """A company's one coach, and another who has come on duty at this address."""
    database = open_database(ground.settings)
    try:
        (first,) = {place.coach.viewer.staff_id for place in company.seats}
        person = Person(
            "Eleri Moss", f"eleri-{uuid4().hex[:10]}@example.org", Role.COACH, capacity=len(company.seats)
        )
        second = await on_duty(database, person)
        line = company.colleague(await open_session(database, second), url)
        await line.connected()
        desks = (Desk(first, company.coaches[company.seats[0].conversation]), Desk(second.id, line))
        yield Relay(database, company, desks)
    finally:
        await database.engine.dispose()


async def _written(database: Database, conversations: Sequence[UUID]) -> list[Deed]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(LogEntry.conversation_id), col(Participant.staff_id), col(LogEntry.seq))
            .join(Participant, col(Participant.id) == col(LogEntry.sender_id))
            .where(
                col(LogEntry.conversation_id).in_(conversations),
                col(LogEntry.stream) == Stream.CONV,
                col(LogEntry.kind) == "message.posted",
                col(Participant.staff_id).is_not(None),
            )
        )
        return [Deed(conversation, staff, seq) for conversation, staff, seq in rows]
