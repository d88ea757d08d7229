"""Single runs, and rounds of them in which everybody plays in turn."""

import sys
from collections.abc import Collection, Mapping
from typing import Literal

from msgspec.structs import replace

from benchmarks.contenders import Running
from benchmarks.plan import Outcome, Pair, Plan
from benchmarks.processes import generate

OPEN_RATE = 500.0
HOLD_S = 5.0


class Failed(RuntimeError):
    """A run that counts for nothing: a message was lost, doubled, out of order, or somebody else's."""


def talk(
    running: Running, *, workload: Literal["closed", "open"], pairs: int, seconds: float, seed: int = 1
) -> Outcome:
    """One run of a closed or open loop; Failed where a message went wrong, or is not in the store."""
    before = running.stored() if running.stored else 0
    published = running.published() if running.published else 0
    outcome = _sound(
        Plan(
            port=running.port,
            workload=workload,
            pairs=running.pairs(pairs),
            processes=running.processes,
            seconds=seconds,
            rate=OPEN_RATE,
            seed=seed,
        )
    )
    if running.stored and (stored := running.stored() - before) != outcome.acknowledged:
        raise Failed(f"{outcome.acknowledged} messages were acknowledged, and {stored} are stored")
    if running.published:
        return replace(outcome, published=running.published() - published)
    return outcome


def in_turn(
    up: Mapping[str, Running],
    *,
    workload: Literal["closed", "open"],
    pairs: int,
    seconds: float,
    runs: int,
    peers: Collection[str] = (),
) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Everybody plays once, then everybody once more, and so on: all outcomes, and why peers fell out.

    What a peer had reached before it fell out does not count. Failed where anybody else goes wrong.
    """
    outcomes: dict[str, list[Outcome]] = {key: [] for key in up}
    fallen: dict[str, str] = {}
    for number in range(1, runs + 1):
        for key in list(outcomes):
            try:
                outcome = talk(up[key], workload=workload, pairs=pairs, seconds=seconds, seed=number)
            except Failed as failed:
                why = f"{key}, {workload} loop, {pairs} pairs: {failed}"
                if key not in peers:
                    raise Failed(why) from None
                fallen[key] = why
                del outcomes[key]
                continue
            outcomes[key].append(outcome)
            print(
                f"  run {number} {key:<15}{outcome.rate:>10,.0f}/s  p50 {outcome.p50_ms:7.2f} ms"
                f"  p99 {outcome.p99_ms:7.2f} ms",
                file=sys.stderr,
                flush=True,
            )
    return outcomes, fallen


def idle(running: Running, *, sockets: int) -> Outcome:
    """So many greeted sockets that say nothing."""
    return _sound(
        Plan(
            port=running.port,
            workload="idle",
            pairs=running.pairs(sockets),
            processes=running.processes,
            seconds=HOLD_S,
        )
    )


def reconnect(running: Running, *, clients: int) -> Outcome:
    """So many clients lose their connections at once and come back at once."""
    assert running.returning is not None
    return _sound(
        Plan(
            port=running.port,
            workload="reconnect",
            pairs=running.returning(clients // 2),
            processes=running.processes,
        )
    )


def greet_one_by_one(running: Running, pairs: tuple[Pair, ...]) -> Outcome:
    """How long the parents of these pairs wait for their first greeting, and when they come back."""
    return _sound(Plan(port=running.port, workload="one_by_one", pairs=pairs, processes=running.processes))


def _sound(plan: Plan) -> Outcome:
    outcome = generate(plan)
    if outcome.faults:
        raise Failed("\n".join(outcome.faults))
    return outcome
