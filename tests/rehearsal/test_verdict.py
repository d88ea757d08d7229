"""The verdict: a faultless rehearsal passes, and each kind of fault is named where it is."""

import dataclasses
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rehearsal.verdict import Arrival, Entry, Fault, Posted, View, verdict

ANN, BEN = UUID(int=1), UUID(int=2)
CANARIES = {ANN: "heron-00001-aaaaaaaaaa", BEN: "robin-00002-bbbbbbbbbb"}


@dataclasses.dataclass
class History:
    """Two conversations as all three sides have them."""

    posted: list[Posted]
    stored: dict[UUID, list[Entry]]
    views: list[View]

    def judge(self) -> list[Fault]:
        return verdict(posted=self.posted, views=self.views, stored=self.stored, canaries=CANARIES)

    def kinds(self) -> set[tuple[str, str, int]]:
        return {(fault.kind, fault.conversation, fault.seq) for fault in self.judge()}


def a_history(*, ann: int = 6, ben: int = 4) -> History:
    """Each conversation begins with an event without text; then both sides take turns."""
    history = History([], {}, [])
    for conversation, count in ((ANN, ann), (BEN, ben)):
        log = [Entry(1, None, None, frozenset())]
        for number in range(count):
            key = UUID(int=conversation.int * 1000 + number)
            digest = key.bytes
            canaries = frozenset({CANARIES[conversation]} if number < 2 else ())
            side = "coach" if number % 2 else "parent"
            log.append(Entry(number + 2, key, digest, canaries))
            history.posted.append(Posted(conversation, side, key, digest, number + 2))
        history.stored[conversation] = log
        for side in ("parent", "coach"):
            arrivals = tuple(Arrival(1, True, entry) for entry in log)
            history.views.append(View(conversation, side, True, True, arrivals, tuple(log)))
    return history


def change_view(history: History, index: int, **changes: object) -> None:
    history.views[index] = dataclasses.replace(history.views[index], **changes)


@given(ann=st.integers(0, 12), ben=st.integers(0, 12))
def test_a_faultless_history_has_no_fault(ann: int, ben: int) -> None:
    assert a_history(ann=ann, ben=ben).judge() == []


@given(st.integers(2, 7))
def test_an_acknowledged_message_that_is_not_stored_is_lost(seq: int) -> None:
    history = a_history()
    history.stored[ANN] = [entry for entry in history.stored[ANN] if entry.seq != seq]
    assert history.kinds() == {("lost", str(ANN), seq)}


def test_a_message_without_ok_may_be_missing() -> None:
    history = a_history()
    history.posted.append(Posted(ANN, "parent", UUID(int=77), b"77", None))
    assert history.judge() == []


@given(st.integers(2, 6))
def test_a_missing_number_is_a_gap(seq: int) -> None:
    history = a_history()
    history.stored[ANN] = [entry for entry in history.stored[ANN] if entry.seq != seq]
    history.posted = [
        message for message in history.posted if message.conversation == BEN or message.seq != seq
    ]
    assert ("gap", str(ANN), seq) in history.kinds()


@given(st.integers(2, 7))
def test_a_message_that_a_side_never_saw_is_lost_to_it(seq: int) -> None:
    history = a_history()
    held = tuple(entry for entry in history.views[0].held if entry.seq != seq)
    change_view(history, 0, held=held)
    assert history.kinds() == {("lost", str(ANN), seq)}


def test_a_side_that_left_early_need_not_have_seen_all() -> None:
    history = a_history()
    change_view(history, 0, whole=False, held=history.views[0].held[:3])
    assert history.judge() == []


def test_a_coach_who_joined_later_need_not_have_seen_what_was_before() -> None:
    history = a_history()
    change_view(history, 1, held=history.views[1].held[2:])
    assert history.judge() == []


@given(st.integers(2, 7))
def test_the_same_message_stored_twice_is_doubled(seq: int) -> None:
    history = a_history()
    twin = dataclasses.replace(history.stored[ANN][seq - 1], seq=8)
    history.stored[ANN].append(twin)
    assert ("doubled", str(ANN), 8) in history.kinds()


@given(st.integers(1, 7))
def test_a_live_event_shown_twice_is_doubled(seq: int) -> None:
    history = a_history()
    arrivals = list(history.views[0].arrivals)
    arrivals.insert(seq, arrivals[seq - 1])
    change_view(history, 0, arrivals=tuple(arrivals))
    assert history.kinds() == {("doubled", str(ANN), seq)}


def test_what_comes_again_after_a_reconnection_is_not_doubled() -> None:
    history = a_history()
    again = (Arrival(2, False, history.views[0].held[6]), Arrival(2, True, history.views[0].held[6]))
    change_view(history, 0, arrivals=history.views[0].arrivals + again)
    assert history.judge() == []


@given(st.integers(1, 6))
def test_two_live_events_in_the_wrong_order_are_reordered(seq: int) -> None:
    history = a_history()
    arrivals = list(history.views[0].arrivals)
    arrivals[seq - 1], arrivals[seq] = arrivals[seq], arrivals[seq - 1]
    change_view(history, 0, arrivals=tuple(arrivals))
    assert history.kinds() == {("reordered", str(ANN), seq)}


@given(st.integers(2, 6))
def test_two_messages_stored_in_the_wrong_order_are_reordered(seq: int) -> None:
    history = a_history()
    log = history.stored[ANN]
    one, other = log[seq - 1], log[seq]
    log[seq - 1], log[seq] = dataclasses.replace(other, seq=seq), dataclasses.replace(one, seq=seq + 1)
    assert {("reordered", str(ANN), seq), ("reordered", str(ANN), seq + 1)} <= history.kinds()


def test_one_senders_messages_keep_the_order_in_which_they_were_sent() -> None:
    history = a_history()
    history.posted[0], history.posted[2] = history.posted[2], history.posted[0]
    assert ("reordered", str(ANN), 2) in history.kinds()


@given(st.integers(2, 5))
def test_another_conversations_message_is_crossed_wherever_it_is_shown(seq: int) -> None:
    history = a_history()
    stranger = Arrival(1, True, history.stored[BEN][seq - 1])
    change_view(history, 0, arrivals=(*history.views[0].arrivals, stranger))
    assert history.kinds() == {("crossed", str(ANN), seq)}


def test_another_conversations_canary_is_crossed() -> None:
    history = a_history()
    history.stored[ANN][4] = dataclasses.replace(history.stored[ANN][4], canaries=frozenset({CANARIES[BEN]}))
    assert history.kinds() == {("crossed", str(ANN), 5)}


def test_a_message_stored_in_another_conversation_is_crossed() -> None:
    history = a_history()
    moved = history.stored[ANN].pop()
    history.stored[BEN].append(dataclasses.replace(moved, seq=6))
    assert {("crossed", str(ANN), 7), ("crossed", str(BEN), 6)} <= history.kinds()


def test_whoever_takes_no_part_must_be_shown_nothing() -> None:
    history = a_history()
    history.views.append(dataclasses.replace(history.views[2], side="parent of another", entitled=False))
    assert {("crossed", str(BEN), seq) for seq in range(1, 6)} == history.kinds()


@pytest.mark.parametrize("where", ["stored", "held"])
def test_changed_words_are_altered(where: str) -> None:
    history = a_history()
    if where == "stored":
        history.stored[ANN][2] = dataclasses.replace(history.stored[ANN][2], digest=b"other")
    else:
        held = list(history.views[0].held)
        held[2] = dataclasses.replace(held[2], digest=b"other")
        change_view(history, 0, held=tuple(held))
    assert history.kinds() == {("altered", str(ANN), 3)}


def test_a_message_that_nobody_sent_is_invented() -> None:
    history = a_history()
    history.stored[ANN].append(Entry(8, UUID(int=99), b"99", frozenset()))
    assert ("invented", str(ANN), 8) in history.kinds()


def test_a_fault_says_which_conversation_and_where() -> None:
    history = a_history()
    history.stored[ANN].pop()
    assert [str(fault) for fault in history.judge()] == [
        f"lost: conversation {ANN}, seq 7: the coach's message was acknowledged and is not stored"
    ]
