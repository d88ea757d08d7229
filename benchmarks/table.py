"""What paired runs say: medians with their least and most, ratios of runs that followed one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.generator import GENERATOR
from benchmarks.plan import Outcome

TREES = ("server", "postgres", "redis")


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some runs, and the least and the most of them."""

    median: float
    least: float
    most: float

    def shown(self, form: str = ",.0f") -> str:
        return f"{self.median:{form}} ({self.least:{form}}-{self.most:{form}})"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(median(values), min(values), max(values))


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Run by run, as both were made in turn: the first of one by the first of the other, and so on."""
    return spread([above / below for above, below in zip(over, under, strict=True)])


def rendered(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that can be read as it stands."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width - 1)}{'-' if column == 0 else ':'}" for column, width in enumerate(widths)]
    return "\n".join([line(heads), line(rule), *(line(row) for row in rows)])


def talk_table(
    runs: Mapping[str, Sequence[Outcome]], names: Mapping[str, str], *, against: str = "relay"
) -> str:
    """Closed or open loops of everybody, in rows: rate, ratios, latency and what a message costs."""
    ours = "earshot" if "earshot" in runs else next(iter(runs))
    heads = [
        "",
        "delivered/s",
        f"÷ {against}",
        f"{ours} ÷ it",
        "p50 ms",
        "p99 ms",
        *(f"{part} CPU-s/1,000" for part in ("server", "PostgreSQL", "Redis", "all")),
        "generator CPU-s/1,000",
        "generator's share of a core",
    ]
    rates = {key: [outcome.rate for outcome in outcomes] for key, outcomes in runs.items()}
    rows = []
    for key, outcomes in runs.items():
        cost = {
            tree: median(outcome.cpu_per_thousand(tree) for outcome in outcomes)
            for tree in (*TREES, GENERATOR)
        }
        share = max(outcome.cpu[GENERATOR] / outcome.seconds for outcome in outcomes)
        rows.append(
            [
                names[key],
                spread(rates[key]).shown(),
                ratio(rates[key], rates[against]).shown(".2f") if against in rates else "",
                ratio(rates[ours], rates[key]).shown(".2f"),
                spread([outcome.p50_ms for outcome in outcomes]).shown(".2f"),
                spread([outcome.p99_ms for outcome in outcomes]).shown(".2f"),
                *(f"{cost[tree]:.3f}" if cost[tree] else "" for tree in TREES),
                f"{sum(cost[tree] for tree in TREES):.3f}",
                f"{cost[GENERATOR]:.4f}",
                f"{100 * share:.0f} %",
            ]
        )
    return "\n".join([rendered(heads, rows), *_workers_lines(runs)])


def _workers_lines(runs: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """What two workers and their broker cost beside one worker."""
    if not {"earshot", "earshot-2"} <= runs.keys():
        return []
    one, two = (
        [sum(outcome.cpu_per_thousand(tree) for tree in TREES) for outcome in runs[key]]
        for key in ("earshot", "earshot-2")
    )
    published = spread([(outcome.published or 0) / outcome.acknowledged for outcome in runs["earshot-2"]])
    return [
        "",
        f"All CPU of two workers by all CPU of one: {ratio(two, one).shown('.2f')}.",
        f"Calls of PUBLISH a message: {published.shown('.2f')}; one call carries what a turn has gathered.",
    ]


def idle_row(name: str, outcome: Outcome) -> list[str]:
    """What idle sockets cost the server, as a row."""
    before, after = outcome.before["server"], outcome.after["server"]
    return [
        name,
        f"{outcome.sockets:,}",
        f"{before.resident / 1e6:.0f}",
        f"{after.resident / 1e6:.0f}",
        f"{(after.resident - before.resident) / outcome.sockets / 1000:.1f}",
        f"{(after.proportional - before.proportional) / outcome.sockets / 1000:.1f}",
    ]


def return_line(outcome: Outcome) -> str:
    """How long clients that came back waited until they were whole, as a sentence."""
    times = outcome.whole_s
    return (
        f"{len(times)} sockets were whole again after {median(times):.2f} s (median) and {times[-1]:.2f} s "
        "(the last), counted from the moment when all of them broke."
    )
