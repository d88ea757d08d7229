"""Domain events: plain values in the past tense, published after the transaction that they tell of.

An event is a hint. Whoever needs to be certain reads the database, as a lost event must cost only a delay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from msgspec import Struct


class LogAppended(Struct, frozen=True, eq=False):
    """One durable event was committed to a conversation's stream; `wire` is what its readers are shown.

    `generation` is the assignment generation then in force. The payload holds message text, so no repr.
    """

    conversation: UUID
    stream: str  # "conv" or "staff"
    epoch: str
    seq: int
    kind: str
    at: str
    generation: int
    wire: dict[str, object] | Struct

    __repr__ = object.__repr__


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Somebody entered or left the queue, or a coach's availability changed."""


@dataclass(frozen=True, slots=True)
class CoachAssigned:
    """A coach now owns the conversation under this generation; whoever owned it before does not."""

    conversation: UUID
    staff: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class CoachReleased:
    """No coach owns the conversation any more."""

    conversation: UUID


@dataclass(frozen=True, slots=True)
class ConversationClosed:
    """Wrap-up is done: the conversation may be counted."""

    conversation: UUID


@dataclass(frozen=True, slots=True)
class StaffSignedOut:
    """A staff session ended: its sockets must close."""

    staff: UUID
    session: UUID


@dataclass(frozen=True, slots=True)
class ParentRevoked:
    """The conversation's tokens no longer open it: the parent's sockets must close."""

    conversation: UUID


Event = (
    LogAppended
    | QueueChanged
    | CoachAssigned
    | CoachReleased
    | ConversationClosed
    | StaffSignedOut
    | ParentRevoked
)
E_ = TypeVar("E_", bound=Event)


class Bus:
    """Who wants to hear of what; `app.main` alone subscribes."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Callable[[Event], None]]] = {}

    def subscribe(self, kind: type[E_], handler: Callable[[E_], None]) -> None:
        """Call `handler` with each event of this kind; it must not block and must not raise."""
        self._handlers.setdefault(kind, []).append(handler)  # type: ignore[arg-type]

    def publish(self, event: Event) -> None:
        """Hand the event to all who subscribed, in order of subscription."""
        for handler in self._handlers.get(type(event), ()):
            handler(event)
