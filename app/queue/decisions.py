"""A decision as it is stored: what was compared, and enough of it to decide the same again. Pure."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from app.queue.rules import Coach, Decision, Waiting, match, ranking

Record = dict[str, object]

MOST_COMPARED = 20
MOST_PASSED = 20
MOST_NAMED = 100  # in each list: with more on duty, the record would weigh more than the decision
RANKED_BY = ("language", "known", "topic", "load", "idle", "number")


def record_of(decision: Decision, *, how: str, **more: object) -> Record:
    """The decision as plain JSON values.

    The best of the coaches who could have been given this parent stand with all that was known about them.
    `others` are those behind them, `barred` those who could be given nobody, by the reason. `passed` are the
    parents before this one whom nobody free could take. Of each list the first stand there, and in `more`
    how many more there were; with `unread`, more were on duty, of whom nothing was read.
    """
    behind, unfit = decision.compared[MOST_COMPARED:], decision.unfit[MOST_COMPARED:]
    barred: dict[str, list[UUID]] = defaultdict(list)
    for staff, bar in decision.barred:
        barred[bar.value].append(staff)
    numbers = {"others": len(behind), "unfit_others": len(unfit)}
    numbers |= {f"barred_{bar}": len(found) for bar, found in barred.items()}
    return {
        "how": how,
        "at": decision.at.isoformat(),
        "coach": str(decision.coach.staff),
        "parent": _waiting(decision.parent),
        "compared": [_coach(coach) for coach in decision.compared[:MOST_COMPARED]],
        "others": [str(coach.staff) for coach in behind[:MOST_NAMED]],
        "unfit": [{**_coach(coach), "why": misfit.value} for coach, misfit in decision.unfit[:MOST_COMPARED]],
        "unfit_others": [str(coach.staff) for coach, _ in unfit[:MOST_NAMED]],
        "barred": {bar: [str(staff) for staff in found[:MOST_NAMED]] for bar, found in barred.items()},
        "passed": [_waiting(parent) for parent in decision.passed[:MOST_PASSED]],
        "passed_more": max(0, len(decision.passed) - MOST_PASSED),
        "unread": decision.unread,
        "more": {name: number - MOST_NAMED for name, number in numbers.items() if number > MOST_NAMED},
        **more,
    }


def replayed(record: dict[str, Any]) -> Record:
    """Decide again from what was stored; equal to the record where the rules still say the same."""
    at = datetime.fromisoformat(record["at"])
    parent = _read_waiting(record["parent"])
    passed = [_read_waiting(each) for each in record["passed"]]
    coaches = [_read_coach(each) for each in (*record["compared"], *record["unfit"])]
    decided = match([*passed, parent], coaches, at)
    found = next((each for each in decided if each.parent.conversation == parent.conversation), None)
    if found is None:
        return {}
    again = record_of(found, how=record["how"])
    # Of these only the names are kept: nobody of them was as good, or could have been given anybody.
    kept = {name: record[name] for name in record if name not in again}
    for name in ("others", "unfit_others", "barred", "passed_more"):
        kept[name] = record[name]
    kept["more"] = record.get("more", {})  # records of the first versions name everybody
    kept["unread"] = record.get("unread", False)
    return {name: told for name, told in {**again, **kept}.items() if name in record}


def difference(parent: dict[str, Any], best: dict[str, Any], other: dict[str, Any]) -> str:
    """What put the first of these stored coaches before the other for this parent, in one word."""
    rank = ranking(_read_waiting(parent))
    one, two = rank(_read_coach(best)), rank(_read_coach(other))
    return next(name for name, mine, theirs in zip(RANKED_BY, one, two, strict=True) if mine != theirs)


def _waiting(parent: Waiting) -> Record:
    return {
        "conversation": str(parent.conversation),
        "entered_at": parent.entered_at.isoformat(),
        "turn": parent.turn,
        "language": parent.language,
        "topic": parent.topic,
        "earlier_coach": str(parent.earlier_coach) if parent.earlier_coach else None,
        "asked": [[str(staff), at.isoformat()] for staff, at in parent.asked],
    }


def _read_waiting(stored: dict[str, Any]) -> Waiting:
    return Waiting(
        conversation=UUID(stored["conversation"]),
        entered_at=datetime.fromisoformat(stored["entered_at"]),
        turn=stored["turn"],
        language=stored["language"],
        topic=stored["topic"],
        earlier_coach=UUID(stored["earlier_coach"]) if stored["earlier_coach"] else None,
        asked=tuple((UUID(staff), datetime.fromisoformat(at)) for staff, at in stored["asked"]),
    )


def _coach(coach: Coach) -> Record:
    return {
        "staff": str(coach.staff),
        "languages": list(coach.languages),
        "idle_since": coach.idle_since.isoformat(),
        "load": coach.load,
        "capacity": coach.capacity,
        "skills": list(coach.skills),
        "sees_again": coach.sees_again,
    }


def _read_coach(stored: dict[str, Any]) -> Coach:
    return Coach(
        staff=UUID(stored["staff"]),
        languages=tuple(stored["languages"]),
        idle_since=datetime.fromisoformat(stored["idle_since"]),
        load=stored["load"],
        capacity=stored["capacity"],
        skills=tuple(stored["skills"]),
        sees_again=stored["sees_again"],
    )
