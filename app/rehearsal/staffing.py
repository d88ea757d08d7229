"""How many coaches are enough: the simulation of the queue, told in figures, a table and a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.table import Table

from app.rehearsal.arrivals import MEAN_S, Service
from app.rehearsal.queue_check import Findings, check, kinds
from app.rehearsal.queue_run import Run, chats_of, first_in_first_out, simulate_queue
from app.rehearsal.simulate import at

WANTED_S = 300.0  # p80 of the wait
TRIED = 12


@dataclass(frozen=True, slots=True)
class Figures:
    """What a simulation came to: seconds, and shares between 0 and 1."""

    name: str
    given: int
    left: float
    p50: float
    p80: float
    p95: float
    at_risk_p95: float
    at_risk_in_a_minute: float
    welsh_p80: float
    welsh_met: float
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Staffing:
    """So many coaches for the same arrivals."""

    coaches: int
    p50: float
    p80: float
    left: float


def figures(name: str, run: Run) -> Figures:
    """Waits, leavers and the spread of chats among coaches."""
    waits = list(run.waits.values())
    risk = [wait for whose, wait in run.waits.items() if run.arrivals[whose].high_risk]
    welsh = [wait for whose, wait in run.waits.items() if run.arrivals[whose].language == "cy"]
    chats = chats_of(run)
    return Figures(
        name=name,
        given=len(waits),
        left=run.left / len(run.arrivals),
        p50=at(waits, 0.5),
        p80=at(waits, 0.8),
        p95=at(waits, 0.95),
        at_risk_p95=at(risk, 0.95),
        at_risk_in_a_minute=sum(wait <= 60 for wait in risk) / len(risk) if risk else 1.0,
        welsh_p80=at(welsh, 0.8),
        welsh_met=_met(run),
        fewest=chats[0],
        most=chats[-1],
    )


def _met(run: Run) -> float:
    """The share of those who asked for Welsh that got a coach who speaks it."""
    speak = {coach.staff for coach in run.coaches if "cy" in coach.languages}
    got = [
        each.coach in speak
        for each in run.journal
        if each.what == "given"
        and each.conversation is not None
        and run.arrivals[each.conversation].language == "cy"
    ]
    return sum(got) / len(got) if got else 1.0


def compare(service: Service) -> tuple[list[Figures], Findings]:
    """The real rules beside plain first in, first out, and what the checker found in the real ones."""
    run = simulate_queue(service)
    findings = check(run)
    plain = simulate_queue(service, first_in_first_out)
    return [figures("Earshot's rules", run), figures("first in, first out", plain)], findings


def staffing(service: Service, *, arrivals: int) -> list[Staffing]:
    """More and more coaches for as many parents an hour as now, until four in five wait under five minutes.

    Each is tried with so many arrivals. At most twelve are tried, each a twelfth of the present team more.
    """
    found: list[Staffing] = []
    step = max(1, round(service.coaches / TRIED))
    for coaches in range(service.coaches, service.coaches + step * TRIED, step):
        load = service.load * service.coaches / coaches
        run = simulate_queue(replace(service, coaches=coaches, load=load, arrivals=arrivals))
        waits = list(run.waits.values())
        found.append(Staffing(coaches, at(waits, 0.5), at(waits, 0.8), run.left / arrivals))
        if found[-1].p80 < WANTED_S:
            break
    return found


def figures_table(service: Service, compared: Sequence[Figures]) -> Table:
    """The comparison for a terminal."""
    hourly = service.load * service.coaches * service.capacity / MEAN_S * 3600
    title = f"{service.arrivals} parents, {hourly:.0f} an hour on average, {service.coaches} coaches"
    table = Table("", *(one.name for one in compared), title=title)
    for name, told in (
        ("Talked to a coach", [str(one.given) for one in compared]),
        ("Left before", [f"{100 * one.left:.1f} %" for one in compared]),
        ("Wait, half of all under", [_minutes(one.p50) for one in compared]),
        ("Wait, four in five under", [_minutes(one.p80) for one in compared]),
        ("Wait, 95 % under", [_minutes(one.p95) for one in compared]),
        ("At risk, 95 % under", [_minutes(one.at_risk_p95) for one in compared]),
        ("At risk, within a minute", [f"{100 * one.at_risk_in_a_minute:.1f} %" for one in compared]),
        ("Asked for Welsh, four in five under", [_minutes(one.welsh_p80) for one in compared]),
        ("Asked for Welsh and got it", [f"{100 * one.welsh_met:.0f} %" for one in compared]),
        ("Chats a coach, fewest and most", [f"{one.fewest} to {one.most}" for one in compared]),
    ):
        table.add_row(name, *told)
    return table


def findings_lines(findings: Findings) -> list[str]:
    """What the checker found, a line each; a fault's kind with how often it was found."""
    return [
        f"Overtaken by a parent at risk: {findings.overtaken_by_high_risk} times",
        f"Passed over for a language: {findings.overtaken_for_language} times",
        f"  the longest that anybody had waited then: {_minutes(findings.longest_for_language_s)}",
        f"Broken promises: {len(findings.faults)}",
        *(f"  {kind}: {count}" for kind, count in kinds(findings)),
    ]


def staffing_table(found: Sequence[Staffing]) -> Table:
    """How many coaches for four in five under five minutes."""
    enough = next((one.coaches for one in found if one.p80 < WANTED_S), None)
    title = (
        f"{enough} coaches for four in five under 5 minutes"
        if enough
        else "More coaches than these are needed for four in five under 5 minutes"
    )
    table = Table("Coaches", "Half under", "Four in five under", "Left before", title=title)
    for one in found:
        table.add_row(str(one.coaches), _minutes(one.p50), _minutes(one.p80), f"{100 * one.left:.1f} %")
    return table


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02} min"
