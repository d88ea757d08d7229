"""The load generator: a process of its own that plays one plan against one server and tells what it saw.

python -m benchmarks.generator < plan.json > outcome.json
"""

import asyncio
import gc
import sys
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import msgspec
import uvloop

from app.rehearsal.server import allow_sockets
from benchmarks import cost
from benchmarks.framing import WireBroken
from benchmarks.plan import Memory, Outcome, Pair, Plan, Seat, Step
from benchmarks.seats import Field, Socket

HOST = "127.0.0.1"
GREETING_S = 600.0
REST_S = 20.0
LOOK_S = 0.02
GENERATOR = "generator"


async def play(plan: Plan) -> Outcome:
    """Run the plan's workload; faults are told, not raised."""
    try:
        match plan.workload:
            case "closed" | "open":
                return await _talk(plan)
            case "idle":
                return await _idle(plan)
            case "reconnect":
                return await _reconnect(plan)
            case "one_by_one":
                return await _one_by_one(plan)
    except (WireBroken, OSError) as error:
        return Outcome(faults=(str(error),))
    except TimeoutError:
        return Outcome(faults=(f"not every socket was greeted within {GREETING_S:.0f} seconds",))


async def _talk(plan: Plan) -> Outcome:
    field = Field(answering=plan.workload == "closed")
    async with _seated(plan, field, _seats(plan.pairs)) as sockets:
        pairs = list(zip(sockets[::2], sockets[1::2], strict=True))
        for parent, coach in pairs:
            parent.meet(coach)
            coach.meet(parent)
        field.sending = True
        late = array("q")
        if plan.workload == "closed":
            for parent, _ in pairs:
                parent.say()
            sending = None
        else:
            sending = asyncio.create_task(_send_at(plan, field, sockets, late))
        await asyncio.sleep(plan.warm_up)
        field.measuring = True
        cpu, before, began = _cpu(plan), _delivered(sockets), time.perf_counter()
        await asyncio.sleep(plan.seconds)
        seconds, delivered = time.perf_counter() - began, _delivered(sockets) - before
        spent = {tree: after - cpu[tree] for tree, after in _cpu(plan).items()}
        field.measuring = field.sending = False
        if sending is not None:
            await sending
        await _come_to_rest(field, sockets)
    latencies = sorted(field.latencies)
    return Outcome(
        faults=tuple(field.faults),
        delivered=delivered,
        seconds=seconds,
        acknowledged=_delivered(sockets),
        p50_ms=_quantile(latencies, 0.50),
        p99_ms=_quantile(latencies, 0.99),
        late_ms=_quantile(sorted(late), 0.99),
        cpu=spent,
        sockets=len(sockets),
    )


async def _send_at(plan: Plan, field: Field, sockets: Sequence[Socket], late: "array[int]") -> None:
    """Say messages at the plan's rate, each from another side, however the server fares."""
    random, gap = Random(plan.seed), 1 / plan.rate  # noqa: S311 (nothing secret)
    due = time.perf_counter()
    while field.sending:
        now = time.perf_counter()
        while due <= now:
            random.choice(sockets).say()
            late.append(int((now - due) * 1e9))
            due += gap
        await asyncio.sleep(due - now)


async def _come_to_rest(field: Field, sockets: Sequence[Socket]) -> None:
    """Wait until everything that was said has been heard and acknowledged; what is missing is lost."""
    until = time.perf_counter() + REST_S
    while not field.faults and (open_ones := sum(socket.sent - socket.delivered for socket in sockets)):
        if time.perf_counter() > until:
            field.fault(f"{open_ones} messages were not delivered, or not acknowledged")
            return
        await asyncio.sleep(LOOK_S)
    await asyncio.sleep(LOOK_S)  # what comes twice comes now


async def _idle(plan: Plan) -> Outcome:
    """The parents connect, are greeted, and say nothing."""
    field = Field(answering=False)
    before = _memory(plan)
    async with _seated(plan, field, [pair.parent for pair in plan.pairs]) as sockets:
        await asyncio.sleep(plan.seconds)
        after = _memory(plan)
    return Outcome(faults=tuple(field.faults), sockets=len(sockets), before=before, after=after)


async def _reconnect(plan: Plan) -> Outcome:
    """Everybody connects; all connections break at once; everybody comes back at once."""
    field = Field(answering=False)
    seats = _seats(plan.pairs)
    async with _seated(plan, field, seats):
        pass
    loop = asyncio.get_running_loop()
    began = loop.time()
    times: list[float] = []
    sockets: list[Socket] = []

    async def come_back(seat: Seat) -> None:
        socket = await _connect(plan, field, seat, seat.again)
        sockets.append(socket)
        await socket.ready
        times.append(loop.time() - began)

    async with asyncio.timeout(GREETING_S):
        await asyncio.gather(*(come_back(seat) for seat in seats))
    for socket in sockets:
        socket.leave()
    return Outcome(faults=tuple(field.faults), sockets=len(sockets), whole_s=tuple(sorted(times)))


async def _one_by_one(plan: Plan) -> Outcome:
    """Parent after parent comes for the first time, with nothing, and leaves; then each comes back."""
    field = Field(answering=False)

    async def times(greetings: Sequence[tuple[Seat, tuple[Step, ...]]]) -> tuple[float, ...]:
        taken = []
        for seat, steps in greetings:
            began = time.perf_counter()
            socket = await _connect(plan, field, seat, steps)
            await socket.ready
            taken.append(time.perf_counter() - began)
            socket.leave()
            await socket.gone
        return tuple(taken)

    async with asyncio.timeout(GREETING_S):
        greeted = await times([(pair.parent, pair.parent.steps) for pair in plan.pairs])
        whole = await times([(pair.parent, pair.parent.again) for pair in plan.pairs])
    return Outcome(faults=tuple(field.faults), greeted_s=greeted, whole_s=whole)


def _seats(pairs: Sequence[Pair]) -> list[Seat]:
    return [seat for pair in pairs for seat in (pair.parent, pair.coach)]


@asynccontextmanager
async def _seated(plan: Plan, field: Field, seats: Sequence[Seat]) -> AsyncIterator[list[Socket]]:
    """Everybody connected and greeted; all connections break off at the end."""
    sockets: list[Socket] = []
    try:
        async with asyncio.timeout(GREETING_S):
            for start in range(0, len(seats), plan.at_once):
                some = [
                    await _connect(plan, field, seat, seat.steps)
                    for seat in seats[start : start + plan.at_once]
                ]
                sockets += some
                await asyncio.gather(*(socket.ready for socket in some))
        yield sockets
    finally:
        for socket in sockets:
            socket.leave()
        await asyncio.gather(*(socket.gone for socket in sockets))


async def _connect(plan: Plan, field: Field, seat: Seat, steps: tuple[Step, ...]) -> Socket:
    host = f"{HOST}:{plan.port}"
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(
        lambda: Socket(field, seat, host=host, steps=steps), HOST, plan.port
    )
    return socket


def _delivered(sockets: Sequence[Socket]) -> int:
    return sum(socket.delivered for socket in sockets)


def _cpu(plan: Plan) -> dict[str, float]:
    spent = {name: cost.cpu_seconds(root) for name, root in plan.processes.items()}
    return {**spent, GENERATOR: time.process_time()}


def _memory(plan: Plan) -> dict[str, Memory]:
    return {name: cost.memory(root) for name, root in plan.processes.items()}


def _quantile(ordered: Sequence[int], share: float) -> float:
    """In milliseconds, of nanoseconds in order."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6 if ordered else 0.0


def main() -> None:
    """Read the plan, play it, write the outcome."""
    allow_sockets()
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    gc.disable()  # nothing here makes cycles in number, and a pause would look like the server's
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(play(plan))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
