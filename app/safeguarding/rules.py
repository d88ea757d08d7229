"""The concern's state machine and the risk categories, decided without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

NOBODY = UUID(int=0)  # stands for the risk check where a text is bound to who wrote it


class Category(StrEnum):
    SUICIDE_SELF_HARM = "suicide_self_harm"
    ABUSE_NEGLECT = "abuse_neglect"
    SEXUAL_ABUSE = "sexual_abuse"
    DOMESTIC_ABUSE = "domestic_abuse"
    MISSING_CHILD = "missing_child"
    HARM_TO_BABY = "harm_to_baby"
    HARM_TO_OTHERS = "harm_to_others"


class ConcernState(StrEnum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    DECIDED = "decided"
    CLOSED = "closed"


class Channel(StrEnum):
    CONSOLE = "console"
    EMAIL = "email"
    WEBHOOK = "webhook"


TIMES = 3  # that one lead is paged before the next on call is
QUIETER = 15  # times slower, once everybody on call has been paged as often

NEXT: dict[ConcernState, ConcernState] = {
    ConcernState.RAISED: ConcernState.ACKNOWLEDGED,
    ConcernState.ACKNOWLEDGED: ConcernState.ASSESSED,
    ConcernState.ASSESSED: ConcernState.DECIDED,
    ConcernState.DECIDED: ConcernState.CLOSED,
}


def may_become(state: str, following: str) -> bool:
    """A concern goes one step at a time and never back."""
    return NEXT.get(ConcernState(state)) == following


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """What a decision says besides its reason. Holds what is known of a family, so no repr.

    `second` is the colleague it was talked through with, `shared` what was shared with whom, `parent_told`
    what the parent was told, `references` numbers that others gave.
    """

    second: UUID
    shared: str
    parent_told: str
    references: str = ""


def missing(following: str, *, note: str, decision: Decision | None) -> tuple[str, ...]:
    """What this step may not do without and has not; only a decision must be complete, and has a decision."""
    if following != ConcernState.DECIDED:
        return () if decision is None else ("to be a decision",)
    if decision is None:
        return ("a second person, what was shared with whom, and what the parent was told",)
    parts = {
        "its reason": note,
        "what was shared with whom": decision.shared,
        "what the parent was told": decision.parent_told,
    }
    return tuple(name for name, said in parts.items() if not said.strip())


def page_due(*, waited: timedelta, again: timedelta, on_call: int) -> int:
    """The number of the newest page that is due, from 1, for a concern that has waited so long.

    The first at once, then one each `again`; slower once all who are on call have had theirs, but never none.
    """
    quick = TIMES * max(on_call, 1)
    number = int(waited / again)
    if number < quick:
        return number + 1
    return quick + (number - quick) // QUIETER + 1


def whom_to_page(on_call: Sequence[UUID], *, paged: Sequence[UUID]) -> UUID | None:
    """Who is paged next: the same lead up to TIMES, then who was paged least, first in the order of duty.

    `paged` are those of the earlier pages, oldest first. None where nobody is on call.
    """
    if not on_call:
        return None
    if paged and paged[-1] in on_call and paged.count(paged[-1]) % TIMES:
        return paged[-1]
    return min(on_call, key=paged.count)
