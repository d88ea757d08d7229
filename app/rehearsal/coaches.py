"""Rehearsed coaches, who take, answer, end and wrap up; and the supervisor, who works concerns through."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from app import clock
from app.realtime import frames
from app.rehearsal.concerns import NOBODY_ELSE, NOTE
from app.rehearsal.held import Held, at_least
from app.rehearsal.line import Line, Refused, Stuck
from app.rehearsal.parents import end
from app.rehearsal.scripts import Script
from app.rehearsal.stage import QUEUE_PATIENCE_S, Stage
from app.safeguarding.rules import NEXT, ConcernState

LOOK_S = 0.5
READING_S, TYPING_S = 5.0, 10.0
SILENCE_S = 180.0
# Who rests is forbidden to take anybody, and may hear of it before `me` tells them of their break.
NOT_NOW = frozenset({"not_found", "already_claimed", "at_capacity", "forbidden"})


async def be_coach(stage: Stage, token: Callable[[], Awaitable[str]], *, capacity: int) -> None:
    """Play one coach until the rehearsal is over: whoever waits is taken while there is room."""
    line = Line(url=stage.url, side="coach", token=token, measures=stage.measures)
    own: dict[UUID, bool] = {}
    chats: set[asyncio.Task[None]] = set()
    ended: object = None
    try:
        await set_availability(line, "available")
        while not stage.over.is_set():
            ended = await _end_rest(stage, line, ended)
            for conversation in _mine(line) - own.keys():
                own[conversation] = False
                chat = asyncio.create_task(_chat(stage, line, conversation, own))
                chats.add(chat)
                chat.add_done_callback(chats.discard)
            offer = _offered(stage, line)
            if offer is not None:
                await _accept(line, offer)
            elif len(chats) < capacity and not _at_risk(line) and _somebody_waits(stage, line):
                await _take_next(line)
            else:
                await line.news(within=LOOK_S)
        await asyncio.gather(*chats)
        await set_availability(line, "offline")
    except (Stuck, Refused) as why:
        for conversation in [found for found, whole in own.items() if not whole]:
            stage.stuck(conversation, line, why)
    finally:
        for chat in list(chats):
            chat.cancel()
        stage.collect(line, own=own)
        await line.hang_up()


async def be_supervisor(stage: Stage, token: Callable[[], Awaitable[str]]) -> None:
    """Play the supervisor until the rehearsal is over and every concern of it worked through to its end."""
    line = Line(url=stage.url, side="supervisor", token=token, measures=stage.measures)
    try:
        while (worries := _worries(stage, line)) or not stage.over.is_set():
            await asyncio.gather(*(_work_through(stage, line, *worry) for worry in worries))
            await line.news(within=LOOK_S)
    except Stuck as why:
        stage.stuck(UUID(int=0), line, why)
    finally:
        await line.hang_up()


def _worries(stage: Stage, line: Line) -> list[tuple[UUID, ConcernState]]:
    return [
        (UUID(concern["id"]), ConcernState(concern["state"]))
        for concern in line.states.get("me", {}).get("concerns", ())
        if stage.works_through(UUID(concern["conversation"]))
    ]


async def set_availability(line: Line, availability: str) -> None:
    """Say whether this coach can take a new conversation."""
    data = frames.AvailabilityData(availability=availability)  # type: ignore[arg-type]
    await line.request(lambda number: frames.AvailabilitySet(id=number, d=data), what="the availability")


async def _end_rest(stage: Stage, line: Line, ended: object) -> object:
    """End the break that `me` tells of, unless that was done already; which one was ended last."""
    me = line.states.get("me", {})
    rest = me.get("rests_until") or me.get("break_due")
    if not rest or rest == ended or stage.end_rest is None:
        return ended
    await stage.end_rest(UUID(me["staff"]))
    return rest


def _mine(line: Line) -> set[UUID]:
    conversations = line.states.get("me", {}).get("conversations", ())
    return {UUID(found["conversation"]) for found in conversations if found["status"] != "closed"}


def _at_risk(line: Line) -> bool:
    """Whether this coach holds somebody at high risk, beside whom nobody new is given."""
    return any(found["priority"] for found in line.states.get("me", {}).get("conversations", ()))


def _somebody_waits(stage: Stage, line: Line) -> bool:
    waiting = line.states.get("queue", {}).get("waiting", ())
    return any(_long_enough(stage, entry) for entry in waiting)


def _offered(stage: Stage, line: Line) -> UUID | None:
    offers = line.states.get("me", {}).get("offers", ())
    return next((UUID(offer["offer"]) for offer in offers if _long_enough(stage, offer)), None)


def _long_enough(stage: Stage, entry: Mapping[str, str]) -> bool:
    waited = clock.now() - datetime.fromisoformat(entry["since"])
    return waited >= timedelta(seconds=stage.take_after_s)


async def _accept(line: Line, offer: UUID) -> None:
    data = frames.OfferData(offer=offer)
    try:
        await line.request(lambda number: frames.OfferAccept(id=number, d=data), what="the offered parent")
    except Refused as refusal:
        if refusal.code not in NOT_NOW:
            raise
    await line.until(lambda: not _stands(line, offer), what="the end of an offer")


def _stands(line: Line, offer: UUID) -> bool:
    return any(UUID(each["offer"]) == offer for each in line.states.get("me", {}).get("offers", ()))


async def _take_next(line: Line) -> None:
    try:
        await line.request(lambda number: frames.QueueNext(id=number), what="the next parent")
    except Refused as refusal:
        if refusal.code not in NOT_NOW:
            raise
        await asyncio.sleep(LOOK_S)
    else:
        known = len(_mine(line))
        await line.until(lambda: len(_mine(line)) >= known, what="what the coach holds")


async def _chat(stage: Stage, line: Line, conversation: UUID, own: dict[UUID, bool]) -> None:
    script = await stage.script_of(conversation)
    try:
        if script is None:
            await _answer_stranger(stage, line, conversation)
        else:
            await _answer(stage, line, conversation, script)
        own[conversation] = True
    except (Stuck, Refused) as why:
        stage.stuck(conversation, line, why)
    finally:
        line.streams[f"conv:{conversation}"].wanted = False
        line.streams[f"staff:{conversation}"].wanted = False


async def _answer(stage: Stage, line: Line, conversation: UUID, script: Script) -> None:
    held = line.streams[f"conv:{conversation}"]
    await line.until(at_least(held, "parent", len(script.opening)), what="the parent's first words")
    await line.tell(frames.Read(s=f"conv:{conversation}", d=frames.ReadData(up_to=held.last)))
    await stage.think(READING_S)
    for body in script.replies:
        if stage.speed:
            await line.tell(frames.Typing(s=f"conv:{conversation}"))
            await stage.think(TYPING_S)
        await line.post(conversation, body)
    if script.concern is not None:
        worry = frames.ConcernRaiseData(conversation=conversation, category=script.concern, note=NOTE)
        await line.request(lambda number: frames.ConcernRaise(id=number, d=worry), what="a concern")
    await line.until(at_least(held, "parent", script.parent_messages), what="the parent's last words")
    if script.ended_by == "coach":
        await end(line, conversation)
    await line.until(lambda: held.happened("conversation.ended"), what="the end")
    await stage.think(READING_S)
    wrapped = frames.WrapUpData(
        conversation=conversation,
        topics=script.topics,
        disposition=script.disposition,
        barriers=script.barriers,
        service_gaps=script.service_gaps,
    )
    await _wrap_up(line, wrapped)


async def _wrap_up(line: Line, data: frames.WrapUpData) -> None:
    """Wrap up once no concern is open; until then the risk check may raise one at any moment."""
    staff = line.streams[f"staff:{data.conversation}"]

    def open_concerns() -> int:
        return staff.how_often("concern.raised") - staff.how_often("concern.stepped", state="closed")

    while True:
        await line.until(
            lambda: open_concerns() == 0,
            what="the concerns' closing",
            within=QUEUE_PATIENCE_S,  # one supervisor works all of them through, in their order
        )
        try:
            await line.request(lambda number: frames.WrapUpSubmit(id=number, d=data), what="the wrap-up")
        except Refused:
            await line.news(within=LOOK_S)  # of a concern that was raised in the same moment
            if open_concerns() == 0:
                raise
        else:
            return


async def _answer_stranger(stage: Stage, line: Line, conversation: UUID) -> None:
    """Somebody who is not rehearsed: answered with general words, or let go where there are none."""
    held = line.streams[f"conv:{conversation}"]
    for number, body in enumerate(stage.strangers, start=1):
        try:
            await line.until(_spoke_or_left(held, number), what="a visitor", within=SILENCE_S)
        except Stuck:
            break  # they have gone without a word
        if held.happened("conversation.ended"):
            break
        await stage.think(TYPING_S)
        await line.post(conversation, body)
    await end(line, conversation)
    plain = frames.WrapUpData(
        conversation=conversation, topics=("practical",), disposition=stage.plain_disposition
    )
    await _wrap_up(line, plain)


async def _work_through(stage: Stage, line: Line, concern: UUID, state: ConcernState) -> None:
    following = NEXT.get(state)
    while following is not None:
        await stage.think(READING_S)
        data = frames.ConcernStepData(concern=concern, state=following.value, note=NOTE)  # type: ignore[arg-type]
        if following == ConcernState.DECIDED:
            seconds = line.states["me"]["seconds"]
            if not seconds:
                return  # nobody to decide with for now, or somebody else has closed it
            data = replace(data, second=UUID(seconds[0]["staff"]), shared=NOBODY_ELSE, parent_told=NOTE)
        try:
            await line.request(_step(data), what="a concern's next step")
        except Refused:
            return  # the world has moved on: `me` says where the concern stands
        following = NEXT.get(following)


def _spoke_or_left(held: Held, number: int) -> Callable[[], bool]:
    return lambda: held.count("parent") >= number or held.happened("conversation.ended")


def _step(data: frames.ConcernStepData) -> Callable[[str], frames.Frame]:
    return lambda number: frames.ConcernStep(id=number, d=data)
