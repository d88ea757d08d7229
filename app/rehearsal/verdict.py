"""What must be true when a rehearsal ends, checked from three sides: what was acknowledged, seen and stored.

Pure. Texts come here only as digests, and as the canary words found in them: no fault can repeat a text.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["lost", "doubled", "reordered", "crossed", "altered", "invented", "gap", "stuck"]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that one side sent; `seq` is what its `ok` said, None where no `ok` came."""

    conversation: UUID
    side: str
    client_message_id: UUID
    digest: bytes
    seq: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One durable event as it stands somewhere; the message's fields are empty for other kinds."""

    seq: int
    client_message_id: UUID | None
    digest: bytes | None
    canaries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it reached a client: on which of its sockets, and whether live or in a batch."""

    socket: int
    live: bool
    entry: Entry


@dataclass(frozen=True, slots=True)
class View:
    """All that one side saw of a conversation: every arrival, and what it held at the end.

    `entitled` says whether the side takes part in it; `whole` whether it stayed until the end.
    """

    conversation: UUID
    side: str
    entitled: bool
    whole: bool
    arrivals: tuple[Arrival, ...]
    held: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A broken promise, by the conversation and the `seq` where it shows."""

    conversation: str
    seq: int
    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: conversation {self.conversation}, seq {self.seq}: {self.detail}"


def verdict(
    *,
    posted: Iterable[Posted],
    views: Iterable[View],
    stored: Mapping[UUID, Iterable[Entry]],
    canaries: Mapping[UUID, str],
) -> list[Fault]:
    """Every fault in these conversations, each named once, in order of conversation and `seq`.

    `canaries` names the conversations to judge, each with its own word; `stored` is the log, opened.
    """
    posted = list(posted)
    home = {message.client_message_id: message.conversation for message in posted}
    log = {conversation: sorted(stored.get(conversation, ()), key=_by_seq) for conversation in canaries}
    elsewhere = {
        entry.client_message_id: conversation
        for conversation, entries in log.items()
        for entry in entries
        if entry.client_message_id is not None
    }
    faults: set[Fault] = set()
    by_conversation: dict[UUID, list[Posted]] = defaultdict(list)
    for message in posted:
        by_conversation[message.conversation].append(message)
    for conversation, canary in canaries.items():
        messages = by_conversation[conversation]
        faults.update(_unlike_acknowledged(conversation, messages, log[conversation], elsewhere))
        faults.update(_broken_log(conversation, messages, log[conversation]))
        faults.update(_strangers(conversation, canary, log[conversation], home, where="stored here"))
    for view in views:
        if view.conversation not in canaries:
            continue
        faults.update(_broken_view(view, canaries[view.conversation], log[view.conversation], home))
    return sorted(faults)


def _unlike_acknowledged(
    conversation: UUID, messages: list[Posted], log: list[Entry], elsewhere: Mapping[UUID, UUID]
) -> Iterator[Fault]:
    """Acknowledged messages that are not stored, or not as they were acknowledged."""
    rows = {entry.client_message_id: entry for entry in log}
    last: dict[str, int] = defaultdict(int)
    for message in messages:
        if message.seq is None:
            continue
        row = rows.get(message.client_message_id)
        if row is None:
            gone = message.client_message_id not in elsewhere
            kind: Kind = "lost" if gone else "crossed"
            detail = "was acknowledged and is not stored" if gone else "is stored in another conversation"
            yield _fault(kind, conversation, message.seq, f"the {message.side}'s message {detail}")
            continue
        if row.seq != message.seq:
            yield _fault("reordered", conversation, message.seq, f"acknowledged here, stored at {row.seq}")
        if row.digest != message.digest:
            yield _fault("altered", conversation, message.seq, f"the {message.side}'s message changed")
        if message.seq <= last[message.side]:
            yield _fault("reordered", conversation, message.seq, f"the {message.side} sent it later")
        last[message.side] = message.seq


def _broken_log(conversation: UUID, messages: list[Posted], log: list[Entry]) -> Iterator[Fault]:
    """Numbers that are missing (other than a lost message's own), and messages stored twice."""
    lost = {message.seq for message in messages} - {entry.seq for entry in log}
    numbers = {entry.seq for entry in log} | lost
    for seq in range(1, max((entry.seq for entry in log), default=0)):
        if seq not in numbers:
            yield _fault("gap", conversation, seq, "no event is stored under this number")
    seen: Counter[UUID | int] = Counter()
    for entry in log:
        seen[entry.seq] += 1
        seen[entry.client_message_id or entry.seq] += entry.client_message_id is not None
        if seen[entry.seq] > 1 or (entry.client_message_id and seen[entry.client_message_id] > 1):
            yield _fault("doubled", conversation, entry.seq, "stored twice")


def _broken_view(view: View, canary: str, log: list[Entry], home: Mapping[UUID, UUID]) -> Iterator[Fault]:
    conversation, side = view.conversation, view.side
    came = [arrival.entry for arrival in view.arrivals]
    if not view.entitled:
        for entry in came:
            yield _fault("crossed", conversation, entry.seq, f"shown to a {side} who takes no part in it")
        return
    strangers = list(_strangers(conversation, canary, came, home, where=f"shown to the {side} here"))
    yield from strangers
    crossed = {fault.seq for fault in strangers}
    yield from _wrong_order(view, home)
    rows = {entry.seq: entry for entry in log}
    held = {entry.seq: entry for entry in view.held}
    first = min(held, default=1)
    for seq, row in rows.items():
        if not (view.whole and seq >= first) or seq in held or row.client_message_id is None:
            continue
        yield _fault("lost", conversation, seq, f"the {side} was never shown it")
    for seq, entry in held.items():
        stored = rows.get(seq)
        if stored is None or seq in crossed:  # a row that is not there is named as lost, or as a stranger
            continue
        if stored.client_message_id != entry.client_message_id:
            yield _fault("reordered", conversation, seq, f"the {side} holds another event under this number")
        elif stored.digest != entry.digest:
            yield _fault("altered", conversation, seq, f"the {side} holds other words")


def _wrong_order(view: View, home: Mapping[UUID, UUID]) -> Iterator[Fault]:
    """On one socket each live event comes once, and in the order of its numbers."""
    seen: dict[int, set[int]] = defaultdict(set)
    for arrival in view.arrivals:
        entry = arrival.entry
        known = entry.client_message_id is None or home.get(entry.client_message_id) == view.conversation
        if not arrival.live or not known:
            continue
        before = seen[arrival.socket]
        if entry.seq in before:
            yield _fault("doubled", view.conversation, entry.seq, f"shown twice to the {view.side}")
        elif before and entry.seq < max(before):
            yield _fault("reordered", view.conversation, entry.seq, f"shown late to the {view.side}")
        before.add(entry.seq)


def _strangers(
    conversation: UUID, canary: str, entries: Iterable[Entry], home: Mapping[UUID, UUID], *, where: str
) -> Iterator[Fault]:
    """Messages that belong to another conversation, or that nobody sent."""
    for entry in entries:
        if entry.canaries - {canary}:
            yield _fault("crossed", conversation, entry.seq, f"another conversation's canary word is {where}")
        elif entry.client_message_id is None:
            continue
        elif entry.client_message_id not in home:
            yield _fault("invented", conversation, entry.seq, f"a message that nobody sent is {where}")
        elif home[entry.client_message_id] != conversation:
            yield _fault("crossed", conversation, entry.seq, f"another conversation's message is {where}")


def _fault(kind: Kind, conversation: UUID, seq: int, detail: str) -> Fault:
    return Fault(conversation=str(conversation), seq=seq, kind=kind, detail=detail)


def _by_seq(entry: Entry) -> int:
    return entry.seq
