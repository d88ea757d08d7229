"""What a decision looks at is what the rules would choose from the whole queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlmodel import col

from app import clock
from app.accounts.models import Role, Staff
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import Database, reading, transaction
from app.queue import candidates, offers
from app.queue.models import Assignment, Availability, EntryState, Lease, Offer, OfferState, QueueEntry, Shift
from app.queue.rules import LANGUAGE_WAIT, Coach, Turn, Waiting, bar_of, match, misfit_of, wish_of
from app.settings import Settings
from tests.scenes import enter


@pytest.mark.parametrize("languages", [("en",), ("cy",), ("cy", "en")])
async def test_for_a_language_the_first_are_those_whom_its_speakers_may_take(
    database: Database, settings: Settings, languages: tuple[str, ...]
) -> None:
    now = clock.now()
    ages = (timedelta(), LANGUAGE_WAIT - timedelta(seconds=1), LANGUAGE_WAIT)
    for language, turn, age in product(("en", "cy"), (Turn.HIGH_RISK, Turn.ORDINARY, Turn.MESSAGE), ages):
        conversation = (await enter(database, settings, language=language)).conversation_id
        async with transaction(database) as session:
            await session.execute(
                update(QueueEntry)
                .where(col(QueueEntry.conversation_id) == conversation)
                .values(turn=turn, entered_at=now - age)
            )
    async with reading(database) as session:
        everybody = await candidates.head_of_queue(session, now=now)
        found = await candidates.head_of_queue(session, now=now, languages=languages)
    assert len(everybody) == 18
    speaker = Coach(UUID(int=1), languages, now)
    assert found == [each for each in everybody if misfit_of(wish_of(each, now), speaker) is None]
    assert len(found) == (18 if len(languages) == 2 else 14)


CROWD, MOST = 70, 4


async def _crowd(database: Database, chance: Random, now: datetime) -> None:
    """Coaches on duty of a few kinds, in every state that bars one or not; some hold parents or are asked."""

    def moment() -> datetime:
        return now + timedelta(seconds=chance.choice([-900, -60, 0, 60, 900]))

    async with transaction(database) as session:
        for number in range(CROWD):
            staff = Staff(
                email=f"coach-{number}@example.org",
                name=f"Coach {number}",
                role=Role.COACH,
                languages=chance.choice(["en", "cy,en"]),
                skills=chance.choice([None, "sleep", "sleep,behaviour"]),
                capacity=chance.choice([1, 2, 3]),
                sees_again=chance.random() < 0.8,
                created_at=now,
            )
            session.add(staff)
            await session.flush()
            session.add(
                Shift(
                    staff_id=staff.id,
                    availability=chance.choice([*[Availability.AVAILABLE] * 8, *Availability]),
                    started_at=now - timedelta(hours=2),
                    changed_at=now,
                    last_given_at=chance.choice([None, moment() - timedelta(hours=1)]),
                    rests_until=moment() if chance.random() < 0.2 else None,
                    break_due_at=moment() if chance.random() < 0.2 else None,
                )
            )
            if chance.random() < 0.6:
                lost = moment() if chance.random() < 0.2 else None
                session.add(Lease(staff_id=staff.id, seen_at=now, lost_at=lost))
            for of in range(chance.choice([0, 0, 1, 2])):
                held = Conversation(status=Status.OPEN, epoch="k1", created_at=now)
                session.add(held)
                await session.flush()
                session.add(
                    Assignment(
                        conversation_id=held.id,
                        staff_id=staff.id,
                        generation=1,
                        high_risk=chance.random() < 0.1,
                        assigned_at=now,
                        ended_at=now if of and chance.random() < 0.5 else None,
                    )
                )
            if chance.random() < 0.15:
                asked = Conversation(status=Status.WAITING, epoch="k1", created_at=now)
                session.add(asked)
                await session.flush()
                session.add(
                    Offer(conversation_id=asked.id, staff_id=staff.id, offered_at=now, expires_at=now)
                )


def _parent(chance: Random, coaches: Sequence[Coach], now: datetime) -> Waiting:
    asked = [coach.staff for coach in chance.sample(coaches, chance.choice([0, 0, 1, 2]))]
    return Waiting(
        conversation=uuid4(),
        entered_at=now - timedelta(minutes=chance.choice([1, 15])),
        turn=chance.choice([Turn.HIGH_RISK, Turn.ORDINARY]),
        language=chance.choice(["en", "cy"]),
        topic=chance.choice([None, "sleep", "behaviour/tantrums"]),
        earlier_coach=chance.choice([None, chance.choice(coaches).staff]),
        asked=tuple((staff, now) for staff in asked),
    )


def _free(coaches: Sequence[Coach], now: datetime) -> list[Coach]:
    return [coach for coach in coaches if bar_of(coach, now) is None]


def _choice(parent: Waiting, coaches: Sequence[Coach], now: datetime) -> list[tuple[Coach, ...]]:
    """The coach for this parent, and those next to them."""
    return [decision.compared[: MOST - 2] for decision in match([parent], coaches, now, most=1)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_first_coaches_for_a_parent_are_whom_the_rules_put_first(
    database: Database, seed: int
) -> None:
    chance, now = Random(seed), clock.now()
    await _crowd(database, chance, now)
    async with reading(database) as session:
        everybody = await candidates.coaches(session)
        told = {coach.staff: coach for coach in everybody}
        by_number = sorted(everybody, key=lambda coach: coach.staff)[:MOST]
        wrong_by_number = 0
        for _ in range(60):
            parent = _parent(chance, everybody, now)
            few, more = await candidates.coaches_for(session, parent, now, most=MOST)
            assert (len(few), more) == (MOST, True)
            assert all(coach == told[coach.staff] for coach in few)
            best = _choice(parent, everybody, now)
            assert _choice(parent, few, now) == best
            wrong_by_number += _choice(parent, by_number, now) != best
        everybody_again, more = await candidates.coaches_for(session, parent, now, most=CROWD)
    assert 0 < len(_free(everybody, now)) < CROWD, "some could be given somebody, and some could not"
    assert wrong_by_number > 0, "the comparison sees a wrong choice of the first"
    assert (len(everybody_again), more) == (CROWD, False)


# Nobody who is free speaks these, and so many parents ask for them first.
QUEUES = {"spoken": [], "one unspoken": ["cy", "cy"], "two unspoken": ["cy", "pl"]}


async def _queue(database: Database, settings: Settings, chance: Random, ahead: list[str]) -> None:
    """Six parents after those, with topics, earlier coaches and who declined; one at risk, one waits long."""
    async with reading(database) as session:
        coaches = await candidates.coaches(session)
    free = [coach.staff for coach in _free(coaches, clock.now())]
    for number, language in enumerate([*ahead, *["en"] * 6]):
        entered = await enter(
            database, settings, topic=chance.choice([None, "sleep", "behaviour/aggression"])
        )
        waited = timedelta(minutes=15) if not ahead and number == 3 else timedelta(minutes=9 - number)
        async with transaction(database) as session:
            await session.execute(
                update(QueueEntry)
                .where(col(QueueEntry.conversation_id) == entered.conversation_id)
                .values(
                    language=language if ahead else chance.choice(["en", "cy"]),
                    earlier_coach=chance.choice([None, *chance.sample(free, 3)]),
                    turn=Turn.HIGH_RISK if not ahead and number == 4 else Turn.ORDINARY,
                    entered_at=clock.now() - waited,
                )
            )
            for staff in chance.sample(free, 2) if language == "en" else []:
                session.add(
                    Offer(
                        conversation_id=entered.conversation_id,
                        staff_id=staff,
                        state=OfferState.DECLINED,
                        offered_at=clock.now(),
                        expires_at=clock.now(),
                        answered_at=clock.now(),
                    )
                )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("queue", QUEUES)
async def test_a_decision_that_reads_few_coaches_is_the_one_of_all(
    database: Database, settings: Settings, queue: str, seed: int
) -> None:
    chance, ahead = Random(seed), QUEUES[queue]
    await _crowd(database, chance, clock.now())
    async with transaction(database) as session:
        await session.execute(update(Staff).values(languages="en" if ahead else "cy,en"))
    await _queue(database, settings, chance, ahead)
    decided = others = 0
    async with transaction(database) as session:
        while (decision := await offers.decide(session, clock.now(), most=MOST)) is not None:
            waiting = await candidates.head_of_queue(session, now=decision.at, to_offer=True)
            everybody = await candidates.coaches(session)
            assert len(_free(everybody, decision.at)) > MOST, "the first are not all who are free"
            [of_all] = match(waiting, everybody, decision.at, most=1)
            assert (decision.parent, decision.coach) == (of_all.parent, of_all.coach)
            assert decision.compared == of_all.compared[: len(decision.compared)]
            assert decision.passed == of_all.passed
            assert decision.unread == (len(ahead) < 2 or ahead[0] == ahead[1])
            few, _ = await candidates.coaches_for(session, waiting[0], decision.at, most=MOST)
            others += [each.coach for each in match(waiting, few, decision.at, most=1)] != [decision.coach]
            await session.execute(
                update(QueueEntry)
                .where(col(QueueEntry.conversation_id) == decision.parent.conversation)
                .values(state=EntryState.ABANDONED)
            )
            decided += 1
    assert decided == 6, "nobody was forgotten"
    assert bool(others) == bool(ahead), "the first for the parent at the head would be wrong for another"
