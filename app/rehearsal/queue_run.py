"""The queue, simulated with the real rules and a clock of its own. Pure: no database, no waiting."""

import bisect
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import structs

from app.queue.rules import LANGUAGE_WAIT, Coach, Turn, Waiting, bar_of, given, match
from app.rehearsal.arrivals import Arrival, Service, arrivals, moment, team

Given = tuple[Waiting, Coach]
Policy = Callable[[Sequence[Waiting], Sequence[Coach], datetime], Sequence[Given]]
What = Literal["arrived", "left", "given", "risk", "ended", "break", "back", "rested"]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the journal: what was so from this second on. `until` is the end of a debrief."""

    at: float
    what: What
    conversation: UUID | None = None
    coach: UUID | None = None
    until: float | None = None


@dataclass(slots=True)
class Run:
    """What came of a simulation: its journal, and the waits in seconds."""

    arrivals: dict[UUID, Arrival]
    coaches: list[Coach]
    journal: list[Happened] = field(default_factory=list)
    waits: dict[UUID, float] = field(default_factory=dict)
    left: int = 0


def by_rules(waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime) -> Sequence[Given]:
    """The real rules."""
    return [(decision.parent, decision.coach) for decision in match(waiting, coaches, now)]


def first_in_first_out(
    waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime
) -> Sequence[Given]:
    """Whoever came first to whichever free coach has the lowest number: no risk, no language, no fit."""
    free = {coach.staff: coach for coach in sorted(coaches, key=lambda one: one.staff)}
    given_now: list[Given] = []
    for parent in sorted(waiting, key=lambda entry: (entry.entered_at, entry.conversation)):
        coach = next((one for one in free.values() if bar_of(one, now) is None), None)
        if coach is None:
            break
        given_now.append((parent, coach))
        free[coach.staff] = given(coach, parent, now)
    return given_now


def simulate_queue(service: Service, policy: Policy = by_rules) -> Run:
    """Play every arrival to its end: taken by a coach, or gone before one came."""
    return _Clock(service, policy).play()


class _Clock:
    """The virtual clock with its future, and who waits and who is free at its moment."""

    def __init__(self, service: Service, policy: Policy) -> None:
        self.service = service
        self.policy = policy
        coming = list(arrivals(service))
        coaches = team(service)
        self.run = Run({each.conversation: each for each in coming}, coaches)
        self.coaches = {coach.staff: coach for coach in coaches}
        self.order = {coach.staff: number for number, coach in enumerate(coaches)}
        self.waiting: list[tuple[int, datetime, UUID]] = []  # always in order
        self.entries: dict[UUID, Waiting] = {}
        self.held: dict[UUID, UUID] = {}  # conversation → coach
        self.future: list[tuple[float, int, str, UUID]] = []
        self.number = 0
        self.to_arrive = len(coming)
        for each in coming:
            self.plan(each.at, "arrive", each.conversation)
        for number, coach in enumerate(coaches):
            self.plan(service.break_every_s * (number + 1) / len(coaches), "break", coach.staff)

    def plan(self, at: float, what: str, whose: UUID) -> None:
        """Let this happen then."""
        self.number += 1
        heapq.heappush(self.future, (at, self.number, what, whose))

    def play(self) -> Run:
        """Let everything happen; what happens in one moment is decided about together."""
        steps = {
            "arrive": self.arrive,
            "leave": self.leave,
            "look": self.look,
            "risk": self.risk,
            "end": self.end,
            "break": self.go_on_break,
            "back": self.come_back,
            "rested": self.rested,
        }
        while self.future and (self.to_arrive or self.entries or self.held):
            at = self.future[0][0]
            while self.future and self.future[0][0] == at:
                _, _, what, whose = heapq.heappop(self.future)
                steps[what](at, whose)
            self.decide(at)
        return self.run

    def note(
        self, at: float, what: What, conversation: UUID | None = None, coach: UUID | None = None
    ) -> None:
        self.run.journal.append(Happened(at, what, conversation, coach))

    def arrive(self, at: float, whose: UUID) -> None:
        each = self.run.arrivals[whose]
        self.to_arrive -= 1
        turn = Turn.HIGH_RISK if each.high_risk else Turn.ORDINARY
        entry = Waiting(whose, moment(at), turn, each.language, topic=each.topic)
        self.entries[whose] = entry
        bisect.insort(self.waiting, (entry.turn, entry.entered_at, whose))
        self.note(at, "arrived", whose)
        self.plan(at + each.patience_s, "leave", whose)
        self.plan(at + LANGUAGE_WAIT.total_seconds(), "look", whose)

    def look(self, _: float, __: UUID) -> None:
        """Nothing new: only that time has passed since this parent asked for a language."""

    def leave(self, at: float, whose: UUID) -> None:
        if whose in self.entries:
            self.drop(whose)
            self.run.left += 1
            self.note(at, "left", whose)

    def drop(self, whose: UUID) -> None:
        entry = self.entries.pop(whose)
        del self.waiting[bisect.bisect_left(self.waiting, (entry.turn, entry.entered_at, whose))]

    def risk(self, at: float, whose: UUID) -> None:
        if whose in self.held and not self.run.arrivals[whose].high_risk:
            coach = self.coaches[self.held[whose]]
            self.coaches[coach.staff] = structs.replace(coach, high_risk=coach.high_risk + 1)
            self.note(at, "risk", whose, coach.staff)

    def end(self, at: float, whose: UUID) -> None:
        staff, each = self.held.pop(whose), self.run.arrivals[whose]
        coach = self.coaches[staff]
        hard = each.high_risk or each.risk_after_s is not None
        until = at + self.service.debrief_s if hard else None
        self.coaches[staff] = structs.replace(
            coach,
            load=coach.load - 1,
            high_risk=coach.high_risk - hard,
            rests_until=moment(until) if until else coach.rests_until,
        )
        self.run.journal.append(Happened(at, "ended", whose, staff, until))
        if until:
            self.plan(until, "rested", staff)

    def go_on_break(self, at: float, whose: UUID) -> None:
        self.coaches[whose] = structs.replace(self.coaches[whose], availability="on_break")
        self.note(at, "break", coach=whose)
        self.plan(at + self.service.break_s, "back", whose)

    def come_back(self, at: float, whose: UUID) -> None:
        self.coaches[whose] = structs.replace(self.coaches[whose], availability="available")
        self.note(at, "back", coach=whose)
        self.plan(at + self.service.break_every_s, "break", whose)

    def rested(self, at: float, whose: UUID) -> None:
        self.note(at, "rested", coach=whose)

    def decide(self, at: float) -> None:
        """Ask the policy, as whatever happened in this moment may have made a decision possible."""
        if not self.waiting:
            return
        now = moment(at)
        free = [coach for coach in self.coaches.values() if bar_of(coach, now) is None]
        if not free:
            return
        in_turn = [self.entries[whose] for _, _, whose in self.waiting]
        for parent, coach in self.policy(in_turn, free, now):
            self.give(at, parent, coach)

    def give(self, at: float, parent: Waiting, coach: Coach) -> None:
        whose = parent.conversation
        each = self.run.arrivals[whose]
        self.drop(whose)
        before = self.coaches[coach.staff]
        risk = each.high_risk
        self.coaches[coach.staff] = structs.replace(
            before, load=before.load + 1, high_risk=before.high_risk + risk, idle_since=moment(at)
        )
        self.held[whose] = coach.staff
        self.run.waits[whose] = at - each.at
        self.note(at, "given", whose, coach.staff)
        if each.risk_after_s is not None:
            self.plan(at + each.risk_after_s, "risk", whose)
        self.plan(at + each.lasts_s, "end", whose)


def chats_of(run: Run) -> list[int]:
    """How many chats each coach was given, least first."""
    counts = dict.fromkeys((coach.staff for coach in run.coaches), 0)
    for each in _given(run.journal):
        counts[each] += 1
    return sorted(counts.values())


def _given(journal: Iterable[Happened]) -> Iterable[UUID]:
    return (each.coach for each in journal if each.what == "given" and each.coach is not None)
