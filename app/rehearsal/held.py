"""What one side holds of a stream, and what stands for a text there: its digest and its canary words."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from app.rehearsal.verdict import Arrival, Entry

CANARY = re.compile(r"\[([a-z]+-\d{5}-[0-9a-f]{10})\]")
DIGEST_BYTES = 16


@dataclass(slots=True)
class Held:
    """What this side holds of a stream, and all that arrived on it."""

    epoch: str = ""
    last: int = 0
    furthest: int = 0
    reached: int = 0  # the newest that was ever held here, whatever a snapshot replaced
    more: bool = False  # the snapshot goes on in the next frame
    syncing: int | None = None  # where the stream stood when it was asked for the rest
    wanted: bool = True  # named in the cursors of the next hello
    entries: dict[int, Entry] = field(default_factory=dict)
    speakers: dict[int, str] = field(default_factory=dict)
    events: dict[int, tuple[str, dict[str, object]]] = field(default_factory=dict)  # all but texts
    arrivals: list[Arrival] = field(default_factory=list)

    def count(self, speaker: str) -> int:
        """How many messages of this speaker are held."""
        return sum(found == speaker for found in self.speakers.values())

    def happened(self, kind: str, **data: object) -> bool:
        """Whether an event of this kind, with these values, is held."""
        return self.how_often(kind, **data) > 0

    def how_often(self, kind: str, **data: object) -> int:
        """How many events of this kind, with these values, are held."""
        return sum(
            found == kind and all(known.get(name) == value for name, value in data.items())
            for found, known in self.events.values()
        )


def at_least(held: Held, speaker: str, number: int) -> Callable[[], bool]:
    """Whether that many messages of this speaker are held, asked anew each time."""
    return lambda: held.count(speaker) >= number


def entry_of(seq: int, wire: dict[str, object]) -> Entry:
    """An event's place and its message's digest and canary words, from what readers are shown of it."""
    body, client_id = wire.get("body"), wire.get("client_message_id")
    if not isinstance(body, str) or not isinstance(client_id, str):
        return Entry(seq, None, None, frozenset())
    return Entry(seq, UUID(client_id), digest_of(body), frozenset(CANARY.findall(body)))


def digest_of(body: str) -> bytes:
    """What stands for a text in the verdict: a digest of its stored form."""
    return hashlib.sha256(unicodedata.normalize("NFC", body).encode()).digest()[:DIGEST_BYTES]
