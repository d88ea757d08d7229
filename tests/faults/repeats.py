"""F7: the same message over and over: many times at once, after a restart, and with another body."""

import asyncio
import json
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlmodel import col
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from app.chat.models import LogEntry
from app.db import open_database, reading
from app.realtime import frames
from tests.faults.company import Seat, seat, words
from tests.faults.ground import Ground, Outcome
from tests.faults.service import serving

AT_ONCE = 50
SOCKETS = 5
Frame = dict[str, Any]


async def repeat(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """Each id 50 times at once over five sockets: one row, one answer; another body is refused."""
    outcome = ground.outcome(seed)
    seats = await seat(ground.settings, -(-count // AT_ONCE))
    sent: list[tuple[Seat, UUID, str, Frame]] = []
    async with serving(ground.nursery, ground.settings) as service:
        for place in seats:
            key, text = uuid4(), words(chance, 60)
            answers = await _say(service.url, place, key, [text] * AT_ONCE)
            sent.append((place, key, text, answers[0]["d"]))
            outcome.add(_unlike(answers), count=AT_ONCE)
        await service.kill()
        await service.start()
        for place, key, text, first in sent:
            again, other = await _say(service.url, place, key, [text, f"{text} not"])
            outcome.failures += _after_restart(again, other, first)
    outcome.failures += await _rows(ground, sent)
    return outcome


def _unlike(answers: list[Frame]) -> list[str]:
    """What is wrong with the answers to one message that was sent many times."""
    refused = [answer for answer in answers if answer["t"] != "ok"]
    if refused:
        return [f"{len(refused)} of {len(answers)} repeats were refused as {refused[0]['d']['code']}"]
    told = {(answer["d"]["message_id"], answer["d"]["seq"], answer["d"]["at"]) for answer in answers}
    first = [answer for answer in answers if not answer["d"]["duplicate"]]
    faults = [] if len(told) == 1 else [f"{len(told)} different answers to one message"]
    return faults if len(first) == 1 else [*faults, f"{len(first)} of the answers say that it was new"]


def _after_restart(again: Frame, other: Frame, first: Frame) -> list[str]:
    faults = []
    if again["t"] != "ok" or (again["d"]["message_id"], again["d"]["seq"]) != (
        first["message_id"],
        first["seq"],
    ):
        faults.append("after a restart the same message was answered differently")
    if other["t"] != "err" or other["d"]["code"] != "idempotency_conflict":
        faults.append("another body under a known id was not refused as idempotency_conflict")
    return faults


async def _rows(ground: Ground, sent: list[tuple[Seat, UUID, str, Frame]]) -> list[str]:
    database = open_database(ground.settings)
    try:
        async with reading(database) as session:
            found = await session.execute(
                select(col(LogEntry.client_message_id), func.count()).group_by(
                    col(LogEntry.client_message_id)
                )
            )
            rows = {key: number for key, number in found if key is not None}
    finally:
        await database.engine.dispose()
    return [f"{rows.get(key, 0)} rows for one message" for _, key, _, _ in sent if rows.get(key) != 1]


async def _say(url: str, place: Seat, key: UUID, texts: list[str]) -> list[Frame]:
    """Send these texts under one id, dealt out over several sockets, all at once; the answers."""
    sockets = [await _greeted(url, place) for _ in range(min(SOCKETS, len(texts)))]
    try:
        hands = [texts[number :: len(sockets)] for number in range(len(sockets))]
        answers = await asyncio.gather(
            *(_send(socket, place, key, hand) for socket, hand in zip(sockets, hands, strict=True))
        )
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))
    return [answer for hand in answers for answer in hand]


async def _greeted(url: str, place: Seat) -> ClientConnection:
    socket = await connect(
        url.replace("http", "ws", 1) + frames.PATH,
        origin=Origin(url),
        subprotocols=[Subprotocol(frames.PROTOCOL)],
        compression=None,
        proxy=None,
    )
    hello = {"token": place.parent_token, "client": "faults/1", "conn": str(uuid4())}
    await socket.send(json.dumps({"t": "hello", "id": "hello", "d": hello}))
    await _hear(socket, "hello")
    return socket


async def _send(socket: ClientConnection, place: Seat, key: UUID, texts: list[str]) -> list[Frame]:
    for number, text in enumerate(texts):
        data = {"client_message_id": str(key), "body": text}
        frame = {"t": "message.post", "id": str(number), "s": f"conv:{place.conversation}", "d": data}
        await socket.send(json.dumps(frame))
    return [await _hear(socket, str(number)) for number in range(len(texts))]


async def _hear(socket: ClientConnection, about: str) -> Frame:
    """The frame that answers this request; what else is said meanwhile is let pass."""
    while True:
        frame: Frame = json.loads(await socket.recv())
        if frame.get("re") == about:
            return frame
