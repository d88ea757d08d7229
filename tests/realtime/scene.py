"""Two workers and three people, who talk over a Redis that may be broken."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

from app.accounts.models import Staff
from app.chat import actions as chat
from app.chat import log
from app.db import Database, record, transaction
from app.events import CoachAssigned
from app.settings import Settings
from tests.cast import CARYS, DEWI, SignedIn, open_session
from tests.provision.redis import RedisServer
from tests.realtime.conftest import Workers, joined, two_workers
from tests.scenes import claim, enter, on_duty
from tests.talk import Frame, Talk, pass_for, talking


class Scene:
    """Alys at worker one talks with Carys at worker two; Dewi, at worker one, may take over."""

    def __init__(self, workers: Workers, conversation: UUID, alys: Talk, carys: Talk, dewi: Talk) -> None:
        self.workers = workers
        self.conversation = conversation
        self.alys, self.carys, self.dewi = alys, carys, dewi
        self.token = ""
        self.staff: dict[str, Staff] = {}
        self.signed_in: dict[str, SignedIn] = {}

    @property
    def stream(self) -> str:
        return f"conv:{self.conversation}"

    async def say(self, who: Talk, body: str) -> Frame:
        data = {"client_message_id": str(uuid4()), "body": body}
        return await who.ask("message.post", s=self.stream, **data)

    async def hand_over(self, database: Database, *, told: bool = True) -> None:
        """Dewi becomes the owner, by a transaction of whatever worker this database belongs to."""
        async with transaction(database) as session:
            await log.lock(session, [self.conversation])
            generation = await chat.open_with(
                session,
                conversation_id=self.conversation,
                staff_id=self.staff["dewi"].id,
                role="coach",
                first_name="Dewi",
            )
            if told:
                owner = self.staff["dewi"].id
                record(session, CoachAssigned(self.conversation, staff=owner, generation=generation))


@asynccontextmanager
async def scene_on(settings: Settings, database: Database, server: RedisServer) -> AsyncIterator[Scene]:
    started = await enter(database, settings)
    carys, dewi = await on_duty(database, CARYS), await on_duty(database, DEWI)
    await claim(database, carys, started.conversation_id)
    sessions = {"carys": await open_session(database, carys), "dewi": await open_session(database, dewi)}
    async with AsyncExitStack() as stack:
        workers = await stack.enter_async_context(two_workers(joined(settings, server)))
        alys = await stack.enter_async_context(talking(workers.one, started.token))
        talks = {}
        for name, app in (("carys", workers.two), ("dewi", workers.one)):
            token = await pass_for(app, sessions[name])
            talks[name] = await stack.enter_async_context(talking(app, token))
        scene = Scene(workers, started.conversation_id, alys, talks["carys"], talks["dewi"])
        scene.token, scene.signed_in = started.token, sessions
        scene.staff = {"carys": carys, "dewi": dewi}
        await workers.acquainted()
        await scene.alys.caught_up(scene.stream, 2)
        await scene.carys.caught_up(scene.stream, 2)
        yield scene
