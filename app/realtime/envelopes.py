"""What workers tell each other through the broker. Pure. Nothing here is kept anywhere: the log is the truth.

Both sides of a rolling upgrade read each other's envelopes, or, where they cannot, ignore them.
"""

from typing import Any

import msgspec
from msgspec import Struct

from app.events import CoachAssigned, CoachReleased, ParentRevoked, QueueChanged, StaffSignedOut

Hint = CoachAssigned | CoachReleased | ParentRevoked | QueueChanged | StaffSignedOut

HINTS: dict[str, type[Hint]] = {
    kind.__name__: kind
    for kind in (CoachAssigned, CoachReleased, ParentRevoked, QueueChanged, StaffSignedOut)
}


class Item(Struct, array_like=True):
    """One thing that is told."""


class Pushed(Item, tag=1):
    """A committed event as the frame that its readers are sent. Holds what a family wrote, so no repr."""

    stream: str
    seq: int
    generation: int
    text: str

    def __repr__(self) -> str:
        return f"Pushed(stream={self.stream!r}, seq={self.seq})"


class Signal(Item, tag=2):
    """Something ephemeral for a stream's listeners, as the frame that they are sent."""

    stream: str
    text: str


class Told(Item, tag=3):
    """A hint: the name of a domain event, and what it says."""

    event: str
    values: dict[str, Any]


class Held(Item):
    """Who listens to a conversation at a worker: a bit for each role, and how many sockets of the parent."""

    roles: int = 0
    parents: int = 0


class Changed(Item, tag=4):
    """What a worker holds has changed; `number` counts these, so that a lost one is noticed."""

    number: int
    places: dict[str, Held]
    staff: dict[str, int]  # sockets of each member of staff


class Whole(Item, tag=5):
    """Everything that a worker holds, as of this number."""

    number: int
    places: dict[str, Held]
    staff: dict[str, int]


class Ask(Item, tag=6):
    """Send me the whole."""


class Beat(Item, tag=7):
    """I am here, my holdings stand at this number, and so many texts were written here since the last beat.

    For each person who wrote: how many, and how many a minute they may.

    `sent` is the sender's own clock: whoever hears their own beat has heard everything published before it.
    """

    sent: float
    number: int
    spent: dict[str, tuple[int, int]]


class Gone(Item, tag=8):
    """I stop."""


Something = Pushed | Signal | Told | Changed | Whole | Ask | Beat | Gone


class Envelope(Struct, array_like=True):
    """What one worker has to tell at one moment, in its order."""

    sender: str
    items: list[Something]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def pack(envelope: Envelope) -> bytes:
    """The envelope as bytes."""
    return _encoder.encode(envelope)


def unpack(payload: bytes) -> Envelope:
    """The envelope, or msgspec.DecodeError for anything that is not one."""
    return _decoder.decode(payload)


def told(event: Hint) -> Told:
    """A domain event on its way to the other workers."""
    return Told(event=type(event).__name__, values=msgspec.to_builtins(event))


def hint_of(item: Told) -> Hint | None:
    """The domain event again; None for one that this version does not know."""
    kind = HINTS.get(item.event)
    try:
        return None if kind is None else msgspec.convert(item.values, kind)
    except msgspec.ValidationError:
        return None
