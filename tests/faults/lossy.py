"""A line that loses, repeats and reorders frames, what a side keeps beyond it, and how that is judged."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from tests.talk import Frame, Talk, View

ENDED = "conversation_closed"


@dataclass
class Said:
    """A message that somebody means to send; `seq` is what its `ok` said."""

    key: str
    body: str
    seq: int | None = None
    refused: bool = False


@dataclass
class Side:
    """What one of the two keeps, whatever becomes of their sockets."""

    views: dict[str, View] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    snapshot: tuple[int, dict[str, Any]] | None = None  # the last one's number and state
    tab: "Tab | None" = None


class Tab(Talk):
    """A socket whose next events meet these fates on their way down."""

    def __init__(self, app: FastAPI, side: Side) -> None:
        for view in side.views.values():
            view.asked = False
        super().__init__(app, views=side.views)
        self.fates: deque[str] = deque()
        self._side = side
        self._held_down: list[Frame] = []
        self._held_up: list[Frame] = []

    def _hear(self, frame: Frame) -> None:
        if frame["t"] == "snapshot" and frame["s"].startswith("conv:"):
            self._side.snapshot = (frame["d"]["seq"], frame["d"]["state"])
        if frame["t"] not in ("ev", "batch"):
            super()._hear(frame)
            return
        fate = self.fates.popleft() if self.fates else "passed on"
        if fate == "held":
            self._held_down.append(frame)
            return
        late, self._held_down = self._held_down, []
        for each in [*{"lost": [], "twice": [frame, frame]}.get(fate, [frame]), *late]:
            super()._hear(each)

    async def post(self, stream: str, said: Said, fate: str) -> None:
        """Send a message with this fate on its way up, and take its answer in."""
        data = {"client_message_id": said.key, "body": said.body}
        frame = {"t": "message.post", "id": uuid4().hex, "s": stream, "d": data}
        if fate == "lost":
            return
        if fate == "held":
            self._held_up.append(frame)
            return
        late, self._held_up = self._held_up, []
        sent = [frame, frame, *late] if fate == "twice" else [frame, *late]
        for each in sent:
            self.raw(each)
        answer = await self.until(lambda heard: heard.get("re") == frame["id"])
        if fate == "unanswered":
            return
        if answer["t"] == "ok":
            assert said.seq in (None, answer["d"]["seq"]), "one message was given two numbers"
            said.seq = answer["d"]["seq"]
        else:
            assert answer["d"]["code"] == ENDED, f"a message was refused as {answer['d']['code']}"
            assert said.seq is None, "a message that is stored was refused"
            said.refused = True


def unlike(side: Side, fresh: Side, stream: str) -> list[str]:
    """How what a side holds differs from what a newcomer is shown, and from what it was told is stored."""
    held, shown = (each.views[stream].events for each in (side, fresh))
    faults = []
    if [_facts(event) for event in held] != [_facts(event) for event in shown]:
        faults.append("holds another transcript than a newcomer")
    numbers = [event["seq"] for event in shown]
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append("was shown a transcript with a gap")
    texts: dict[str, list[Frame]] = {}
    for event in shown:
        texts.setdefault(event["d"].get("client_message_id", ""), []).append(event)
    for said in side.said:
        found = texts.get(said.key, [])
        if len(found) != (not said.refused):
            faults.append(f"a message stands there {len(found)} times")
        elif found and (found[0]["seq"], found[0]["d"]["body"]) != (said.seq, said.body):
            faults.append("a message stands elsewhere than was said, or in other words")
    assert side.snapshot is not None
    assert fresh.snapshot is not None
    since, state = side.snapshot
    grown = _grown(state, [event for event in held if event["seq"] > since])
    if grown != _grown(fresh.snapshot[1], []):
        faults.append(
            f"old state and events make {grown}, and a snapshot says {_grown(fresh.snapshot[1], [])}"
        )
    return faults


def _facts(event: Frame) -> tuple[object, ...]:
    return event["seq"], event["k"], event["at"], event["d"]


def _grown(state: dict[str, Any], events: Sequence[Frame]) -> dict[str, Any]:
    """What a client makes of a snapshot's state by the events after it. Read marks are not among them."""
    grown = {key: value for key, value in state.items() if key != "read"}
    for event in events:
        if event["k"] == "conversation.assigned":
            grown |= {"status": "open", "coach": event["d"]["coach"]}
        elif event["k"] == "conversation.ended":
            grown["status"] = "wrap_up"
    return grown
