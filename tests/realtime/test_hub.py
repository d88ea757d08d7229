"""The fan-out in memory: each event once and in order, nothing to former owners, bounded ways out."""

import asyncio
import json
import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events import CoachAssigned, CoachReleased, LogAppended, ParentRevoked, StaffSignedOut
from app.realtime import frames
from app.realtime.hub import MOST_HELD, Connection, Hub, Subscription, stream_name
from app.realtime.outbound import Outbound
from tests.scenes import PATIENCE_S

ALYS = UUID("6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11")
BRON = UUID("7f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11")


def _outbound(frames_limit: int = 10_000, bytes_limit: int = 10_000_000) -> Outbound:
    return Outbound(frames_limit=frames_limit, bytes_limit=bytes_limit)


def _event(
    seq: int, *, generation: int = 0, conversation: UUID = ALYS, stream: str = "conv", body: str = ""
) -> LogAppended:
    return LogAppended(
        conversation=conversation,
        stream=stream,
        epoch="e",
        seq=seq,
        kind="message.posted",
        at="2026-03-01T09:30:00.000Z",
        generation=generation,
        wire={"body": body},
    )


def _parent(hub: Hub, *, conversation: UUID = ALYS, outbound: Outbound | None = None) -> Connection:
    connection = Connection(role="parent", outbound=outbound or _outbound(), conversation=conversation)
    hub.add(connection)
    hub.subscribe(
        connection, Subscription(stream=stream_name("conv", conversation), epoch="e", generation=None)
    )
    return connection


def _coach(hub: Hub, *, staff: UUID | None = None, generation: int = 1, live: bool = True) -> Connection:
    connection = Connection(
        role="coach", outbound=_outbound(), staff=staff or uuid4(), staff_session=uuid4(), name="Carys"
    )
    hub.add(connection)
    for stream in ("conv", "staff"):
        name = stream_name(stream, ALYS)
        hub.subscribe(connection, Subscription(stream=name, epoch="e", generation=generation))
        if live:
            hub.caught_up(connection, name, up_to=0)
    connection.participants[ALYS] = uuid4()
    return connection


async def _sent(connection: Connection, kind: str = "ev") -> list[dict[str, object]]:
    found = []
    while connection.outbound._queue:
        text = await asyncio.wait_for(connection.outbound.take(), PATIENCE_S)
        assert text is not None
        frame = json.loads(text)
        if frame["t"] == kind:
            found.append(frame)
    return found


@given(st.integers(1, 30), st.data())
async def test_whatever_comes_twice_or_out_of_turn_is_delivered_once_and_in_order(
    number: int, data: st.DataObject
) -> None:
    """The client is told everything to `recovered` by recovery, at some moment among the live events."""
    events = data.draw(
        st.permutations([*range(1, number + 1), *data.draw(st.lists(st.integers(1, number), max_size=20))])
    )
    recovered = data.draw(st.integers(0, number))
    moment = data.draw(st.integers(0, len(events)))
    hub = Hub()
    parent = _parent(hub)
    for turn, seq in enumerate([*events, None]):
        if turn == moment:
            assert await _sent(parent) == [], "nothing live overtakes what is being recovered"
            hub.caught_up(parent, stream_name("conv", ALYS), up_to=recovered)
        if seq is not None:
            hub.fan_out(_event(seq))
    assert [frame["seq"] for frame in await _sent(parent)] == list(range(recovered + 1, number + 1))
    subscription = parent.subscriptions[stream_name("conv", ALYS)]
    assert subscription.sent == subscription.head == number
    assert subscription.held == {}


async def test_a_lost_hint_holds_back_what_follows_until_the_gap_closes() -> None:
    hub = Hub()
    parent = _parent(hub)
    name = stream_name("conv", ALYS)
    hub.caught_up(parent, name, up_to=0)
    for seq in (1, 3, 4):
        hub.fan_out(_event(seq))
    assert [frame["seq"] for frame in await _sent(parent)] == [1]
    assert parent.subscriptions[name].head == 4, "the next ping tells the client what it lacks"
    hub.caught_up(parent, name, up_to=3)  # the client has asked and was sent 2 and 3
    assert [frame["seq"] for frame in await _sent(parent)] == [4]


async def test_a_gap_that_never_closes_ends_the_socket_before_it_fills_the_memory() -> None:
    hub = Hub()
    parent = _parent(hub)
    hub.caught_up(parent, stream_name("conv", ALYS), up_to=0)
    for seq in range(2, MOST_HELD + 3):
        hub.fan_out(_event(seq))
    assert parent.outbound.closing == 4002


async def test_no_event_of_one_conversation_reaches_another() -> None:
    hub = Hub()
    alys, bron = _parent(hub), _parent(hub, conversation=BRON)
    for connection, conversation in ((alys, ALYS), (bron, BRON)):
        hub.caught_up(connection, stream_name("conv", conversation), up_to=0)
    for seq in range(1, 20):
        hub.fan_out(_event(seq, body="zebraQuartz"))
        hub.fan_out(_event(seq, conversation=ALYS, stream="staff", body="staffCanary"))
    assert "zebraQuartz" in json.dumps(await _sent(alys))
    assert await _sent(bron) == []


async def test_notes_reach_staff_alone() -> None:
    hub = Hub()
    alys, carys = _parent(hub), _coach(hub)
    hub.caught_up(alys, stream_name("conv", ALYS), up_to=0)
    hub.fan_out(_event(1, stream="staff", generation=1, body="A note"))
    assert await _sent(alys) == []
    assert [frame["s"] for frame in await _sent(carys)] == [f"staff:{ALYS}"]


async def test_a_former_owner_is_shown_nothing_of_the_next_generation() -> None:
    hub = Hub()
    former = _coach(hub)
    hub.fan_out(_event(1, generation=1))
    hub.fan_out(_event(2, generation=2, body="Not for you"))
    hub.fan_out(_event(3, generation=2, body="Not for you"))
    assert [frame["seq"] for frame in await _sent(former)] == [1]
    assert stream_name("conv", ALYS) not in former.subscriptions
    assert "Not for you" not in repr(former.subscriptions)


async def test_an_event_from_before_the_claim_does_not_cost_the_new_owner_the_stream() -> None:
    """Two transactions may commit in one order and be published in the other."""
    hub = Hub()
    owner = _coach(hub, generation=2, live=False)
    hub.fan_out(_event(6, generation=2))
    hub.fan_out(_event(5, generation=1))
    hub.caught_up(owner, stream_name("conv", ALYS), up_to=4)
    assert [frame["seq"] for frame in await _sent(owner)] == [5, 6]


async def test_on_assignment_every_other_coach_hears_nothing_more() -> None:
    hub = Hub()
    former, owner, parent = _coach(hub), _coach(hub, generation=2), _parent(hub)
    assert owner.staff is not None
    hub.caught_up(parent, stream_name("conv", ALYS), up_to=0)
    hub.assigned(CoachAssigned(conversation=ALYS, staff=owner.staff, generation=2))
    assert former.subscriptions == {}
    hub.fan_out(_event(1, generation=2))
    assert len(await _sent(owner)) == len(await _sent(parent)) == 1
    assert await _sent(former) == []


async def test_all_sockets_of_the_new_owner_are_told_to_listen() -> None:
    hub, asked, staff = Hub(), [], uuid4()

    async def listen(connection: Connection, conversation: UUID, generation: int) -> None:
        asked.append((connection, conversation, generation))

    hub.claimed = listen
    windows = []
    for _ in range(2):
        connection = Connection(role="coach", outbound=_outbound(), staff=staff)
        hub.add(connection)
        windows.append(connection)
    hub.assigned(CoachAssigned(conversation=ALYS, staff=staff, generation=1))
    await asyncio.wait_for(asyncio.gather(*hub._tasks), PATIENCE_S)
    assert sorted(asked, key=repr) == sorted(((w, ALYS, 1) for w in windows), key=repr)


async def test_on_release_no_staff_listens_and_the_parent_still_does() -> None:
    hub = Hub()
    coach, parent = _coach(hub), _parent(hub)
    hub.caught_up(parent, stream_name("conv", ALYS), up_to=0)
    hub.released(CoachReleased(conversation=ALYS))
    hub.fan_out(_event(1, generation=1))
    assert coach.subscriptions == {}
    assert ALYS not in coach.participants
    assert await _sent(coach) == []
    assert len(await _sent(parent)) == 1


async def test_ended_sessions_and_revoked_tokens_close_their_sockets_and_no_others() -> None:
    hub = Hub()
    coach, other, parent, bron = _coach(hub), _coach(hub), _parent(hub), _parent(hub, conversation=BRON)
    same_person = _coach(hub, staff=coach.staff)
    assert coach.staff is not None
    hub.signed_out(StaffSignedOut(staff=coach.staff, session=coach.staff_session))
    assert (coach.outbound.closing, same_person.outbound.closing, other.outbound.closing) == (
        4501,
        None,
        None,
    )
    hub.revoked(ParentRevoked(conversation=ALYS))
    assert (parent.outbound.closing, bron.outbound.closing, other.outbound.closing) == (4501, None, None)


async def test_who_leaves_answers_first_and_then_sends_everybody_away_spread() -> None:
    hub = Hub()
    people = [_parent(hub), _coach(hub), _coach(hub)]
    people[1].asked()
    leaving = asyncio.create_task(hub.leave())
    await asyncio.sleep(0)
    assert hub.leaving
    assert [person.outbound.closing for person in people] == [None, None, None], "one waits for an answer"
    late = _parent(hub)
    assert late.outbound.closing == 4000
    people[1].answered()
    for person in people:
        while await person.outbound.take() is not None:
            pass
    await leaving
    assert [person.outbound.closing for person in people] == [4000, 4000, 4000]
    assert len({person.outbound.reason for person in people}) == 3
    assert all(re.fullmatch(r"retry_ms=\d+", person.outbound.reason) for person in people)


async def test_a_socket_that_has_gone_is_not_brought_back_by_a_late_claim() -> None:
    """A claim reads the database; its socket may be gone before the answer is there."""
    hub = Hub()
    parent, coach = _parent(hub), _coach(hub)
    hub.remove(coach)
    name = stream_name("conv", ALYS)
    hub.subscribe(coach, Subscription(stream=name, epoch="e", generation=1))
    assert hub.who_is_here(name) == {"parent"}
    presences = [frame["d"] for frame in await _sent(parent, "eph")]
    assert presences == [{"from": "coach", "here": True}, {"from": "coach", "here": False}]


async def test_presence_is_told_for_the_first_and_the_last_socket_of_a_side() -> None:
    hub = Hub()
    parent = _parent(hub)
    one = _coach(hub)
    two = _coach(hub, staff=one.staff)
    hub.remove(one)
    hub.remove(two)
    assert [frame["d"]["here"] for frame in await _sent(parent, "eph")] == [True, False]  # type: ignore[index]


async def test_what_is_ephemeral_goes_to_the_others() -> None:
    hub = Hub()
    parent, coach = _parent(hub), _coach(hub)
    await _sent(parent, "eph")
    name = stream_name("conv", ALYS)
    hub.tell(name, frames.Eph(s=name, k="typing", d={"from": "parent"}), but=parent)
    assert await _sent(parent, "eph") == []
    assert [frame["k"] for frame in await _sent(coach, "eph")] == ["typing"]


def test_sockets_are_counted_by_whose_they_are() -> None:
    hub = Hub()
    staff = uuid4()
    for _ in range(2):
        hub.add(Connection(role="parent", outbound=_outbound(), conversation=ALYS))
        hub.add(Connection(role="coach", outbound=_outbound(), staff=staff))
    hub.add(Connection(role="parent", outbound=_outbound(), conversation=BRON))
    assert (hub.count(conversation=ALYS), hub.count(conversation=BRON), hub.count(staff=staff)) == (2, 1, 2)
    assert (len(hub.of_parents()), len(hub.all_staff()), len(hub.of_staff(staff))) == (3, 2, 2)


@pytest.mark.parametrize(("frames_limit", "bytes_limit", "fits"), [(5, 10_000, 5), (100, 50, 5)])
async def test_a_full_way_out_closes_as_slow(frames_limit: int, bytes_limit: int, fits: int) -> None:
    outbound = _outbound(frames_limit, bytes_limit)
    for _ in range(fits):
        outbound.put("x" * 10)
    assert outbound.closing is None
    outbound.put("x" * 10)
    assert outbound.closing == 4002
    assert outbound.closed.is_set()
    assert await outbound.take() is None, "what nobody reads is not kept"
    outbound.put("x")
    assert await outbound.take() is None


async def test_recovery_does_not_count_against_the_way_out() -> None:
    outbound = _outbound(2, 100)
    for _ in range(50):
        outbound.put("x" * 100, counted=False)
    outbound.put("live")
    assert outbound.closing is None
    assert [await outbound.take() for _ in range(51)][-1] == "live"


async def test_taking_makes_room_again() -> None:
    outbound = _outbound(2, 100)
    for _ in range(50):
        outbound.put("one")
        outbound.put("two")
        assert [await outbound.take(), await outbound.take()] == ["one", "two"]
    assert outbound.closing is None


async def test_a_close_lets_what_is_queued_go_first_and_the_first_reason_counts() -> None:
    outbound = _outbound()
    outbound.put("last words")
    outbound.close(4501)
    outbound.close(4000)
    assert (await outbound.take(), await outbound.take(), outbound.closing) == ("last words", None, 4501)


async def test_whoever_waits_for_the_drain_is_let_go_when_the_socket_is_gone() -> None:
    outbound = _outbound()
    outbound.put("never sent")
    waiting = asyncio.create_task(outbound.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbound.abandon()
    await asyncio.wait_for(waiting, PATIENCE_S)
    assert outbound.closing == 1006
    outbound.put("nothing")
    await asyncio.wait_for(outbound.drained(), PATIENCE_S)


async def test_states_are_numbered_by_stream() -> None:
    connection = Connection(role="coach", outbound=_outbound())
    for stream in ("me", "queue", "me"):
        connection.send_state(stream, {})
    assert [(f["s"], f["version"]) for f in await _sent(connection, "state")] == [
        ("me", 1),
        ("queue", 1),
        ("me", 2),
    ]


async def test_nothing_is_said_before_the_welcome() -> None:
    hub = Hub()
    early, late = _parent(hub), _parent(hub)
    late.welcomed = False
    for _ in range(2):
        hub.tell(stream_name("conv", ALYS), frames.Eph(s=stream_name("conv", ALYS), k="typing", d={}))
        late.welcomed = True
    assert (len(await _sent(early, "eph")), len(await _sent(late, "eph"))) == (2, 1)


async def test_frames_are_written_at_once_and_recovery_waits_for_the_socket() -> None:
    """What a long conversation needs must not be written in one go to a client that reads slowly."""
    written: list[str] = []

    def write(text: str) -> bool:
        written.append(text)
        return True

    outbound = Outbound(frames_limit=10, bytes_limit=1000, write=write)
    outbound.put("live")
    outbound.put("missed", counted=False)
    outbound.put("later")
    assert written == ["live"]
    drained = asyncio.create_task(outbound.drained())
    assert [await outbound.take(), await outbound.take()] == ["missed", "later"]
    await asyncio.sleep(0)
    assert not drained.done(), "the last one has been taken, not sent"
    taking = asyncio.create_task(outbound.take())
    await asyncio.wait_for(drained, PATIENCE_S)
    outbound.put("live again")
    assert written == ["live", "live again"]
    taking.cancel()


async def test_a_socket_that_takes_no_more_queues_in_order() -> None:
    written: list[str] = []
    room = [True, False, True]

    def write(text: str) -> bool:
        taken = room.pop(0)
        written.extend([text] if taken else [])
        return taken

    outbound = Outbound(frames_limit=10, bytes_limit=1000, write=write)
    for text in ("one", "two", "three"):
        outbound.put(text)
    assert written == ["one"]
    assert outbound.take_all() == ["two", "three"]
