"""What a worker has heard: nothing is taken for read that was not, whatever is missed, told twice or late."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import given
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


def _texts(taken: list[Taken]) -> list[str]:
    return [said.body for each in taken for said in each.texts]


def test_texts_heard_since_a_known_place_are_read_without_the_log() -> None:
    heard = Heard()
    heard.learn(HERS, up_to=3)
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


def test_of_a_conversation_that_nobody_read_the_log_must_be_read() -> None:
    heard = Heard()
    assert not heard.hear(_event(1, says="hello"))
    assert heard.hear(_event(2)), "there is no text in this"
    assert not heard.waiting


@pytest.mark.parametrize("says", ["hello", None])
def test_after_a_gap_the_log_must_be_read(says: str | None) -> None:
    heard = Heard()
    heard.learn(HERS, up_to=3)
    heard.hear(_event(4, says="unread"))
    assert not heard.hear(_event(6, says=says))
    assert (heard.waiting, heard.moved()) == (False, [])


def test_what_is_told_again_is_read_once() -> None:
    heard = Heard()
    heard.learn(HERS, up_to=3)
    assert heard.hear(_event(4, says="hello"))
    assert heard.hear(_event(4, says="hello"))
    assert _texts(heard.take()) == ["hello"]


def test_notes_between_staff_are_not_read() -> None:
    heard = Heard()
    note = LogAppended(HERS, Stream.STAFF, "1", 9, "note.added", "", 1, {})
    assert heard.hear(note)
    assert not heard.waiting


def test_only_the_latest_conversations_are_kept() -> None:
    heard = Heard()
    heard.learn(HERS, up_to=1)
    heard.hear(_event(2, says="hello"))
    for _ in range(MOST):
        heard.learn(uuid4(), up_to=1)
    assert not heard.waiting
    assert not heard.hear(_event(3, says="again"))


def test_nothing_shows_what_a_family_wrote() -> None:
    heard = Heard()
    heard.learn(HERS, up_to=3)
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

    def read_log(self) -> None:
        self.heard.forget(HERS)
        self.read |= set(range(self.stored + 1, len(self.log) + 1))
        self.stored, self.must_read_log = len(self.log), False
        self.heard.learn(HERS, up_to=self.stored)

    def skipped(self) -> set[int]:
        """Texts before the stored place that nobody read."""
        texts = {seq for seq, says in enumerate(self.log, 1) if says is not None}
        return {seq for seq in texts if seq <= self.stored} - self.read


STEPS = st.lists(st.sampled_from(["text", "event", "missed", "take", "risk", "store", "log"]), max_size=60)


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
        else:
            reader.read_log()


@given(STEPS)
def test_no_place_is_stored_behind_a_text_that_was_not_read(steps: list[str]) -> None:
    reader = _Reader()
    _walk(reader, steps)
    assert reader.skipped() == set()
    reader.take(lost=False)
    reader.store()
    if reader.must_read_log or (reader.log and reader.stored < len(reader.log)):
        reader.read_log()
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
    _walk(reader, ["log", "text", "missed", "text", "take", "store"])
    assert reader.skipped() == {2}
