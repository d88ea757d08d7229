"""A rehearsed parent: starts a conversation over HTTP, talks over a socket, and loses it now and then."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from app import clock
from app.errors import AppError
from app.realtime import frames
from app.rehearsal.asking import ask
from app.rehearsal.held import at_least
from app.rehearsal.line import Line, Refused, Stuck
from app.rehearsal.scripts import Script
from app.rehearsal.stage import QUEUE_PATIENCE_S, Stage
from app.rehearsal.verdict import Fault

TYPING_S = 6.0


async def be_parent(stage: Stage, script: Script) -> None:
    """Play one parent from the first click to the end of the conversation."""
    entering = asyncio.ensure_future(_enter(stage, script))
    try:
        conversation, token = await asyncio.shield(entering)
    except AppError as error:
        stage.faults.append(Fault("not started", 0, "stuck", error.message))
        return
    except asyncio.CancelledError:
        # Whoever the service let in must be known, or is left behind.
        await asyncio.gather(entering, return_exceptions=True)
        raise
    began = clock.monotonic()

    async def same_token() -> str:
        return token

    line = Line(url=stage.url, side="parent", token=same_token, measures=stage.measures)
    whole = False
    try:
        await _talk(stage, line, conversation, script, began=began)
        whole = True
    except (Stuck, Refused) as why:
        stage.stuck(conversation, line, why)
    finally:
        stage.collect(line, own={conversation: whole})
        await line.hang_up()


async def _talk(stage: Stage, line: Line, conversation: UUID, script: Script, *, began: float) -> None:
    held = line.streams[f"conv:{conversation}"]
    for number, body in enumerate(script.opening, start=1):
        await _say(stage, line, conversation, body, drop=number in script.drops)
    await line.until(lambda: held.happened("conversation.assigned"), what="a coach", within=QUEUE_PATIENCE_S)
    stage.measures.waits.append(clock.monotonic() - began)
    for number, body in enumerate(script.nods, start=1):
        await line.until(at_least(held, "coach", number), what="the coach's words")
        drop = len(script.opening) + number in script.drops
        await _say(stage, line, conversation, body, drop=drop)
    await line.until(at_least(held, "coach", len(script.replies)), what="the coach's last words")
    await _say(stage, line, conversation, script.thanks, drop=False)
    if script.ended_by == "parent":
        await end(line, conversation)
    await line.until(lambda: held.happened("conversation.closed"), what="the end", within=QUEUE_PATIENCE_S)


async def end(line: Line, conversation: UUID) -> None:
    """End the conversation from this side; that the other side was first is no fault."""
    held = line.streams[f"conv:{conversation}"]
    data = frames.ConversationData(conversation=conversation)
    try:
        await line.request(lambda number: frames.ConversationEnd(id=number, d=data), what="the ending")
    except Refused as refusal:
        if refusal.code != "conversation_closed":
            raise
    await line.until(lambda: held.happened("conversation.ended"), what="the word that it has ended")


async def _say(stage: Stage, line: Line, conversation: UUID, body: str, *, drop: bool) -> None:
    if stage.speed:
        await line.tell(frames.Typing(s=f"conv:{conversation}"))
        await stage.think(TYPING_S)
    if not drop:
        await line.post(conversation, body)
        return
    await line.connected()
    posting = asyncio.create_task(line.post(conversation, body))
    await asyncio.sleep(0)  # the message leaves, its acknowledgement may not arrive
    line.drop()
    await posting


async def _enter(stage: Stage, script: Script) -> tuple[UUID, str]:
    request: dict[str, Any] = {
        "start_id": str(uuid4()),
        "language": "en",
        "origin": "simulated",
        "topic": script.topics[0],
        "research_consent": script.consent,
        **({"consent_version": stage.consent_version} if script.consent else {}),
        **script.child,
    }
    answer, _ = await ask(stage.http, f"{stage.url}/api/v1/conversations", request)
    conversation = UUID(answer["conversation"])
    await stage.enter(conversation, script)
    return conversation, answer["token"]
