"""The concern's state machine and the risk categories, decided without a database."""

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


NEXT: dict[ConcernState, ConcernState] = {
    ConcernState.RAISED: ConcernState.ACKNOWLEDGED,
    ConcernState.ACKNOWLEDGED: ConcernState.ASSESSED,
    ConcernState.ASSESSED: ConcernState.DECIDED,
    ConcernState.DECIDED: ConcernState.CLOSED,
}


def may_become(state: str, following: str) -> bool:
    """A concern goes one step at a time and never back."""
    return NEXT.get(ConcernState(state)) == following


def must_give_reason(following: str) -> bool:
    """A decision stands only with its reason."""
    return following == ConcernState.DECIDED
