"""Frames with which somebody says that a person may not be safe, and works that through. Pure."""

from typing import Literal
from uuid import UUID

from app.realtime.wire import Data, Frame, Id

RiskCategory = Literal[
    "suicide_self_harm",
    "abuse_neglect",
    "sexual_abuse",
    "domestic_abuse",
    "missing_child",
    "harm_to_baby",
    "harm_to_others",
]


class ConcernRaiseData(Data):
    conversation: UUID
    category: RiskCategory
    note: str = ""

    def __repr__(self) -> str:
        return "ConcernRaiseData(…)"


class ConcernRaise(Frame, tag="concern.raise"):
    """Say that somebody may not be safe."""

    id: Id
    d: ConcernRaiseData


class ConcernStepData(Data):
    concern: UUID
    state: Literal["acknowledged", "assessed", "decided", "closed"]
    note: str = ""
    second: UUID | None = None
    shared: str = ""
    parent_told: str = ""
    references: str = ""

    def __repr__(self) -> str:
        return "ConcernStepData(…)"


class ConcernStep(Frame, tag="concern.step"):
    """A supervisor takes a concern one step further.

    A decision is complete or refused: `note` is its reason, `second` the colleague it was talked through
    with (one of `seconds` on the board `me`), `shared` what was shared with whom, `parent_told` what the
    parent was told. `references` may stay empty. No other step has these.
    """

    id: Id
    d: ConcernStepData
