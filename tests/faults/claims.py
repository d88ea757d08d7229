"""F9: many coaches claim one parent at once, over two workers where there is PostgreSQL.

Each conversation is claimed twice: when its parent came, and again after its coach was lost without a word to
the workers, so that nothing but the fence keeps the former coach out.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.access import COOKIE
from app.accounts.models import Role
from app.accounts.tokens import csrf_token
from app.chat import actions as chat
from app.chat import log
from app.chat.models import Conversation
from app.chat.rules import Status
from app.db import Database, open_database, reading, transaction
from app.queue.models import Assignment, QueueEntry
from app.queue.rules import Turn
from app.realtime import frames
from app.rehearsal.held import digest_of
from app.rehearsal.line import Line, Measures, Refused
from app.settings import Settings
from tests.cast import Person, open_session
from tests.faults.ground import Ground, Outcome
from tests.faults.service import serving
from tests.provision.redis import redis_server
from tests.scenes import enter, on_duty

COACHES = 20
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Racer:
    """A coach with a socket of theirs."""

    staff: UUID
    line: Line


async def race(ground: Ground, count: int, seed: int, chance: Random, *, unfenced: bool = False) -> Outcome:
    """So many races of 2 to 20 coaches; in each exactly one gets the parent, and the rest see nothing."""
    outcome, lost = ground.outcome(seed), 0
    before: tuple[UUID, dict[str, Claimed]] | None = None
    database = open_database(ground.settings)
    try:
        async with (
            _workers(ground, unfenced=unfenced) as urls,
            _racers(database, ground.settings, urls) as racers,
        ):
            while outcome.count < count:
                conversation = (await enter(database, ground.settings)).conversation_id
                first = await _claim(database, conversation, _some(racers, chance), 1)
                lost += first.losers
                outcome.add(first.faults)
                if first.winner is None or outcome.count == count:
                    continue
                early, late = f"[{_canary(outcome)}] before", f"[{_canary(outcome)}] after"
                await first.winner.line.post(conversation, early)
                await _lose_coach(database, conversation)
                others = [each for each in racers if each is not first.winner]
                second = await _claim(database, conversation, _some(others, chance), 2)
                lost += second.losers
                outcome.add([*second.faults, *await _former(first.winner, conversation)])
                if second.winner is not None:
                    await second.winner.line.post(conversation, late)
                    await _finish(second.winner, conversation)
                # Judged after the next race: until then also what comes by way of the other worker is there.
                if before is not None:
                    outcome.failures += await _shown(racers, *before)
                before = conversation, {early: first, late: second}
            if before is not None:
                outcome.failures += await _shown(racers, *before)
        outcome.told["coaches who lost a race"] = str(lost)
    finally:
        await database.engine.dispose()
    return outcome


@dataclass(frozen=True, slots=True)
class Claimed:
    """What came of one race."""

    winner: Racer | None
    losers: int
    faults: list[str]


def race_faults(answers: Iterable[str], owners: Iterable[tuple[UUID, int]], generation: int) -> list[str]:
    """What is wrong where coaches were answered so, and these own the conversation, each by a generation."""
    told, found = list(answers), list(owners)
    faults = []
    if told.count("ok") != 1:
        faults.append(f"{told.count('ok')} coaches were told that the parent is theirs")
    if strange := sorted({each for each in told if each not in ("ok", "already_claimed")}):
        faults.append(f"a coach who lost was told {', '.join(strange)}")
    if len(found) != 1:
        faults.append(f"{len(found)} coaches own the conversation")
    if found and found[0][1] != generation:
        faults.append(f"the generation is {found[0][1]} and not {generation}")
    return faults


async def _claim(database: Database, conversation: UUID, racers: list[Racer], generation: int) -> Claimed:
    answers = await asyncio.gather(*(_ask(each, conversation) for each in racers))
    async with reading(database) as session:
        rows = await session.execute(
            select(col(Assignment.staff_id), col(Assignment.generation)).where(
                col(Assignment.conversation_id) == conversation, col(Assignment.ended_at).is_(None)
            )
        )
        owners = [(staff, held) for staff, held in rows]
    faults = race_faults(answers, owners, generation)
    winner = next((each for each, told in zip(racers, answers, strict=True) if told == "ok"), None)
    if winner is not None and owners and owners[0][0] != winner.staff:
        faults.append("another coach owns it than was told so")
    return Claimed(winner, len(racers) - 1, faults)


async def _ask(racer: Racer, conversation: UUID) -> str:
    data = frames.ConversationData(conversation=conversation)
    try:
        await racer.line.request(lambda number: frames.QueueClaim(id=number, d=data), what="a claim")
    except Refused as refused:
        return refused.code
    return "ok"


async def _lose_coach(database: Database, conversation: UUID) -> None:
    """The coach is lost: back to the queue, and no worker hears of it."""
    async with transaction(database) as session:
        session.add(QueueEntry(conversation_id=conversation, turn=Turn.RETURNED, entered_at=clock.now()))
        await log.lock(session, [conversation])
        await chat.leave(session, conversation_id=conversation)
        await session.execute(
            update(Assignment)
            .where(col(Assignment.conversation_id) == conversation)
            .values(ended_at=clock.now())
        )
        await session.execute(
            update(Conversation).where(col(Conversation.id) == conversation).values(status=Status.WAITING)
        )


async def _former(racer: Racer, conversation: UUID) -> list[str]:
    """A former owner writes, and ends: both must be refused."""
    faults = []
    data = frames.ConversationData(conversation=conversation)
    for what, attempt in (
        ("wrote", racer.line.post(conversation, "I am still here")),
        (
            "ended it",
            racer.line.request(lambda number: frames.ConversationEnd(id=number, d=data), what="the end"),
        ),
    ):
        try:
            await attempt
        except Refused as refused:
            if refused.code not in ("not_assignee", "not_found"):
                faults.append(f"a former owner was told {refused.code}")
        else:
            faults.append(f"a former owner {what}")
    return faults


async def _finish(racer: Racer, conversation: UUID) -> None:
    """The owner ends it and wraps it up, so that their place is free again."""
    ended = frames.ConversationData(conversation=conversation)
    await racer.line.request(lambda number: frames.ConversationEnd(id=number, d=ended), what="the end")
    data = frames.WrapUpData(conversation=conversation, topics=("sleep",), disposition="advice-given")
    await racer.line.request(lambda number: frames.WrapUpSubmit(id=number, d=data), what="the wrap-up")


async def _shown(racers: list[Racer], conversation: UUID, said: dict[str, Claimed]) -> list[str]:
    """Whoever holds a text that was said while the conversation was not theirs, or anything of it at all."""
    await asyncio.gather(*(_round_trip(each) for each in racers))  # what was pushed to them before is there
    owners = {each.winner.staff: None for each in said.values() if each.winner is not None}
    texts = {digest_of(text): claimed.winner for text, claimed in said.items()}
    last = list(owners)[-1] if owners else None
    faults = []
    for each in racers:
        held = each.line.streams.pop(f"conv:{conversation}", None)
        each.line.streams.pop(f"staff:{conversation}", None)
        if held is None or not (held.entries or held.events):
            continue
        if each.staff not in owners:
            faults.append("a coach who lost was shown the conversation")
        for entry in held.entries.values():
            owner = texts.get(entry.digest) if entry.digest else None
            if owner is not None and owner is not each and each.staff != last:
                faults.append("a former owner was shown what came after them")
    return faults


async def _round_trip(racer: Racer) -> None:
    """Ask for a stream that nobody has: the refusal comes after all that was pushed, and reads no table."""
    nowhere, start = f"conv:{UUID(int=0)}", frames.SyncData(epoch="", seq=0)
    with suppress(Refused):
        await racer.line.request(
            lambda number: frames.Sync(id=number, s=nowhere, d=start), what="a round trip"
        )


def _some(racers: list[Racer], chance: Random) -> list[Racer]:
    return chance.sample(racers, chance.randint(FEWEST, len(racers)))


def _canary(outcome: Outcome) -> str:
    return f"plover-{outcome.count:05}-{outcome.seed:010x}"


@asynccontextmanager
async def _workers(ground: Ground, *, unfenced: bool) -> AsyncIterator[list[str]]:
    """The addresses of two workers that share a Redis; of one where the database is SQLite."""
    more = {"EARSHOT_MODE": "next"}  # what is tried is claims against each other
    if unfenced:
        more["EARSHOT_TEST_BUG"] = "unfenced"
    async with AsyncExitStack() as running:
        if ground.settings.database.startswith("sqlite"):
            yield [
                (await running.enter_async_context(serving(ground.nursery, ground.settings, more=more))).url
            ]
            return
        with ExitStack() as stack:
            redis = await asyncio.to_thread(stack.enter_context, redis_server())
            settings = ground.settings.model_copy(update={"redis_url": redis.url})
            services = [
                await running.enter_async_context(serving(ground.nursery, settings, more=more))
                for _ in range(2)
            ]
            yield [service.url for service in services]
            await running.aclose()


@asynccontextmanager
async def _racers(database: Database, settings: Settings, urls: list[str]) -> AsyncIterator[list[Racer]]:
    """Twenty coaches on duty, shared out among the workers."""
    measures = Measures()
    racers: list[Racer] = []
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        try:
            for number in range(COACHES):
                person = Person("Gwil Penn", f"gwil-{uuid4().hex[:10]}@example.org", Role.COACH)
                staff = await on_duty(database, person)
                signed_in = await open_session(database, staff)
                url = urls[number % len(urls)]
                headers = {
                    "Cookie": f"{COOKIE}={signed_in.token}",
                    "X-CSRF-Token": csrf_token(signed_in.token, secret=settings.server_secret),
                    "Origin": url,
                }

                async def socket_pass(url: str = url, headers: dict[str, str] = headers) -> str:
                    answer = await http.post(f"{url}/api/v1/staff/socket-pass", json={}, headers=headers)
                    token: str = answer.raise_for_status().json()["token"]
                    return token

                line = Line(url=url, side="coach", token=socket_pass, measures=measures)
                racers.append(Racer(staff.id, line))
            await asyncio.gather(*(each.line.connected() for each in racers))
            yield racers
        finally:
            await asyncio.gather(*(each.line.hang_up() for each in racers))
