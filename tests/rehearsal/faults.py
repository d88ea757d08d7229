"""Seeded bugs, put into a running service, that a rehearsal must catch: each strikes one message."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import FastAPI
from sqlalchemy import delete
from sqlmodel import col

from app.chat.models import LogEntry
from app.chat.writer import Answer, Posted
from app.db import transaction
from app.errors import AppError
from app.events import LogAppended
from app.realtime import frames
from app.realtime.hub import stream_name
from app.realtime.outbound import Outbound

ONE_IN = 200
Seeded = Callable[[FastAPI, random.Random], None]


class Chance:
    """True once: at a message that the seed chooses, early enough for a short rehearsal."""

    def __init__(self, chance: random.Random) -> None:
        self._left = chance.randrange(ONE_IN) % 20 + 10
        self.struck = 0

    def strikes(self) -> bool:
        self._left -= 1
        self.struck += self._left == 0
        return self._left == 0


def lose_one_after_ok(app: FastAPI, chance: random.Random) -> None:
    """The row of an acknowledged message goes."""
    due, real, database = Chance(chance), app.state.writer.post, app.state.database
    losing: set[asyncio.Task[None]] = set()

    def post(*, answer: Answer, **asked: Any) -> None:
        async def lose(posted: Posted) -> None:
            async with transaction(database) as session:
                await session.execute(delete(LogEntry).where(col(LogEntry.message_id) == posted.message_id))
            answer(posted)

        def answer_or_lose(outcome: Posted | AppError) -> None:
            if isinstance(outcome, Posted) and due.strikes():
                losing.add(asyncio.create_task(lose(outcome)))
            else:
                answer(outcome)

        real(answer=answer_or_lose, **asked)

    app.state.writer.post = post


def deliver_one_twice(app: FastAPI, chance: random.Random) -> None:
    def strike(event: LogAppended, real: Callable[[LogAppended], None]) -> None:
        real(event)
        for outbound in listening(app, event):
            outbound.put(frame(event))

    on_one_message(app, chance, strike)


def swap_two(app: FastAPI, chance: random.Random) -> None:
    def strike(event: LogAppended, real: Callable[[LogAppended], None]) -> None:
        for outbound in listening(app, event):
            hold_one_back(outbound, stream_name(event.stream, event.conversation))
        real(event)

    on_one_message(app, chance, strike)


def send_one_to_another_conversation(app: FastAPI, chance: random.Random) -> None:
    def strike(event: LogAppended, real: Callable[[LogAppended], None]) -> None:
        real(event)
        other = next(c for c in app.state.hub.of_parents() if c.conversation != event.conversation)
        place = other.subscriptions[stream_name("conv", other.conversation)]
        misled = msgspec.structs.replace(
            event, conversation=other.conversation, epoch=place.epoch, seq=place.sent
        )
        other.outbound.put(frame(misled))

    on_one_message(app, chance, strike)


def on_one_message(
    app: FastAPI,
    chance: random.Random,
    strike: Callable[[LogAppended, Callable[[LogAppended], None]], None],
) -> None:
    """Deliver one message, when at least two parents are there, by `strike` and all else as it should be."""
    due, real, bus = Chance(chance), app.state.hub.fan_out, app.state.database.bus

    def fan_out(event: LogAppended) -> None:
        message = event.kind == "message.posted" and len(app.state.hub.of_parents()) > 1
        if message and listening(app, event) and due.strikes():
            strike(event, real)
        else:
            real(event)

    handlers = bus._handlers[LogAppended]
    handlers[handlers.index(real)] = fan_out


def listening(app: FastAPI, event: LogAppended) -> list[Outbound]:
    listeners = app.state.hub._listeners.get(stream_name(event.stream, event.conversation), ())
    return [connection.outbound for connection in listeners if connection.conversation]


def frame(event: LogAppended) -> str:
    return frames.encode(
        frames.Ev(
            s=stream_name(event.stream, event.conversation),
            epoch=event.epoch,
            seq=event.seq,
            k=event.kind,
            at=event.at,
            gen=event.generation,
            d=event.wire,
        )
    )


def hold_one_back(outbound: Outbound, stream: str) -> None:
    """Send the stream's next event only after the one that follows it."""
    real, kept = outbound.put, []

    def put(text: str, **how: Any) -> None:
        if not text.startswith('{"t":"ev"') or f'"s":"{stream}"' not in text:
            real(text, **how)
        elif not kept:
            kept.append(text)
        else:
            outbound.put = real
            real(text, **how)
            real(kept[0], **how)

    outbound.put = put
