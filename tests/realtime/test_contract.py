"""The golden frames, which the browser's tests read as well: each is just what the wire's models say."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from app.realtime import codes, frames

GOLDEN = sorted((Path(__file__).parent.parent / "contract").glob("*.json"))
_server = msgspec.json.Decoder(frames.ServerFrame)


def _golden(path: Path) -> tuple[str, dict[str, object]]:
    written = json.loads(path.read_text())
    assert written["name"] == path.stem
    return written["direction"], written["frame"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_frame_is_understood_and_written_back_alike(path: Path) -> None:
    direction, frame = _golden(path)
    text = json.dumps(frame)
    understood: frames.Frame = frames.decode(text) if direction == "client" else _server.decode(text)
    again = json.loads(frames.encode(understood))
    if direction == "server":
        assert again == frame, "the server would write it in just this way"
    else:
        assert frames.decode(json.dumps(again)) == understood


def test_every_frame_has_a_golden_one() -> None:
    found = {(direction, frame["t"]) for direction, frame in map(_golden, GOLDEN)}
    for direction, union in (("client", frames.ClientFrame), ("server", frames.ServerFrame)):
        for kind in get_args(union):
            assert (direction, kind.__struct_config__.tag) in found


@pytest.mark.parametrize("wrong", [{"t": "ev"}, {"t": "ping", "d": {}}, {"t": "zap"}])
def test_a_wrong_golden_frame_would_be_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        _server.decode(json.dumps(wrong))


def test_close_codes_say_whether_to_come_back() -> None:
    for code, meaning in codes.CLOSE_CODES.items():
        assert ("do not come back" in meaning) == (code >= 4500)
