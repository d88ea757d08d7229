"""The machine of a run: every state, step, role and person."""

from itertools import product

from app.accounts.models import Role
from app.export.rules import APPROVES, MACHINE, SEES, Answer, RunState, Step, may, steps_for


def test_only_the_listed_steps_are_open() -> None:
    opened = {
        (state, step, role, own)
        for state, step, role, own in product(RunState, Step, Role, (True, False))
        if may(step, state=state, role=role, asked_for_it=own) is Answer.YES
    }
    wanted = {(RunState.REQUESTED, Step.APPROVE, role, False) for role in APPROVES}
    wanted |= {(RunState.BUILT, Step.RELEASE, role, False) for role in APPROVES}
    for own in (True, False):
        wanted |= {(s, Step.BUILD, role, own) for s in (RunState.APPROVED, RunState.BUILT) for role in SEES}
        wanted |= {
            (state, Step.WITHDRAW, role, own)
            for state in RunState
            if state is not RunState.WITHDRAWN
            for role in (SEES if own else APPROVES)
        }
    assert opened == wanted


def test_nothing_leads_out_of_withdrawn() -> None:
    assert not any(RunState.WITHDRAWN in transition.frm for transition in MACHINE.values())
    assert steps_for(state=RunState.WITHDRAWN, role=Role.MANAGER, asked_for_it=False) == []


def test_whoever_reviews_is_offered_what_comes_next() -> None:
    assert steps_for(state=RunState.REQUESTED, role=Role.REVIEWER, asked_for_it=False) == [
        Step.APPROVE,
        Step.WITHDRAW,
    ]
