"""The state streams: `queue` and `me` for staff, and each waiting parent's place. Sent whole, when changed.

Many changes in a short time make one sending: work is done at most once per refresh, in a few queries that
do not grow with the number of sockets.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.chat.models import Conversation
from app.db import DATABASE_ERRORS, Database, reading, transaction
from app.queue import queries
from app.queue.models import Assignment, Shift
from app.queue.nuisance import Unreviewed, unreviewed
from app.queue.paging import pages_of
from app.queue.rules import Expected, expected_wait, needs_relief
from app.queue.waits import note_told, recent_wait_error
from app.realtime import frames
from app.realtime.hub import Connection, Hub, stream_name
from app.safeguarding import consulting
from app.safeguarding import queries as concerns

logger = structlog.get_logger(__name__)


class Boards:
    """Keeps every socket's boards fresh; `run` is its task."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        *,
        refresh: float,
        is_open: Callable[[], bool],
        coaches_pick: bool = True,
    ) -> None:
        self._database = database
        self._hub = hub
        self._refresh = refresh
        self._is_open = is_open
        self._coaches_pick = coaches_pick
        self._changed = asyncio.Event()
        self._told: set[UUID] = set()  # parents of whose wait it is written down what they were told first
        self._to_note: dict[UUID, Expected] = {}  # and of whose it is not yet
        self._sent: dict[tuple[Connection, str], dict[str, object]] = {}

    def mark(self, _: object = None) -> None:
        """Something changed: send what is new before long."""
        self._changed.set()

    async def run(self) -> None:
        """Send boards until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.send()
            except DATABASE_ERRORS as error:
                logger.warning("boards.not_sent", kind=type(error).__name__)
                self._changed.set()  # the database is away: what is shown stays, and is sent when it is back
            await asyncio.sleep(self._refresh)  # what changes meanwhile goes out together

    async def send(self) -> None:
        """Send to each socket what differs from what it has."""
        self._sent = {key: sent for key, sent in self._sent.items() if key[0] in self._hub.connections}
        staff = [each for each in self._hub.all_staff() if each.welcomed]
        parents = [each for each in self._hub.of_parents() if each.welcomed]
        if not staff and not parents:
            return
        async with reading(self._database) as session:
            entries = await queries.board(session) if staff else []
            count = await queries.how_many_wait(session) if staff else 0
            places = await queries.places(session) if parents else {}
            gaps = await queries.claim_gaps(session, now=clock.now())
            mine = await _mine(session) if staff else {}
            offered = await _offered(session) if staff else {}
            lead = await queries.switchboard(session) if staff else None
            coaches = await queries.coaches_on_duty(session) if staff else []
            worries = await concerns.unclosed(session) if _leads(staff) else []
            waits_off = await recent_wait_error(session, now=clock.now()) if _leads(staff) else None
            blocks = await unreviewed(session) if _leads(staff) else []
            questions = await consulting.open_questions(session) if _leads(staff) else []
            pages = await pages_of(session) if worries else {}
            seconds = await concerns.second_people(session) if worries else []
        held_by = {staff: _ids(me["conversations"]) for staff, me in mine.items()}
        waiting: list[dict[str, object]] = [
            {
                "conversation": str(parent.entry.conversation),
                "since": clock.wire(parent.entry.entered_at),
                "topic": parent.topic,
                "language": parent.entry.language,
                "age_band": parent.age_band,
                "priority": int(parent.entry.high_risk),
                "message": parent.is_message,
            }
            for parent in entries
        ]
        for connection in staff:
            assert connection.staff is not None
            leads = connection.role == "supervisor"
            queue: dict[str, object] = {
                "waiting": waiting,
                "count": count,
                "open": self._is_open(),
                "may_pick": leads or self._coaches_pick,
                "switchboard": {"staff": str(lead.id), "name": lead.name} if lead else None,
            }
            queue["colleagues"] = [
                {"staff": str(coach.staff_id), "name": coach.name}
                for coach in coaches
                if coach.staff_id != connection.staff and coach.availability == "available" and not coach.lost
            ]
            me: dict[str, object] = {
                "staff": str(connection.staff),
                "name": connection.name,
                "role": connection.role,
                **mine.get(connection.staff, {"availability": "offline", "capacity": 0, "conversations": []}),
                "offers": offered.get(connection.staff, []),
            }
            if leads:
                queue["wait_error"] = asdict(waits_off) if waits_off else None
                queue["coaches"] = [
                    {
                        "staff": str(coach.staff_id),
                        "name": coach.name,
                        "availability": coach.availability,
                        "load": coach.load,
                        "capacity": coach.capacity,
                        "lost": coach.lost,
                        "needs_relief": needs_relief(coach.hard),
                        "conversations": held_by.get(coach.staff_id, []),
                    }
                    for coach in coaches
                ]
                me["concerns"] = [
                    {
                        "id": str(concern.id),
                        "conversation": str(concern.conversation_id),
                        "category": concern.category,
                        "state": concern.state,
                        "raised_at": clock.wire(concern.raised_at),
                    }
                    for concern in worries
                ]
                me["blocks"] = [_block(one, connection.staff) for one in blocks]
                me["consults"] = [
                    {
                        "conversation": str(question.conversation),
                        "by": question.by,
                        "asked_at": clock.wire(question.asked_at),
                    }
                    for question in questions
                ]
                me["pages"] = pages.get(connection.staff, [])
                me["seconds"] = [
                    {"staff": str(person.id), "name": person.name}
                    for person in seconds
                    if person.id != connection.staff
                ]
            self._send_state(connection, "queue", queue)
            self._send_state(connection, "me", me)
        for connection in parents:
            self._send_position(connection, places, gaps)
        await self._note_told(parents, places, gaps)

    async def _note_told(self, parents: list[Connection], places: dict[UUID, int], gaps: list[float]) -> None:
        """Keep what each parent was told first, to measure later how wrong it was.

        What cannot be written now is written with a later board: nobody's board waits for it.
        """
        self._told &= places.keys()
        self._to_note = {whose: first for whose, first in self._to_note.items() if whose in places}
        for connection in parents:
            whose = connection.conversation
            if whose is None or whose in self._told or whose in self._to_note or whose not in places:
                continue
            expected = expected_wait(places[whose], gaps)
            if expected is not None:
                self._to_note[whose] = expected
        if not self._to_note:
            return
        try:
            async with transaction(self._database) as session:
                await note_told(session, self._to_note)
        except DATABASE_ERRORS as error:
            logger.warning("boards.wait_not_noted", kind=type(error).__name__)
            return
        self._told |= self._to_note.keys()
        self._to_note = {}

    def _send_state(self, connection: Connection, stream: str, state: dict[str, object]) -> None:
        if self._sent.get((connection, stream)) != state:
            self._sent[connection, stream] = state
            connection.send_state(stream, state)

    def _send_position(self, connection: Connection, places: dict[UUID, int], gaps: list[float]) -> None:
        assert connection.conversation is not None
        position = places.get(connection.conversation)
        if position is None:
            self._sent.pop((connection, "position"), None)  # who waits again is told anew
            return
        place: dict[str, object] = {
            "position": position,
            "expected_s": _seconds(expected_wait(position, gaps)),
        }
        if self._sent.get((connection, "position")) != place:
            self._sent[connection, "position"] = place
            name = stream_name("conv", connection.conversation)
            connection.send(frames.Eph(s=name, k="queue.position", d=place))


def _seconds(expected: Expected | None) -> dict[str, int] | None:
    return {"p50": expected.p50, "p80": expected.p80} if expected else None


def _block(one: Unreviewed, reader: UUID) -> dict[str, object]:
    """A block that waits for a second person; `own` where the reader made it themselves."""
    return {
        "block": str(one.block.id),
        "reason": one.block.reason,
        "by": one.by,
        "at": clock.wire(one.block.made_at),
        "own": one.block.made_by == reader,
    }


def _ids(conversations: object) -> list[str]:
    assert isinstance(conversations, list)
    return [held["conversation"] for held in conversations]


def _leads(staff: list[Connection]) -> bool:
    return any(connection.role == "supervisor" for connection in staff)


async def _offered(session: AsyncSession) -> dict[UUID, list[dict[str, object]]]:
    """What is offered to each of the staff now; `seconds` is how long the whole offer stands."""
    standing = await queries.standing_offers(session)
    offered: dict[UUID, list[dict[str, object]]] = defaultdict(list)
    for offer in standing:
        offered[offer.staff_id].append(
            {
                "offer": str(offer.offer_id),
                "conversation": str(offer.entry.conversation),
                "since": clock.wire(offer.entry.entered_at),
                "topic": offer.entry.topic,
                "language": offer.entry.language,
                "age_band": offer.age_band,
                "priority": int(offer.entry.high_risk),
                "message": offer.is_message,
                "expires_at": clock.wire(offer.expires_at),
                "seconds": round((offer.expires_at - offer.offered_at).total_seconds()),
            }
        )
    return offered


async def _mine(session: AsyncSession) -> dict[UUID, dict[str, object]]:
    """For every coach and supervisor: availability, capacity, and the conversations they hold."""
    held = defaultdict(list)
    rows = await session.execute(
        select(
            col(Assignment.staff_id),
            col(Assignment.conversation_id),
            col(Conversation.status),
            col(Assignment.generation),
            col(Assignment.assigned_at),
            col(Assignment.high_risk),
        )
        .join(Conversation, col(Conversation.id) == col(Assignment.conversation_id))
        .where(col(Assignment.ended_at).is_(None))
        .order_by(col(Assignment.assigned_at), col(Assignment.id))
    )
    for staff_id, conversation, status, generation, since, high_risk in rows:
        held[staff_id].append(
            {
                "conversation": str(conversation),
                "status": status,
                "generation": generation,
                "since": clock.wire(since),
                "priority": int(high_risk),
            }
        )
    people = await session.execute(
        select(
            col(Staff.id),
            col(Staff.capacity),
            col(Shift.availability),
            col(Shift.rests_until),
            col(Shift.break_due_at),
        )
        .outerjoin(Shift, (col(Shift.staff_id) == col(Staff.id)) & col(Shift.ended_at).is_(None))
        .where(col(Staff.role).in_(("coach", "supervisor")), col(Staff.disabled_at).is_(None))
    )
    return {
        staff_id: {
            "availability": availability or "offline",
            "capacity": capacity,
            "rests_until": clock.wire(rests_until) if rests_until and rests_until > clock.now() else None,
            "break_due": break_due_at is not None and break_due_at <= clock.now(),
            "conversations": held[staff_id],
        }
        for staff_id, capacity, availability, rests_until, break_due_at in people
    }
