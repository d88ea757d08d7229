"""What a worker has heard: nothing is taken for read that was not, whatever is missed, told twice or late."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.chat.log import MessageWire
from app.chat.rules import Stream
from app.events import LogAppended
from app.queue.heard import MOST, Heard, Taken

HERS = uuid4()


def _event(seq: int, *, says: str | None = None, conversation: UUID = HERS) -> LogAppended:
    return LogAppended(
        conversation=conversation,
        stream=Stream.CONV,
        epoch="1",
        seq=seq,
        kind="message.posted" if says is not None else "coach.joined",
        at="",
        generation=1,
        wire=MessageWire(uuid4(), uuid4(), "parent", says) if says is not None else {},
    )


def _learnt(up_to: int) -> Heard:
    heard = Heard()
    heard.log_is_read(HERS)
    assert heard.learn(HERS, up_to=up_to)
    return heard


def _texts(taken: list[Taken]) -> list[str]:
    return [said.body for each in taken for said in each.texts]


def test_texts_heard_since_a_known_place_are_read_without_the_log() -> None:
    heard = _learnt(3)
    assert heard.hear(_event(4, says="hello"))
    assert heard.hear(_event(5))
    assert heard.waiting
    (taken,) = heard.take()
    assert (_texts([taken]), taken.up_to) == (["hello"], 5)
    assert not heard.waiting
    assert heard.moved() == [], "it was not read yet"
    heard.quiet(taken)
    (quiet,) = heard.moved()
    assert (quiet.conversation, quiet.after, quiet.up_to) == (HERS, 3, 5)
    heard.stored([quiet])
    assert heard.moved() == []


def test_what_comes_while_the_log_is_read_is_kept() -> None:
    heard = Heard()
    heard.log_is_read(HERS)
    for seq in (4, 5, 6):
        assert heard.hear(_event(seq, says=str(seq)))
    assert not heard.waiting, "who reads the log reads these, or some of them"
    assert heard.learn(HERS, up_to=4)
    assert _texts(heard.take()) == ["5", "6"]


@pytest.mark.parametrize("missed", [5, 6])
def test_what_is_missed_while_the_log_is_read_must_be_read_too(missed: int) -> None:
    heard = Heard()
    heard.log_is_read(HERS)
    heard.hear(_event(missed - 1 if missed == 6 else missed + 1, says="hello"))
    heard.hear(_event(7, says="hello"))
    assert not heard.learn(HERS, up_to=4)
    assert not heard.waiting


def test_of_a_conversation_that_nobody_read_the_log_must_be_read() -> None:
    heard = Heard()
    assert not heard.hear(_event(1, says="hello"))
    assert heard.hear(_event(2)), "there is no text in this"
    assert not heard.waiting


@pytest.mark.parametrize("says", ["hello", None])
def test_after_a_gap_the_log_must_be_read(says: str | None) -> None:
    heard = _learnt(3)
    heard.hear(_event(4, says="unread"))
    assert not heard.hear(_event(6, says=says))
    assert (heard.waiting, heard.moved()) == (False, [])


def test_what_is_told_again_is_read_once() -> None:
    heard = _learnt(3)
    assert heard.hear(_event(4, says="hello"))
    assert heard.hear(_event(4, says="hello"))
    assert _texts(heard.take()) == ["hello"]


def test_notes_between_staff_are_not_read() -> None:
    heard = Heard()
    note = LogAppended(HERS, Stream.STAFF, "1", 9, "note.added", "", 1, {})
    assert heard.hear(note)
    assert not heard.waiting


def test_only_the_latest_conversations_are_kept() -> None:
    heard = _learnt(1)
    heard.hear(_event(2, says="hello"))
    for _ in range(MOST):
        heard.log_is_read(uuid4())
    assert not heard.waiting
    assert not heard.hear(_event(3, says="again"))


def test_nothing_shows_what_a_family_wrote() -> None:
    heard = _learnt(3)
    heard.hear(_event(4, says="secret words"))
    taken = heard.take()
    assert "secret" not in repr((taken, taken[0].texts, heard, vars(heard)))


@dataclass
class _Reader:
    """Reads as the watch does; `read` holds the numbers of the texts that were."""

    heard: Heard = field(default_factory=Heard)
    log: list[str | None] = field(default_factory=list)
    stored: int = 0
    read: set[int] = field(default_factory=set)
    must_read_log: bool = False
    reading: int | None = None  # the log is being read up to here

    def say(self, says: str | None, *, missed: bool) -> None:
        self.log.append(says)
        if not missed:
            seq = len(self.log)
            self.must_read_log |= not self.heard.hear(_event(seq, says=None if says is None else str(seq)))

    def take(self, *, lost: bool) -> None:
        for taken in self.heard.take():
            self.read |= {int(said.body) for said in taken.texts}
            if lost:  # it told of a risk, so the log is read next
                self.heard.forget(HERS)
                self.must_read_log = True
            else:
                self.heard.quiet(taken)

    def store(self) -> None:
        for quiet in self.heard.moved():
            if quiet.after <= self.stored < quiet.up_to:
                self.stored = quiet.up_to
        self.heard.stored(self.heard.moved())

    def begin_log(self) -> None:
        self.must_read_log = False
        self.heard.log_is_read(HERS)
        self.reading = len(self.log)

    def end_log(self) -> None:
        if self.reading is None:
            return
        self.read |= set(range(self.stored + 1, self.reading + 1))
        self.stored = max(self.stored, self.reading)
        self.must_read_log |= not self.heard.learn(HERS, up_to=self.reading)
        self.reading = None

    def skipped(self) -> set[int]:
        """Texts before the stored place that nobody read."""
        texts = {seq for seq, says in enumerate(self.log, 1) if says is not None}
        return {seq for seq in texts if seq <= self.stored} - self.read


KINDS = ["text", "event", "missed", "take", "risk", "store", "begin log", "end log"]
STEPS = st.lists(st.sampled_from(KINDS), max_size=60)


def _walk(reader: _Reader, steps: list[str]) -> None:
    for step in steps:
        if step in {"text", "missed"}:
            reader.say("a text", missed=step == "missed")
        elif step == "event":
            reader.say(None, missed=False)
        elif step in {"take", "risk"}:
            reader.take(lost=step == "risk")
        elif step == "store":
            reader.store()
        elif step == "begin log":
            reader.begin_log()
        else:
            reader.end_log()


@given(STEPS)
@example(["begin log", "missed", "end log", "event", "store"])
@example(["begin log", "missed", "end log", "text"])
def test_nothing_stays_unread_and_no_place_is_stored_behind_what_is(steps: list[str]) -> None:
    reader = _Reader()
    _walk(reader, steps)
    assert reader.skipped() == set()
    reader.end_log()
    reader.take(lost=False)
    reader.store()
    missed = "missed" in steps  # the sweeper's work, as nobody has told of it
    if reader.must_read_log or missed:
        reader.begin_log()
        reader.end_log()
    assert reader.skipped() == set()
    assert reader.read >= {seq for seq, says in enumerate(reader.log, 1) if says is not None}


class _Careless(Heard):
    """Takes a gap for none."""

    def hear(self, event: LogAppended) -> bool:
        place = self._places.get(event.conversation)
        if place is not None and event.seq > place.heard + 1:
            place.heard = event.seq - 1
        return super().hear(event)


def test_a_reader_that_skips_gaps_is_caught() -> None:
    reader = _Reader(heard=_Careless())
    _walk(reader, ["begin log", "end log", "text", "missed", "text", "take", "store"])
    assert reader.skipped() == {2}
