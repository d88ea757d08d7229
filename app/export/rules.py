"""What may happen to an export run: its states, the steps between them, and who may take each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SEES = ("researcher", "reviewer", "manager")
REQUESTS = ("researcher",)
APPROVES = ("reviewer", "manager")


class RunState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    BUILDING = "building"  # asked to be built: it waits for its turn, or is being written
    BUILT = "built"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    APPROVE = "approve"
    BUILD = "build"
    RELEASE = "release"
    WITHDRAW = "withdraw"


class Answer(StrEnum):
    """Whether a step may be taken, and if not, what stands against it first."""

    YES = "yes"
    NOT_THIS_ROLE = "role"
    NOT_THE_SAME_PERSON = "same person"
    NOT_ANOTHERS = "another's"
    NOT_NOW = "state"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a step leads where. `second`: by somebody else than who asked for the run.
    `own`: these roles may take it only with a run that they asked for."""

    frm: tuple[RunState, ...]
    to: RunState
    roles: tuple[str, ...]
    second: bool = False
    own: tuple[str, ...] = ()


MACHINE = {
    Step.APPROVE: Transition((RunState.REQUESTED,), RunState.APPROVED, APPROVES, second=True),
    Step.BUILD: Transition((RunState.APPROVED, RunState.BUILT), RunState.BUILDING, SEES),
    Step.RELEASE: Transition((RunState.BUILT,), RunState.RELEASED, APPROVES, second=True),
    Step.WITHDRAW: Transition(
        (RunState.REQUESTED, RunState.APPROVED, RunState.BUILDING, RunState.BUILT, RunState.RELEASED),
        RunState.WITHDRAWN,
        SEES,
        own=REQUESTS,
    ),
}


def may(step: Step, *, state: str, role: str, asked_for_it: bool) -> Answer:
    """Whether somebody with this role may take a step with a run in this state."""
    transition = MACHINE[step]
    if role not in transition.roles:
        return Answer.NOT_THIS_ROLE
    if transition.second and asked_for_it:
        return Answer.NOT_THE_SAME_PERSON
    if role in transition.own and not asked_for_it:
        return Answer.NOT_ANOTHERS
    return Answer.YES if state in transition.frm else Answer.NOT_NOW


def steps_for(*, state: str, role: str, asked_for_it: bool) -> Sequence[Step]:
    """The steps that somebody with this role may take next, in their order."""
    return [
        step for step in Step if may(step, state=state, role=role, asked_for_it=asked_for_it) is Answer.YES
    ]
