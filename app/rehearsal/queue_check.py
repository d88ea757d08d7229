"""Whether a simulated queue kept its promises, told from its journal without the rules' own code. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from app.rehearsal.arrivals import Arrival
from app.rehearsal.queue_run import Happened, Run

LANGUAGE_S = 600.0
HIGH_RISK_S = 60.0
NO_DIGITS = str.maketrans("", "", "0123456789")


@dataclass(slots=True)
class Standing:
    """A coach as the journal tells of them."""

    languages: tuple[str, ...]
    capacity: int
    load: int = 0
    high_risk: int = 0
    on_break: bool = False
    rests_until: float = 0.0

    def may_take_somebody(self, at: float) -> bool:
        return not (self.on_break or self.high_risk or at < self.rests_until or self.load >= self.capacity)


@dataclass(slots=True)
class Findings:
    """What was broken, a few words each, and how often somebody was overtaken with good reason."""

    faults: list[str] = field(default_factory=list)
    overtaken_by_high_risk: int = 0
    overtaken_for_language: int = 0
    longest_for_language_s: float = 0.0
    slowest_at_risk_s: float = 0.0  # with a coach who could have taken them


def check(run: Run) -> Findings:
    """Play the journal again and name each broken promise, by second."""
    return _Checker(run).findings_of()


class _Checker:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.found = Findings()
        self.coaches = {
            coach.staff: Standing(languages=coach.languages, capacity=coach.capacity) for coach in run.coaches
        }
        self.waiting: dict[UUID, Arrival] = {}
        self.hard: set[UUID] = set()  # conversations at high risk
        self.endings: Counter[UUID] = Counter()
        self.with_capacity: dict[UUID, float] = {}  # at high risk → seconds while a coach was free for them

    def findings_of(self) -> Findings:
        before: float | None = None
        for at, together in groupby(self.run.journal, key=lambda each: each.at):
            if before is not None:
                self.time_passes(before, at)
            for each in together:
                self.take(each)
            before = at
        for whose in self.waiting:
            self.fault(before or 0.0, f"parent {whose.int} is left waiting for ever")
        for whose in self.run.arrivals:
            if self.endings[whose] != 1:
                self.fault(before or 0.0, f"parent {whose.int} was given or left {self.endings[whose]} times")
        return self.found

    def fault(self, at: float, what: str) -> None:
        self.found.faults.append(f"second {at:.0f}: {what}")

    def time_passes(self, since: float, until: float) -> None:
        """From `since` to `until` nothing happened: whoever waited all that time, did so with reason?"""
        free = [coach for coach in self.coaches.values() if coach.may_take_somebody(since)]
        if not free or until == since:
            return
        for each in self.waiting.values():
            if not any(_may_have(each, coach, since) for coach in free):
                continue
            self.fault(since, f"parent {each.conversation.int} waits while a coach is free for them")
            if each.high_risk:
                spent = self.with_capacity.get(each.conversation, 0.0) + until - since
                self.with_capacity[each.conversation] = spent
                self.found.slowest_at_risk_s = max(spent, self.found.slowest_at_risk_s)
                if spent > HIGH_RISK_S:
                    self.fault(until, f"parent {each.conversation.int} at risk waited over a minute")

    def take(self, each: Happened) -> None:
        if each.what == "arrived":
            assert each.conversation is not None
            self.waiting[each.conversation] = self.run.arrivals[each.conversation]
        elif each.what == "left":
            assert each.conversation is not None
            self.waiting.pop(each.conversation, None)
            self.endings[each.conversation] += 1
        else:
            assert each.coach is not None
            self.of_coach(each, self.coaches[each.coach])

    def of_coach(self, each: Happened, coach: Standing) -> None:
        if each.what == "given":
            self.given(each, coach)
        elif each.what == "risk":
            assert each.conversation is not None
            coach.high_risk += 1
            self.hard.add(each.conversation)
        elif each.what == "ended":
            assert each.conversation is not None
            coach.load -= 1
            if each.conversation in self.hard:
                coach.high_risk -= 1
                self.hard.discard(each.conversation)
            if each.until is not None:
                coach.rests_until = max(coach.rests_until, each.until)
        elif each.what in ("break", "back"):
            coach.on_break = each.what == "break"

    def given(self, each: Happened, coach: Standing) -> None:
        assert each.conversation is not None
        self.endings[each.conversation] += 1
        parent = self.waiting.pop(each.conversation, None)
        if parent is None:
            self.fault(each.at, f"parent {each.conversation.int} was given and did not wait")
            return
        if coach.load >= coach.capacity:
            self.fault(each.at, "a coach was given more than they can hold")
        if coach.on_break:
            self.fault(each.at, "a coach was given somebody on their break")
        if each.at < coach.rests_until:
            self.fault(each.at, "a coach was given somebody during a debrief")
        if coach.high_risk:
            self.fault(each.at, "a coach with a parent at risk was given another")
        self.overtakes(each.at, parent, coach)
        coach.load += 1
        if parent.high_risk:
            coach.high_risk += 1
            self.hard.add(each.conversation)

    def overtakes(self, at: float, parent: Arrival, coach: Standing) -> None:
        """Everybody who came before this parent and waits still was overtaken: why?"""
        for other in self.waiting.values():
            ahead = (not other.high_risk, other.at) < (not parent.high_risk, parent.at)
            if not ahead:
                if other.at < parent.at:  # and this parent is at risk
                    self.found.overtaken_by_high_risk += 1
                continue
            if _may_have(other, coach, at):
                self.fault(at, f"parent {parent.conversation.int} overtook parent {other.conversation.int}")
            else:
                self.found.overtaken_for_language += 1
                waited = at - other.at
                self.found.longest_for_language_s = max(waited, self.found.longest_for_language_s)


def _may_have(parent: Arrival, coach: Standing, at: float) -> bool:
    """Whether this coach, being free, may have this parent: all but a language, for ten minutes."""
    return parent.high_risk or parent.language in coach.languages or at - parent.at >= LANGUAGE_S


def kinds(findings: Findings) -> Iterator[tuple[str, int]]:
    """The faults by kind, with how often each was found."""
    words = Counter(
        "".join(c for c in fault.partition(": ")[2] if not c.isdigit()) for fault in findings.faults
    )
    yield from sorted(words.items())
