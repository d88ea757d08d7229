"""What a run of the load generator is told, and what it tells afterwards; both cross a pipe as JSON."""

from typing import Literal

from msgspec import Struct

NUMBER = "{n}"  # stands for a message's number, always eight digits, wherever a text holds one
SIGN = "~~"  # every message that is written begins with it, and nothing else holds it

Workload = Literal["closed", "open", "idle", "reconnect", "one_by_one"]


class Step(Struct, frozen=True):
    """Say something (or nothing), then wait for a frame that holds this."""

    say: str
    hear: str


class Seat(Struct, frozen=True):
    """One side of a pair: how it greets, how it says a message, and what it then hears.

    `acknowledged` is empty where the server acknowledges nothing; what is delivered counts then. `beats`
    are heartbeats by their beginning, with the answer; frames that begin as `ignored` does hold no message.
    """

    path: str
    post: str
    body: str
    acknowledged: str = ""
    protocol: str = ""
    steps: tuple[Step, ...] = ()
    again: tuple[Step, ...] = ()  # the greeting of somebody who comes back
    beats: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()


class Pair(Struct, frozen=True):
    """A parent and a coach in one conversation."""

    parent: Seat
    coach: Seat


class Plan(Struct, frozen=True):
    """One run. `processes` are the roots of the process trees whose CPU and memory are measured."""

    port: int
    workload: Workload
    pairs: tuple[Pair, ...]
    processes: dict[str, int]
    seconds: float = 4.0
    warm_up: float = 1.0
    rate: float = 0.0  # messages a second in all, for the open loop
    at_once: int = 100  # handshakes
    seed: int = 1


class Memory(Struct, frozen=True):
    """Of one process tree, in bytes."""

    resident: int
    proportional: int


class Outcome(Struct, frozen=True):
    """What a run showed. `faults` is empty, or the run counts for nothing."""

    faults: tuple[str, ...]
    delivered: int = 0  # in the window: heard by the other side, and acknowledged
    seconds: float = 0.0  # the window's length
    acknowledged: int = 0  # from the first message to the last, after everything has come to rest
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    late_ms: float = 0.0  # p99 of how late the open loop's own sends were
    cpu: dict[str, float] = {}  # seconds in the window, by process tree; the generator's own is there too
    published: int | None = None  # through Redis, from the first message to the last
    sockets: int = 0
    before: dict[str, Memory] = {}
    after: dict[str, Memory] = {}
    greeted_s: tuple[float, ...] = ()  # of each client: from connecting until its greeting was over
    whole_s: tuple[float, ...] = ()  # of each client that came back: until it had everything

    @property
    def rate(self) -> float:
        return self.delivered / self.seconds

    def cpu_per_thousand(self, tree: str) -> float:
        """CPU-seconds of a process tree per 1,000 delivered messages."""
        return 1000 * self.cpu.get(tree, 0.0) / self.delivered
