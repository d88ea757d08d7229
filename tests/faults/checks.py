"""The invariants, as pure functions over what was acknowledged, seen and stored. They name what is broken.

I1, I2, I7 and the order of what is shown are `app.rehearsal.verdict`'s; here are views' ends and owners.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from app.rehearsal.verdict import Entry, View


@dataclass(frozen=True, slots=True)
class Tenure:
    """Somebody's time as the owner of a conversation, in event numbers: until `left`, or still."""

    conversation: UUID
    staff: UUID
    generation: int
    came: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Deed:
    """An event that a member of staff wrote, or was shown live."""

    conversation: UUID
    staff: UUID
    seq: int


def unequal_views(views: Iterable[View], stored: Mapping[UUID, Iterable[Entry]]) -> Iterator[str]:
    """I3: numbers run from 1 without gaps, and who stayed holds at the end what is stored, all of it."""
    for conversation, entries in stored.items():
        numbers = [entry.seq for entry in entries]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"conversation {conversation}: the log's numbers are not 1 to {len(numbers)}"
    for view in views:
        log = list(stored[view.conversation])
        held = list(view.held)
        if held != log[: len(held)]:
            yield f"conversation {view.conversation}: the {view.side} holds what is no beginning of the log"
        elif view.whole and len(held) < len(log):
            missing = len(log) - len(held)
            yield f"conversation {view.conversation}: the {view.side} lacks the last {missing} events"


def wrong_owners(
    tenures: Iterable[Tenure], *, written: Iterable[Deed] = (), shown: Iterable[Deed] = ()
) -> Iterator[str]:
    """I4: one owner at a time; who is none writes nothing and is shown nothing that came after them."""
    times: dict[UUID, list[Tenure]] = {}
    for tenure in tenures:
        times.setdefault(tenure.conversation, []).append(tenure)
    for conversation, held in times.items():
        held.sort(key=lambda tenure: tenure.generation)
        for one, following in pairwise(held):
            if one.left is None or one.left > following.came or one.generation == following.generation:
                yield f"conversation {conversation}: two owners at event {following.came}"
    for deeds, what in ((written, "wrote"), (shown, "was shown")):
        for deed in deeds:
            if not any(_covers(tenure, deed) for tenure in times.get(deed.conversation, ())):
                yield f"conversation {deed.conversation}: who was no owner {what} event {deed.seq}"


def _covers(tenure: Tenure, deed: Deed) -> bool:
    return tenure.staff == deed.staff and (tenure.left is None or deed.seq <= tenure.left)
