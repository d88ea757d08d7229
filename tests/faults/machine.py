"""F8: a conversation over a line that loses, repeats and reorders frames, with servers that come and go.

In this process, without sockets: a parent and a coach of `tests.talk`, whose moves Hypothesis chooses. At the
end of each play both come back, and must hold the same as whoever comes for the first time.
"""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid4

import hypothesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.accounts.models import Role
from app.settings import Settings
from tests.cast import Person, SignedIn, open_session
from tests.chat.posts import head_of
from tests.faults.ground import Ground, Outcome
from tests.faults.lossy import Said, Side, Tab, unlike
from tests.scenes import claim, enter, on_duty
from tests.talk import Frame, pass_for, running

STEPS = 20
SOON_S = 5.0
SIDES = st.sampled_from(["parent", "coach"])
UP = st.sampled_from(["passed on", "passed on", "lost", "twice", "unanswered", "held"])
DOWN = st.lists(st.sampled_from(["lost", "twice", "held", "passed on"]), min_size=1, max_size=4)
WORDS = st.sampled_from(["He is asleep.", "Łódź", "🧸 naïve", "no", "Yes, since Monday."])
PLACES = st.sampled_from(["own", "own", "none", "behind", "ahead", "of another epoch"])
NUMBERS = st.integers(min_value=0, max_value=50)

T = TypeVar("T")


class World:
    """One service over one database, run in a loop of its own; it is restarted, and keeps count of plays."""

    def __init__(self, settings: Settings) -> None:
        most = {"parent_messages_per_minute": 100_000, "staff_messages_per_minute": 100_000}
        limits = settings.limits.model_copy(update={**most, "batch_events": 3, "recovery_events": 12})
        self.settings = settings.model_copy(update={"limits": limits})
        self.plays = 0
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let this be done while the service goes on."""
        return self._runner.run(work)

    def start(self) -> None:
        """Begin to serve."""

        async def begin() -> tuple[FastAPI, asyncio.Event, "asyncio.Task[None]"]:
            serving, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

            async def serve() -> None:
                async with running(self.settings) as app:
                    serving.set_result(app)
                    await stop.wait()

            task = asyncio.create_task(serve())
            return await serving, stop, task

        self.app, self._stop, self._task = self.run(begin())

    def stop(self) -> None:
        """Serve no longer."""

        async def end() -> None:
            self._stop.set()
            await self._task

        self.run(end())

    def close(self) -> None:
        """The end of the world."""
        self.stop()
        self._runner.close()


class Conversation(RuleBasedStateMachine):
    """One play. A rule is one move of one side, of the network, or of the service."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.sides = {"parent": Side(), "coach": Side()}
        self.ended = self.restarted = False

    @initialize()
    def meet(self) -> None:
        """A parent waits, a coach takes them, and both are there."""

        async def begin() -> tuple[UUID, str, SignedIn]:
            database, settings = self.world.app.state.database, self.world.settings
            started = await enter(database, settings)
            coach = await on_duty(
                database, Person("Mali Birch", f"mali-{uuid4().hex[:10]}@example.org", Role.COACH)
            )
            await claim(database, coach, started.conversation_id)
            return started.conversation_id, started.token, await open_session(database, coach)

        self.conversation, self.token, self.coach = self.world.run(begin())
        self.stream = f"conv:{self.conversation}"
        for name in self.sides:
            self.world.run(self._come(name, "none"))

    @rule(name=SIDES, words=WORDS, fate=UP)
    def say(self, name: str, words: str, fate: str) -> None:
        """Something new; without a connection it waits."""
        said = Said(str(uuid4()), words)
        self.sides[name].said.append(said)
        self.world.run(self._post(name, said, fate))

    @rule(name=SIDES, which=NUMBERS, fate=UP)
    def say_again(self, name: str, which: int, fate: str) -> None:
        """What was sent before, answered or not."""
        said = [each for each in self.sides[name].said if not each.refused]
        if said:
            self.world.run(self._post(name, said[which % len(said)], fate))

    @rule(name=SIDES, which=NUMBERS)
    def contradict(self, name: str, which: int) -> None:
        """Other words under an id that is known to be taken."""
        side = self.sides[name]
        stored = [each for each in side.said if each.seq is not None]
        if stored and side.tab is not None:
            data = {"client_message_id": stored[which % len(stored)].key, "body": "Something else."}
            answer = self.world.run(side.tab.ask("message.post", s=self.stream, **data))
            assert answer["d"]["code"] == "idempotency_conflict"

    @rule(name=SIDES, fates=DOWN)
    def spoil(self, name: str, fates: list[str]) -> None:
        """The next events on their way to this side are lost, repeated, or overtaken."""
        if (tab := self.sides[name].tab) is not None:
            tab.fates.extend(fates)

    @rule(name=SIDES)
    def drop(self, name: str) -> None:
        """The network goes."""
        self.world.run(self._go(name))

    @rule(name=SIDES, place=PLACES)
    def come_back(self, name: str, place: str) -> None:
        """The network is there again."""
        self.world.run(self._go(name))
        self.world.run(self._come(name, place))

    @rule(name=SIDES, place=PLACES)
    def sync(self, name: str, place: str) -> None:
        """Ask for what came after a place."""
        self.world.run(self._sync(name, place))

    @precondition(lambda self: not self.restarted)  # which costs as much as all other moves together
    @rule()
    def restart(self) -> None:
        """The service goes and comes again; all sockets with it."""
        self.restarted = True
        for name in self.sides:
            self.world.run(self._go(name))
        self.world.stop()
        self.world.start()

    @precondition(lambda self: not self.ended and sum(len(side.said) for side in self.sides.values()) > 8)
    @rule(name=SIDES)
    def end(self, name: str) -> None:
        """One of them ends it."""
        if (tab := self.sides[name].tab) is not None:
            told = self.world.run(tab.ask("conversation.end", conversation=str(self.conversation)))
            assert told["t"] == "ok"
            self.ended = True

    def teardown(self) -> None:
        """Whatever happened, both sides end with the log, each message in it once."""
        if hasattr(self, "stream"):
            self.world.run(self._finish())
            self.world.plays += 1

    async def _post(self, name: str, said: Said, fate: str) -> None:
        tab = self.sides[name].tab
        if tab is not None:
            await tab.post(self.stream, said, fate)

    async def _go(self, name: str) -> None:
        side = self.sides[name]
        if side.tab is not None:
            await side.tab.leave()
            side.tab = None

    async def _come(self, name: str, place: str) -> None:
        side = self.sides[name]
        tab = Tab(self.world.app, side)
        tab.open()
        await tab.hello(await self._key(name), cursors=self._cursors(side, place))
        side.tab = tab

    async def _sync(self, name: str, place: str) -> None:
        side = self.sides[name]
        cursor = self._cursors(side, place).get(self.stream)
        if side.tab is None or cursor is None:
            return
        if place == "ahead" and cursor["seq"] > await head_of(
            self.world.app.state.database, self.conversation
        ):
            side.tab.raw({"t": "sync", "id": "ahead", "s": self.stream, "d": cursor})
            assert await side.tab.close_code() == 4003
            await self._go(name)
            return
        answer = await side.tab.ask("sync", s=self.stream, **cursor)
        assert answer["t"] == ("err" if place == "of another epoch" else "ok")

    async def _key(self, name: str) -> str:
        return self.token if name == "parent" else await pass_for(self.world.app, self.coach)

    def _cursors(self, side: Side, place: str) -> dict[str, Frame]:
        view = side.views.get(self.stream)
        if view is None or not view.epoch or place == "none":
            return {}
        seq = {"behind": view.seq // 2, "ahead": view.seq + 40}.get(place, view.seq)
        epoch = "another" if place == "of another epoch" else view.epoch
        return {self.stream: {"epoch": epoch, "seq": seq}}

    async def _finish(self) -> None:
        for name, side in self.sides.items():
            await self._go(name)
            await self._come(name, "own")
            for said in side.said:
                if said.seq is None and not said.refused:
                    await self._post(name, said, "passed on")
        head = await head_of(self.world.app.state.database, self.conversation)
        broken: list[str] = []
        for name, side in self.sides.items():
            fresh = Side()
            newcomer = Tab(self.world.app, fresh)
            newcomer.open()
            await newcomer.hello(await self._key(name), cursors={})
            async with asyncio.timeout(SOON_S):
                await newcomer.caught_up(self.stream, head)
                assert side.tab is not None
                await side.tab.caught_up(self.stream, head)
            await newcomer.leave()
            await self._go(name)
            broken += [f"the {name}: {each}" for each in unlike(side, fresh, self.stream)]
        assert not broken, "; ".join(broken)


def plays(settings: Settings, count: int, seed: int, *, shrink: bool = False) -> tuple[int, list[str]]:
    """So many plays on this database: how many there were, and what was wrong in the worst of them."""
    world = World(settings)
    world.start()

    @hypothesis.seed(seed)
    def one() -> Conversation:
        return Conversation(world)

    manner = hypothesis.settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(one, settings=manner)
    except (AssertionError, TimeoutError, HypothesisException, ExceptionGroup) as fault:
        return world.plays, [f"{type(fault).__name__}: {fault}"]
    finally:
        world.close()
    return world.plays, []


async def play(ground: Ground, count: int, seed: int, _: Random) -> Outcome:
    """So many plays, in a thread, as Hypothesis waits for nobody; it has dice of its own, from the seed."""
    outcome = ground.outcome(seed)
    outcome.count, outcome.failures = await asyncio.to_thread(plays, ground.settings, count, seed)
    return outcome
