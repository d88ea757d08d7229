"""Which other worker holds whose sockets, as they announce it. In memory, and no more than a hint. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.realtime.envelopes import Held

ROLES = ("parent", "coach", "supervisor")
STAFF_BITS = 0b110
NOBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Peer:
    """Another worker. `number` is that of its last announcement that is known here; None before the first."""

    heard: float
    number: int | None = None
    asked: float | None = None
    places: dict[str, Held] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)


class Directory:
    """The other workers, and for each conversation those of them that hold sockets of it."""

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}
        self._holders: dict[str, set[str]] = {}

    def peer(self, worker: str, now: float) -> Peer:
        """The worker that was just heard."""
        peer = self.peers.setdefault(worker, Peer(heard=now))
        peer.heard = now
        return peer

    def holders(self, kind: str, conversation: str) -> Iterable[str]:
        """The workers with listeners of this stream: `conv` or `staff`."""
        holders = self._holders.get(conversation)
        if holders is None:
            return NOBODY
        if kind == "conv":
            return holders
        return [worker for worker in holders if self.peers[worker].places[conversation].roles & STAFF_BITS]

    def roles(self, conversation: str) -> set[str]:
        """The roles that listen to a conversation at other workers."""
        bits = 0
        for worker in self._holders.get(conversation, NOBODY):
            bits |= self.peers[worker].places[conversation].roles
        return {role for number, role in enumerate(ROLES) if bits & 1 << number}

    def parents(self, conversation: str) -> int:
        """How many sockets the parent has at other workers."""
        return sum(
            self.peers[w].places[conversation].parents for w in self._holders.get(conversation, NOBODY)
        )

    def sockets(self, staff: str) -> int:
        """How many sockets a member of staff has at other workers."""
        return sum(peer.staff.get(staff, 0) for peer in self.peers.values())

    def change(self, worker: str, places: dict[str, Held], staff: dict[str, int]) -> None:
        """Note what has changed at a worker; what it holds no longer has no bit and no socket."""
        peer = self.peers[worker]
        for conversation, held in places.items():
            if held.roles:
                peer.places[conversation] = held
                self._holders.setdefault(conversation, set()).add(worker)
            elif peer.places.pop(conversation, None) is not None:
                holders = self._holders[conversation]
                holders.discard(worker)
                if not holders:
                    del self._holders[conversation]
        for person, sockets in staff.items():
            if sockets:
                peer.staff[person] = sockets
            else:
                peer.staff.pop(person, None)

    def replace(self, worker: str, places: dict[str, Held], staff: dict[str, int]) -> None:
        """Note everything that a worker holds, and nothing else."""
        peer = self.peers[worker]
        self.change(
            worker,
            {**dict.fromkeys(peer.places, Held()), **places},
            {**dict.fromkeys(peer.staff, 0), **staff},
        )

    def drop(self, worker: str) -> None:
        """Forget a worker that is gone."""
        self.replace(worker, {}, {})
        del self.peers[worker]


def bits_of(roles: Iterable[str]) -> int:
    """The roles as they are announced."""
    return sum(1 << ROLES.index(role) for role in roles)
