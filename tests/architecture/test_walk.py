"""The walk of one message: traced through the running application, it is the four hops that are written down.

A hop is a public function or method of `app.chat` or `app.realtime` that is entered holding the message's
text, in an argument of its own or inside a frame or an event among its arguments; `read_frame` counts, as it
is where the text comes in from the socket and goes on from. Pure tools are no hops: the codec of the frames,
the rules, the sealing, the wire shapes of the log, a connection's way out. What is private belongs to the
public function that calls it.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from app.settings import PROJECT, Settings
from tests.scenes import enter
from tests.talk import running, talking

HOPS = [
    "app.realtime.endpoint.read_frame",
    "app.realtime.session.Session.receive",
    "app.chat.writer.Writer.post",
    "app.realtime.hub.Hub.fan_out",
]
TOOLS = (
    "app.realtime.frames.",
    "app.realtime.outbound.",
    "app.realtime.hub.Connection.",
    "app.chat.rules.",
    "app.chat.log.",
    "app.chat.writer.refuse_text",
)
ENTRANCE = HOPS[0]
TEXT = "zebraQuartz at the window"


def _name(code: CodeType) -> str | None:
    """`app.room.file.Class.method` of a public function of the two rooms, else None."""
    path = Path(code.co_filename)
    if not path.is_relative_to(PROJECT / "app" / "chat") and not path.is_relative_to(
        PROJECT / "app" / "realtime"
    ):
        return None
    module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    if any(part.startswith(("_", "<")) for part in code.co_qualname.split(".")):
        return None
    return f"{module}.{code.co_qualname}"


def _holds(value: object, depth: int = 4) -> bool:
    if isinstance(value, str):
        return TEXT in value
    if isinstance(value, bytes):
        return TEXT.encode() in value
    if depth == 0:
        return False
    if isinstance(value, dict):
        return any(_holds(each, depth - 1) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(each, depth - 1) for each in value)
    if isinstance(value, msgspec.Struct):
        return any(_holds(getattr(value, name), depth - 1) for name in value.__struct_fields__)
    if hasattr(value, "__dataclass_fields__") and hasattr(type(value), "__slots__"):
        return any(
            _holds(getattr(value, name, None), depth - 1)
            for name in value.__dataclass_fields__
            if name in ("wire", "body", "frame", "d", "text")
        )
    return False


@contextmanager
def _tracing() -> Iterator[list[str]]:
    hops: list[str] = []

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not (name := _name(frame.f_code)) or name.startswith(TOOLS):
            return
        code = frame.f_code
        gathered = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + gathered]
        entered = name == ENTRANCE or any(_holds(frame.f_locals.get(each)) for each in arguments)
        if entered and name not in hops:
            hops.append(name)

    before: Callable[..., Any] | None = sys.getprofile()
    sys.setprofile(look)
    try:
        yield hops
    finally:
        sys.setprofile(before)


async def _walk(settings: Settings) -> list[str]:
    async with running(settings) as app:
        started = await enter(app.state.database, settings)
        stream = f"conv:{started.conversation_id}"
        with _tracing() as hops:
            async with talking(app, started.token) as one:
                await one.caught_up(stream, 1)
                data = {"client_message_id": str(uuid4()), "body": TEXT}
                assert (await one.ask("message.post", s=stream, **data))["t"] == "ok"
                view = await one.caught_up(stream, 2)
                assert view.events[-1]["d"]["body"] == TEXT
        return hops


async def test_a_message_walks_four_hops(settings: Settings) -> None:
    assert await _walk(settings) == HOPS


async def test_a_fifth_hop_would_be_seen(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a public function of a room that takes the text along is found."""
    from app.chat.writer import Writer

    source = "def relay(self, **post):\n    self.straight(**post)\n"
    namespace: dict[str, Any] = {}
    exec(compile(source, str(PROJECT / "app" / "chat" / "detour.py"), "exec"), namespace)
    relay = namespace["relay"]

    def taking_its_text(self: Writer, *, body: str, **post: Any) -> None:
        relay(self, body=body, **post)

    monkeypatch.setattr(Writer, "straight", Writer.post, raising=False)
    monkeypatch.setattr(Writer, "post", taking_its_text)
    assert await _walk(settings) != HOPS


def test_what_is_written_down_names_the_four_hops_and_no_others() -> None:
    written = (PROJECT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`(app\.(?:chat|realtime)\.[a-z_]+(?:\.[A-Za-z_]+)+)`", written)
    assert list(dict.fromkeys(named)) == HOPS
