"""Whether a decision stays as quick with a long queue: `python -m benchmarks.assigning`, on PostgreSQL.

Compares an offer, committed, at 10 waiting parents and 5 coaches with one at 10,000 and 500, and what a board
reads as well. What counts is the ratio; milliseconds are this machine's, of a commit its disk's.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import uvloop
from sqlalchemy import func, insert, select, text, update
from sqlmodel import col

from app import clock
from app.accounts.models import Role, Staff
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import Database, migrate, open_database, reading, transaction
from app.queue import queries
from app.queue.models import Assignment, EntryState, Offer, OfferState, QueueEntry, Shift
from app.queue.offers import assign
from app.queue.rules import Turn
from app.serving import settle_memory
from app.settings import Settings
from tests.provision.postgres import postgres_cluster

Work = Callable[[], Awaitable[None]]
Rows = list[dict[str, object]]

DECISIONS = 300
WARM = 20  # the first ones open connections and plan
PAST = 20_000  # offers and assignments that have ended, so that tables are as long as after some weeks
SMALL, LARGE = (10, 5), (10_000, 500)


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds."""

    p50: float
    p99: float


def main() -> int:
    """Measure both, print both and their ratios."""
    found: dict[str, list[Timed]] = {}
    for waiting, coaches in (SMALL, LARGE):
        with tempfile.TemporaryDirectory() as folder, postgres_cluster(durable=True) as cluster:
            settings = Settings(env="development", database_url=cluster.url, data_dir=Path(folder))
            migrate(settings)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the service runs
                timed = runner.run(measure(settings, waiting=waiting, coaches=coaches))
        for what, figure in timed.items():
            found.setdefault(what, []).append(figure)
    print(f"{'ms':<28}{'at 10/5: p50':>14}{'p99':>8}{'at 10,000/500: p50':>20}{'p99':>8}{'ratios':>14}")
    for what, (small, large) in found.items():
        ratios = f"{large.p50 / small.p50:.1f} / {large.p99 / small.p99:.1f}"
        print(f"{what:<28}{small.p50:>14.2f}{small.p99:>8.2f}{large.p50:>20.2f}{large.p99:>8.2f}{ratios:>14}")
    return 0


async def measure(settings: Settings, *, waiting: int, coaches: int) -> dict[str, Timed]:
    """One decision after the other, each answered at once so that the next can be made; and boards."""
    database = open_database(settings)
    try:
        await fill(database, waiting=waiting, coaches=coaches)
        settle_memory()  # as the service does when it has begun
        async with reading(database) as session:
            someone = await session.scalar(select(col(Shift.id)).limit(1))

        async def one_row() -> None:
            async with transaction(database) as session:
                await session.execute(
                    update(Shift).where(col(Shift.id) == someone).values(changed_at=clock.now())
                )

        deciding, ours, theirs = [], [], []

        async def decide() -> None:
            async with transaction(database) as session:
                backend = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
                began, used, used_there = time.perf_counter(), time.process_time(), _used_ms(backend)
                assert await assign(session, clock.now()) is not None
                deciding.append(1000 * (time.perf_counter() - began))
                ours.append(1000 * (time.process_time() - used))
                theirs.append(_used_ms(backend) - used_there)

        async def undo() -> None:
            async with transaction(database) as session:
                await session.execute(
                    update(Offer)
                    .where(col(Offer.state) == OfferState.PENDING)
                    .values(state=OfferState.WITHDRAWN, answered_at=clock.now())
                )

        async def board() -> None:
            async with reading(database) as session:
                await queries.board(session)
                await queries.how_many_wait(session)
                await queries.coaches_on_duty(session)

        async def places() -> None:
            async with reading(database) as session:
                await queries.places(session)

        committed = await _time(decide, undo)
        of_all = list(deciding)
        await put_behind_welsh(database)
        deciding.clear()
        await _time(decide, undo)
        return {
            "one decision": _timed(of_all[WARM:]),
            "  processor, the service's": _timed(ours[WARM : len(of_all)]),
            "  processor, the database's": _timed(theirs[WARM : len(of_all)]),
            "the same, committed": committed,
            "behind another language": _timed(deciding[WARM:]),
            "one row, committed": await _time(one_row),
            "what a board shows": await _time(board),
            "every parent's place": await _time(places),
        }
    finally:
        await database.engine.dispose()


def _used_ms(process: int) -> float:
    """How long a process has been on a processor: what else the machine does counts little in it."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1_000_000


async def _time(work: Work, after: Work | None = None) -> Timed:
    took = []
    for number in range(DECISIONS + WARM):
        began = time.perf_counter()
        await work()
        if number >= WARM:
            took.append(1000 * (time.perf_counter() - began))
        if after is not None:
            await after()
    return _timed(took)


def _timed(took: list[float]) -> Timed:
    took.sort()
    return Timed(took[len(took) // 2], took[int(0.99 * len(took))])


async def fill(database: Database, *, waiting: int, coaches: int) -> None:
    """So many parents who wait, a tenth of them for Welsh; coaches who hold two chats of three; a past."""
    chance = Random(1)  # noqa: S311 (nothing here is a secret)
    now = clock.now()
    staff = [uuid4() for _ in range(coaches)]
    held = [uuid4() for _ in range(2 * coaches)]
    past = [uuid4() for _ in range(PAST)]
    waits = [uuid4() for _ in range(waiting)]

    plain = {"generation": 1, "language": "en", "on_hold": False, "created_at": now}

    def conversation(whose: UUID, status: Status) -> dict[str, object]:
        return {"id": whose, "status": status, "origin": "parent", "epoch": "k1", **plain}

    def assignment(number: int, whose: UUID, *, ended: bool) -> dict[str, object]:
        return {
            "id": uuid4(),
            "conversation_id": whose,
            "staff_id": staff[number % coaches],
            "generation": 1,
            "why": {},
            "assigned_at": now - timedelta(minutes=30),
            "ended_at": now if ended else None,
        }

    def entry(whose: UUID, language: str, seconds: int, *, ended: bool) -> dict[str, object]:
        return {
            "id": uuid4(),
            "conversation_id": whose,
            "state": "assigned" if ended else "waiting",
            "turn": Turn.ORDINARY,
            "language": language,
            "topic": chance.choice(["sleep", "behaviour", None]),
            "entered_at": now - timedelta(seconds=seconds),
            "ended_at": now if ended else None,
        }

    people: Rows = [
        {
            "id": whose,
            "email": f"coach-{number}@example.org",
            "name": f"Coach {number}",
            "role": Role.COACH.value,
            "languages": "cy,en" if number % 4 == 0 else "en",
            "capacity": 3,
            "created_at": now,
        }
        for number, whose in enumerate(staff)
    ]
    shifts: Rows = [
        {
            "id": uuid4(),
            "staff_id": whose,
            "availability": "available",
            "started_at": now - timedelta(seconds=chance.randrange(9000)),
            "changed_at": now,
        }
        for whose in staff
    ]
    conversations = [conversation(each, Status.WAITING) for each in waits]
    conversations += [conversation(each, Status.OPEN) for each in held]
    conversations += [conversation(each, Status.CLOSED) for each in past]
    assignments = [assignment(number, each, ended=False) for number, each in enumerate(held)]
    assignments += [assignment(number, each, ended=True) for number, each in enumerate(past)]
    spoken = {each: "cy" if chance.random() < 0.1 else "en" for each in waits}
    entries = [entry(each, spoken[each], chance.randrange(1200), ended=False) for each in waits]
    entries += [entry(each, "en", 2400, ended=True) for each in past]
    offers: Rows = [
        {
            "id": uuid4(),
            "conversation_id": whose,
            "staff_id": staff[number % coaches],
            "state": OfferState.ACCEPTED,
            "why": {},
            "offered_at": now - timedelta(hours=1),
            "expires_at": now - timedelta(hours=1),
            "answered_at": now - timedelta(hours=1),
        }
        for number, whose in enumerate(past)
    ]
    rows: list[tuple[type, Rows]] = [
        (Staff, people),
        (Shift, shifts),
        (Conversation, conversations),
        (Assignment, assignments),
        (Offer, offers),
        (QueueEntry, entries),
    ]
    async with transaction(database) as session:
        connection = await session.connection()
        for table, values in rows:
            for start in range(0, len(values), 1000):
                await connection.execute(insert(table), values[start : start + 1000])
    await _analyze(database)


async def put_behind_welsh(database: Database) -> None:
    """The worst queue: all but the last ask for a language that none of the coaches speaks."""
    waits, now = col(QueueEntry.state) == EntryState.WAITING, clock.now()
    async with transaction(database) as session:
        await session.execute(update(Staff).values(languages="en"))
        await session.execute(
            update(QueueEntry).where(waits).values(language="cy", entered_at=now - timedelta(minutes=1))
        )
        last = (
            select(col(QueueEntry.conversation_id))
            .where(waits)
            .order_by(col(QueueEntry.conversation_id).desc())
            .limit(1)
        )
        await session.execute(
            update(QueueEntry).where(col(QueueEntry.conversation_id).in_(last)).values(language="en")
        )
    await _analyze(database)


async def _analyze(database: Database) -> None:
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    sys.exit(main())
