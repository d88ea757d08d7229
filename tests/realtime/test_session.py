"""The session of one socket, without a socket: whatever comes in, it decides and never raises."""

import json
from collections.abc import Collection
from typing import get_args
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.realtime import codes, frames
from app.realtime.session import (
    BAD_FRAMES_ALLOWED,
    OTHER_FRAMES_PER_MINUTE,
    STAFF,
    VERBS,
    Bucket,
    Close,
    Command,
    Pace,
    PingDue,
    Reply,
    Session,
    text_bucket,
)
from app.realtime.verbs import CARRY_OUT

PACE = Pace(ping=25, pong=8, frame_bytes=65536, parent_messages_per_minute=30, staff_messages_per_minute=120)
HELLO = json.dumps({"t": "hello", "id": "1", "d": {"token": "t", "client": "c", "conn": str(uuid4())}})
ROLES = ("parent", "coach", "supervisor")
CONVERSATION = "6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11"
CLIENT_FRAMES: tuple[type[frames.Frame], ...] = get_args(frames.ClientFrame)

# One well-formed frame of every verb; a verb that is missing here fails the test below.
EXAMPLES: dict[str, dict[str, object]] = {
    "hello": json.loads(HELLO),
    "pong": {"t": "pong"},
    "sync": {"t": "sync", "id": "2", "s": f"conv:{CONVERSATION}", "d": {"epoch": "e", "seq": 0}},
    "message.post": {
        "t": "message.post",
        "id": "2",
        "s": f"conv:{CONVERSATION}",
        "d": {"client_message_id": CONVERSATION, "body": "Hello"},
    },
    "typing": {"t": "typing", "s": f"conv:{CONVERSATION}"},
    "read": {"t": "read", "s": f"conv:{CONVERSATION}", "d": {"up_to": 1}},
    "conversation.end": {"t": "conversation.end", "id": "2", "d": {"conversation": CONVERSATION}},
    "conversation.warn": {"t": "conversation.warn", "id": "2", "d": {"conversation": CONVERSATION}},
    "conversation.block": {
        "t": "conversation.block",
        "id": "2",
        "d": {"conversation": CONVERSATION, "reason": "abusive"},
    },
    "block.review": {"t": "block.review", "id": "2", "d": {"block": CONVERSATION, "uphold": True}},
    "message.leave": {"t": "message.leave", "id": "2", "d": {"conversation": CONVERSATION}},
    "queue.rejoin": {"t": "queue.rejoin", "id": "2", "d": {"conversation": CONVERSATION}},
    "conversation.transfer": {
        "t": "conversation.transfer",
        "id": "2",
        "d": {"conversation": CONVERSATION, "client_message_id": CONVERSATION, "note": "Hello"},
    },
    "queue.claim": {"t": "queue.claim", "id": "2", "d": {"conversation": CONVERSATION}},
    "queue.next": {"t": "queue.next", "id": "2"},
    "queue.assign": {
        "t": "queue.assign",
        "id": "2",
        "d": {"conversation": CONVERSATION, "staff": CONVERSATION},
    },
    "switchboard.set": {"t": "switchboard.set", "id": "2", "d": {"on": True}},
    "offer.accept": {"t": "offer.accept", "id": "2", "d": {"offer": CONVERSATION}},
    "offer.decline": {"t": "offer.decline", "id": "2", "d": {"offer": CONVERSATION}},
    "availability.set": {"t": "availability.set", "id": "2", "d": {"availability": "busy"}},
    "note.add": {
        "t": "note.add",
        "id": "2",
        "d": {"conversation": CONVERSATION, "client_message_id": CONVERSATION, "body": "Hello"},
    },
    **{
        verb: {
            "t": verb,
            "id": "2",
            "d": {"conversation": CONVERSATION, "client_message_id": CONVERSATION, "body": "Hello"},
        }
        for verb in ("consult.ask", "consult.whisper")
    },
    "concern.raise": {
        "t": "concern.raise",
        "id": "2",
        "d": {"conversation": CONVERSATION, "category": "missing_child"},
    },
    "concern.step": {
        "t": "concern.step",
        "id": "2",
        "d": {"concern": CONVERSATION, "state": "acknowledged"},
    },
    "wrap_up.submit": {
        "t": "wrap_up.submit",
        "id": "2",
        "d": {"conversation": CONVERSATION, "topics": ["sleep"], "disposition": "advice-given"},
    },
}
MAY_STAFF = {
    "conversation.transfer",
    "conversation.warn",
    "conversation.block",
    "queue.claim",
    "queue.next",
    "offer.accept",
    "offer.decline",
    "availability.set",
    "note.add",
    "consult.ask",
    "concern.raise",
    "wrap_up.submit",
}
MAY_PARENT = {"message.leave", "queue.rejoin"}
MAY_SUPERVISOR = {"block.review", "consult.whisper", "concern.step", "queue.assign", "switchboard.set"}


def _tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]


def _greeted(role: str = "parent", pace: Pace = PACE) -> Session:
    session = Session(pace, 0.0)
    assert isinstance(session.receive(HELLO, 0.0), Command)
    session.welcome(role, text_bucket(pace, role, 0.0))
    return session


def test_every_frame_has_an_example_a_rule_and_somebody_who_carries_it_out() -> None:
    assert {_tag(kind) for kind in CLIENT_FRAMES} == set(EXAMPLES)
    assert set(VERBS) == set(CLIENT_FRAMES)
    by_the_endpoint = {frames.Hello, frames.Pong, frames.MessagePost}
    assert set(CARRY_OUT) | by_the_endpoint == set(CLIENT_FRAMES)
    assert not set(CARRY_OUT) & by_the_endpoint


def _roles_for(verb: str) -> Collection[str]:
    if verb in MAY_SUPERVISOR:
        return {"supervisor"}
    if verb in MAY_STAFF:
        return STAFF
    return {"parent"} if verb in MAY_PARENT else ROLES


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", sorted(set(EXAMPLES) - {"hello"}))
def test_each_role_may_send_its_own_verbs_and_no_others(verb: str, role: str) -> None:
    allowed = role in _roles_for(verb)
    outcome = _greeted(role).receive(json.dumps(EXAMPLES[verb]), 1.0)
    if allowed:
        assert isinstance(outcome, Command)
        assert _tag(type(outcome.frame)) == verb
    else:
        assert isinstance(outcome, Reply)
        assert outcome.frame.d.code == "forbidden"
        assert outcome.frame.re == EXAMPLES[verb].get("id")


@pytest.mark.parametrize("verb", sorted(set(EXAMPLES) - {"hello"}))
def test_nothing_goes_before_hello(verb: str) -> None:
    assert Session(PACE, 0.0).receive(json.dumps(EXAMPLES[verb]), 0.0) == Close(4500)


@pytest.mark.parametrize("verb", sorted(set(EXAMPLES) - {"hello"}))
def test_nothing_goes_between_hello_and_welcome(verb: str) -> None:
    session = Session(PACE, 0.0)
    session.receive(HELLO, 0.0)
    assert isinstance(session.receive(json.dumps(EXAMPLES[verb]), 0.0), Reply)


def test_hello_is_said_once() -> None:
    outcome = _greeted().receive(HELLO, 1.0)
    assert isinstance(outcome, Reply)
    assert outcome.frame.d.code == "bad_request"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
nearly_frames = st.builds(
    lambda base, key, value: json.dumps({**base, key: value}),
    st.sampled_from(list(EXAMPLES.values())),
    st.sampled_from(["t", "id", "s", "d", "extra"]),
    json_values,
)
anything = st.text(alphabet=st.characters()) | st.binary() | json_values.map(json.dumps) | nearly_frames


@given(st.lists(anything, max_size=30), st.sampled_from(ROLES), st.booleans())
@example(["\ud800"], "parent", False)
@example(["\ud800"], "parent", True)
@example([b"\xff\xfe"], "coach", True)
@example(["[" * 60_000], "coach", True)
@example(['{"t":' * 10_000], "coach", False)
@example(['{"t":"pong","id":' + "[" * 50_000], "coach", True)
def test_it_never_raises(received: list[str | bytes], role: str, greeted: bool) -> None:
    session = _greeted(role) if greeted else Session(PACE, 0.0)
    for number, text in enumerate(received):
        outcome = session.receive(text, float(number))
        assert isinstance(outcome, Command | Reply | Close)
        if isinstance(outcome, Reply):
            frames.encode(outcome.frame)
        if isinstance(outcome, Close):
            assert outcome.code in codes.CLOSE_CODES
            return
        session.tick(float(number))


@given(nearly_frames)
def test_an_answer_to_a_wrong_frame_names_its_id_where_it_has_one(text: str) -> None:
    outcome = _greeted("supervisor").receive(text, 1.0)
    if isinstance(outcome, Reply):
        given_id = json.loads(text).get("id")
        if isinstance(given_id, str) and 1 <= len(given_id) <= 64:
            assert outcome.frame.re in (given_id, None)


def test_what_somebody_wrote_is_never_in_the_answer() -> None:
    frame = {**EXAMPLES["message.post"], "d": {"client_message_id": "no", "body": "zebraQuartz"}}
    outcome = _greeted().receive(json.dumps(frame), 1.0)
    assert isinstance(outcome, Reply)
    assert "zebraQuartz" not in frames.encode(outcome.frame)


@pytest.mark.parametrize("frame", CLIENT_FRAMES)
def test_no_frames_repr_shows_a_text_or_a_token(frame: type) -> None:
    text = (
        json.dumps(EXAMPLES[_tag(frame)])
        .replace('"Hello"', '"zebraQuartz"')
        .replace('"t"}', '"zebraQuartz"}')
    )
    text = text.replace('"token": "t"', '"token": "zebraQuartz"')
    assert "zebraQuartz" not in repr(frames.decode(text))


@pytest.mark.parametrize(("character", "number"), [("x", 65_537), ("é", 32_800), ("🙂", 16_400)])
def test_a_frame_is_measured_in_bytes(character: str, number: int) -> None:
    outcome = _greeted().receive(character * number, 1.0)
    assert isinstance(outcome, Reply)
    assert outcome.frame.d.code == "too_large"


def test_too_many_wrong_frames_end_the_socket() -> None:
    session = _greeted()
    outcomes = [session.receive("{}", 1.0) for _ in range(BAD_FRAMES_ALLOWED + 1)]
    assert all(isinstance(outcome, Reply) for outcome in outcomes[:-1])
    assert outcomes[-1] == Close(4500)


@pytest.mark.parametrize(("role", "allowed"), [("parent", 30), ("coach", 120), ("supervisor", 120)])
def test_messages_have_a_pace_by_role(role: str, allowed: int) -> None:
    session, text = _greeted(role), json.dumps(EXAMPLES["message.post"])
    assert all(isinstance(session.receive(text, 1.0), Command) for _ in range(allowed))
    refused = session.receive(text, 1.0)
    assert isinstance(refused, Reply)
    assert (refused.frame.d.code, refused.frame.d.retryable, refused.frame.re) == ("rate_limited", True, "2")
    assert refused.frame.d.retry_ms is not None
    after = 1.0 + refused.frame.d.retry_ms / 1000
    assert isinstance(session.receive(text, after), Command), "as promised, there is room again"


def test_notes_and_concerns_count_as_messages() -> None:
    session = _greeted("supervisor")
    for verb in ("note.add", "concern.raise", "concern.step", "message.post") * 30:
        assert isinstance(session.receive(json.dumps(EXAMPLES[verb]), 1.0), Command)
    assert isinstance(session.receive(json.dumps(EXAMPLES["note.add"]), 1.0), Reply)


def test_a_flood_of_other_frames_ends_the_socket() -> None:
    session, text = _greeted(), json.dumps(EXAMPLES["typing"])
    assert all(isinstance(session.receive(text, 1.0), Command) for _ in range(OTHER_FRAMES_PER_MINUTE))
    assert session.receive(text, 1.0) == Close(4005)


@given(st.integers(1, 200), st.lists(st.floats(0, 120), max_size=200))
def test_a_bucket_never_gives_more_than_its_pace(per_minute: int, moments: list[float]) -> None:
    bucket, moments = Bucket(per_minute, 0.0), sorted(moments)
    taken = [moment for moment in moments if bucket.take(moment) is None]
    for start in taken:
        within = sum(start <= moment <= start + 60 for moment in taken)
        assert within <= 2 * per_minute + 1


def test_a_silent_socket_is_pinged_and_then_given_up() -> None:
    session = _greeted()
    assert session.tick(24.9) is None
    assert isinstance(session.tick(25.0), PingDue)
    assert session.tick(32.9) is None
    assert session.tick(33.0) == Close(4001)


@pytest.mark.parametrize("verb", ["pong", "typing"])
def test_any_frame_is_an_answer_to_a_ping(verb: str) -> None:
    session = _greeted()
    assert isinstance(session.tick(25.0), PingDue)
    session.receive(json.dumps(EXAMPLES[verb]), 30.0)
    assert session.tick(33.0) is None
    assert session.tick(49.9) is None
    assert isinstance(session.tick(55.0), PingDue)
    assert session.tick(63.0) == Close(4001)


def test_who_only_types_hears_pings_and_owes_no_answer() -> None:
    """A client gives up a socket on which nothing is said: what it sends is not always answered."""
    session = _greeted()
    pinged = []
    for second in range(1, 101):
        if second % 3 == 0:
            session.receive(json.dumps(EXAMPLES["typing"]), float(second))
        outcome = session.tick(float(second))
        assert not isinstance(outcome, Close)
        if outcome is not None:
            pinged.append(second)
    assert pinged == [25, 50, 75, 100]


@given(st.lists(st.tuples(st.floats(0.01, 20), st.booleans()), max_size=60))
def test_a_dead_socket_is_known_within_ping_and_pong(steps: list[tuple[float, bool]]) -> None:
    """However time goes by, looked at each second: never later than 33 s and a look after the last frame."""
    session, now, heard = _greeted(), 0.0, 0.0
    for wait, speaks in steps:
        end = now + wait
        for look in range(int(now) + 1, int(end) + 1):
            now = float(look)
            outcome = session.tick(now)
            if isinstance(outcome, Close):
                assert 33.0 <= now - heard <= 35.0
                return
        now = end
        if speaks:
            session.receive('{"t":"pong"}', now)
            heard = now
        assert now - heard < 35.0


def test_a_uuid_is_the_same_in_capitals() -> None:
    text = json.dumps(EXAMPLES["queue.claim"]).replace(CONVERSATION, CONVERSATION.upper())
    outcome = _greeted("coach").receive(text, 1.0)
    assert isinstance(outcome, Command)
    assert outcome.frame.d.conversation == UUID(CONVERSATION)  # type: ignore[union-attr]


def test_unknown_fields_are_refused_everywhere() -> None:
    for verb, frame in EXAMPLES.items():
        with pytest.raises(msgspec.ValidationError):
            frames.decode(json.dumps({**frame, "extra": 1}))
        if "d" in frame:
            with pytest.raises(msgspec.ValidationError):
                frames.decode(json.dumps({**frame, "d": {**frame["d"], "extra": verb}}))  # type: ignore[dict-item]


def test_two_sockets_of_one_person_share_their_pace() -> None:
    texts, text = text_bucket(PACE, "parent", 0.0), json.dumps(EXAMPLES["message.post"])
    sessions = []
    for _ in range(3):
        session = Session(PACE, 0.0)
        session.receive(HELLO, 0.0)
        session.welcome("parent", texts)
        sessions.append(session)
    outcomes = [sessions[number % 3].receive(text, 1.0) for number in range(31)]
    assert [isinstance(outcome, Command) for outcome in outcomes] == [True] * 30 + [False]
    assert not texts.full(1.0)
    assert texts.full(61.1)
