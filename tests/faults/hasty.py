"""The seeded bug that a kill must catch: a service that acknowledges a message before it is committed.

It answers at the edge, before the frame is so much as read by the service, and swallows the true answer. The
number that it claims is the next one that its client has not seen.
"""

import asyncio
import json
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HASTE_S = 0.1


class Hasty:
    """The application, with an `ok` for each posted message before anything is done about it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "extensions": {}}  # by the short way nothing would pass here
        heads: dict[str, int] = {}
        answered: set[str] = set()

        async def hear() -> Message:
            message = await receive()
            frame = _frame(message.get("text") or message.get("bytes"))
            if frame.get("t") == "message.post":
                heads[frame["s"]] = heads.get(frame["s"], 0) + 1
                answered.add(frame["id"])
                data = {"message_id": frame["id"], "seq": heads[frame["s"]], "at": "", "duplicate": False}
                early = {"t": "ok", "re": frame["id"], "d": data}
                await send({"type": "websocket.send", "text": json.dumps(early)})
                await asyncio.sleep(HASTE_S)  # the bug's own length: a kill must have a chance to hit it
            return message

        async def say(message: Message) -> None:
            frame = _frame(message.get("text") or message.get("bytes"))
            if frame.get("t") == "ok" and frame["re"] in answered:
                return
            if "seq" in frame:
                heads[frame["s"]] = max(heads.get(frame["s"], 0), frame["seq"])
            await send(message)

        await self._app(scope, hear, say)


def _frame(text: str | bytes | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


def seed() -> None:
    """Put the bug into the `earshot serve` of this process."""
    import app.serving

    real = app.serving.create_app

    def create(*given: Any, **named: Any) -> FastAPI:
        made = real(*given, **named)
        made.add_middleware(Hasty)
        return made

    app.serving.create_app = create
