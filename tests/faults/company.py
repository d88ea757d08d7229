"""Parents and coaches in open conversations, all talking at once over real sockets, and the judgement of it.

They are seated in the database before anything is served; from then on everything goes over the wire.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import httpx

from app.accounts.access import COOKIE
from app.accounts.models import Role
from app.accounts.tokens import csrf_token
from app.db import open_database
from app.rehearsal.line import Line, Manner, Measures, Refused, Stuck
from app.rehearsal.stored import stored_entries
from app.rehearsal.verdict import Entry, verdict
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import Person, SignedIn, open_session
from tests.faults.checks import unequal_views
from tests.scenes import claim, enter, on_duty

# None that the risk check could read as a sign: what it adds to a conversation would come between.
WORDS = "asleep school fuss lantern mornings Łódź naïve 🧸 slow quiet".split()  # noqa: SIM905
AT_ONCE = 10  # conversations of one coach
REST_S = 10.0  # for what the service adds by itself to reach everybody
EAGER = Manner(longest_pause_s=0.5, tries=60)
FENCED = ("not_assignee", "not_found")  # what somebody is told who owns the conversation no longer


@dataclass(frozen=True, slots=True)
class Seat:
    """An open conversation, its canary word and its two people's keys."""

    conversation: UUID
    canary: str
    parent_token: str = field(repr=False)
    coach: SignedIn = field(repr=False)


async def seat(settings: Settings, conversations: int, *, each: int = AT_ONCE) -> list[Seat]:
    """So many open conversations with new people in them, so many of them with each coach."""
    database = open_database(settings)
    try:
        seats: list[Seat] = []
        while len(seats) < conversations:
            run = uuid4().hex[:10]
            coach = await on_duty(
                database, Person("Mali Birch", f"mali-{run}@example.org", Role.COACH, capacity=each)
            )
            signed_in = await open_session(database, coach)
            for number in range(min(each, conversations - len(seats))):
                started = await enter(database, settings)
                await claim(database, coach, started.conversation_id)
                canary = f"heron-{number:05}-{run}"
                seats.append(Seat(started.conversation_id, canary, started.token, signed_in))
    finally:
        await database.engine.dispose()
    return seats


class Company:
    """The people of some conversations, each on a line of their own; a coach has one for all of theirs."""

    def __init__(
        self,
        settings: Settings,
        seats: Sequence[Seat],
        *,
        url: str,
        parents_url: str | None = None,
        tabs: int = 1,
        manner: Manner,
    ) -> None:
        self.seats = seats
        self.measures = Measures()
        self.said: dict[UUID, int] = {}  # conversation → the highest number that was acknowledged
        self._settings = settings
        self._parents_url = parents_url or url
        self._manner = manner
        self._http = httpx.AsyncClient(trust_env=False, timeout=manner.opening_s)
        self.tabs: dict[UUID, list[Line]] = {}  # the parent's; the first one talks
        self.coaches: dict[UUID, Line] = {}  # whose it is now
        self.colleagues: list[Line] = []  # who are there, own nothing, and may take over
        self._begin: Callable[[Seat, Line], object] = lambda *_: None
        lines: dict[UUID, Line] = {}
        for place in seats:
            self.tabs[place.conversation] = [self.another_tab(place) for _ in range(tabs)]
            staff = place.coach.viewer.staff_id
            if staff not in lines:
                lines[staff] = Line(
                    url=url,
                    side="coach",
                    token=self._passes(place.coach, url),
                    measures=self.measures,
                    manner=manner,
                )
            self.coaches[place.conversation] = lines[staff]

    @property
    def lines(self) -> list[Line]:
        """Every line once."""
        owning = [line for place in self.seats for line in self._sides(place)]
        return list(dict.fromkeys([*owning, *self.colleagues]))

    def another_tab(self, place: Seat) -> Line:
        """One more tab of this parent, which holds nothing yet."""
        return Line(
            url=self._parents_url,
            side="parent",
            token=_same(place.parent_token),
            measures=self.measures,
            manner=self._manner,
        )

    def staff_headers(self, who: SignedIn, url: str) -> dict[str, str]:
        """What this coach's browser shows with each request."""
        return {
            "Cookie": f"{COOKIE}={who.token}",
            "X-CSRF-Token": csrf_token(who.token, secret=self._settings.server_secret),
            "Origin": url,
        }

    async def arrive(self) -> None:
        """Wait until everybody holds what there is."""
        for place in self.seats:
            for line in self._sides(place):
                await line.until(lambda line=line, place=place: held_by(line, place) > 0, what="its stream")

    def colleague(self, who: SignedIn, url: str) -> Line:
        """A coach who comes on duty at this address, to take over what others have."""
        line = Line(
            url=url, side="coach", token=self._passes(who, url), measures=self.measures, manner=self._manner
        )
        self.colleagues.append(line)
        return line

    def hand_over(self, place: Seat, line: Line) -> None:
        """The conversation is this coach's now; the one before is to find out by themselves."""
        self.colleagues.append(self.coaches[place.conversation])
        self.coaches[place.conversation] = line

    def begin(self, place: Seat) -> None:
        """Let the conversation's coach talk as everybody does."""
        self._begin(place, self.coaches[place.conversation])

    @asynccontextmanager
    async def talking(
        self, chance: random.Random, *, length: int = 60, pause_s: float = 0
    ) -> AsyncIterator[None]:
        """Both sides of every conversation post while the block runs, without a pause or at people's pace;
        at its end each message is acknowledged, and everybody holds everything."""
        over = asyncio.Event()

        async def talk(place: Seat, line: Line, chance: random.Random) -> None:
            while not over.is_set():
                try:
                    await self.say(place, line, words(chance, length))
                except Refused as refused:
                    if refused.code in FENCED and line is not self.coaches[place.conversation]:
                        return  # a former owner was silenced, as they must be
                    raise
                await asyncio.sleep(pause_s * chance.uniform(0.5, 1.5))  # people's pace

        async with asyncio.TaskGroup() as talks:

            def begin(place: Seat, line: Line) -> None:
                talks.create_task(talk(place, line, random.Random(chance.random())))

            self._begin = begin
            for place in self.seats:
                for line in (self.tabs[place.conversation][0], self.coaches[place.conversation]):
                    begin(place, line)
            try:
                yield
            finally:
                over.set()
        await self.whole()

    async def say(self, place: Seat, line: Line, text: str) -> None:
        """One message from one side, until it is acknowledged."""
        seq = await line.post(place.conversation, f"[{place.canary}] {text}")
        self.said[place.conversation] = max(seq, self.said.get(place.conversation, 0))

    async def whole(self) -> None:
        """Wait until both sides of each conversation hold as much as the other and all that was said."""
        for place in self.seats:
            said = self.said.get(place.conversation, 0)
            for line in self._sides(place):
                await line.until(
                    lambda line=line, place=place, said=said: line.up and held_by(line, place) >= said,
                    what=f"event {said}",
                )

    async def faults(self) -> list[str]:
        """What is broken of I1 to I3 and I7, from all that these people sent, saw, and that is stored."""
        stored = await self._stored()
        while True:
            await self._hold(stored)
            views = [
                line.view(place.conversation, entitled=True, whole=True)
                for place in self.seats
                for line in self._sides(place)
            ]
            before, stored = stored, await self._stored()
            if before == stored:  # the service adds events of its own, and none came between log and views
                break
        found = verdict(
            posted=[
                replace(message, side=f"{line.side} {number}")  # two coaches speak in turn, each in order
                for number, line in enumerate(self.lines)
                for message in line.posted
            ],
            views=views,
            stored=stored,
            canaries={place.conversation: place.canary for place in self.seats},
        )
        return [*map(str, found), *unequal_views(views, stored)]

    async def _stored(self) -> dict[UUID, list[Entry]]:
        database = open_database(self._settings)
        try:
            return await stored_entries(
                database, KeyRing(self._settings.key_ring), [place.conversation for place in self.seats]
            )
        finally:
            await database.engine.dispose()

    async def _hold(self, stored: dict[UUID, list[Entry]]) -> None:
        """Wait until everybody holds as much as this, or does not come to."""
        for place in self.seats:
            for line in self._sides(place):
                with suppress(Stuck):
                    await line.until(
                        lambda line=line, place=place: (
                            held_by(line, place) >= len(stored[place.conversation])
                        ),
                        what="the rest",
                        within=REST_S,
                    )

    async def leave(self) -> None:
        """Everybody hangs up."""
        await asyncio.gather(*(line.hang_up() for line in self.lines))
        await self._http.aclose()

    def _sides(self, place: Seat) -> list[Line]:
        return [*self.tabs[place.conversation], self.coaches[place.conversation]]

    def _passes(self, who: SignedIn, url: str) -> Callable[[], Awaitable[str]]:
        """What gets a socket pass over HTTP, as the console does before each connection."""
        headers = self.staff_headers(who, url)

        async def socket_pass() -> str:
            answer = await self._http.post(f"{url}/api/v1/staff/socket-pass", json={}, headers=headers)
            token: str = answer.raise_for_status().json()["token"]
            return token

        return socket_pass


@asynccontextmanager
async def company_of(
    settings: Settings,
    seats: Sequence[Seat],
    *,
    url: str,
    parents_url: str | None = None,
    tabs: int = 1,
    manner: Manner = EAGER,
) -> AsyncIterator[Company]:
    """People who have all arrived; they hang up when the block ends."""
    company = Company(settings, seats, url=url, parents_url=parents_url, tabs=tabs, manner=manner)
    try:
        await company.arrive()
        yield company
    finally:
        await company.leave()


def words(chance: random.Random, length: int) -> str:
    """About so many characters of nonsense."""
    return " ".join(chance.choices(WORDS, k=length // 6 + 1))[:length]


def held_by(line: Line, place: Seat) -> int:
    """How far this line holds the conversation."""
    return line.streams[f"conv:{place.conversation}"].last


def _same(token: str) -> Callable[[], Awaitable[str]]:
    async def same() -> str:
        return token

    return same
