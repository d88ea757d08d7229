"""What the hub needs of the other workers, so that it knows nothing of how they are reached."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID


class Elsewhere(Protocol):
    """The other workers, as the hub needs them."""

    @property
    def trusted(self) -> bool:
        """Whether what is pushed may be shown to staff: else they wait for what is read from the log."""

    def holders(self, stream: str) -> Iterable[str]:
        """The workers that have listeners of this stream."""

    def push(self, workers: Iterable[str], stream: str, seq: int, generation: int, text: str) -> None:
        """Hand these workers the frame of a committed event."""

    def signal(self, stream: str, text: str) -> None:
        """Hand something ephemeral to the workers with listeners of this stream."""

    def roles(self, stream: str) -> set[str]:
        """The roles that listen to this stream there."""

    def sockets(self, *, conversation: UUID | None, staff: UUID | None) -> int:
        """How many sockets this parent or this member of staff has there."""

    def moved(self, *, stream: str | None = None, staff: UUID | None = None) -> None:
        """Who listens to this stream here has changed, or how many sockets this member of staff has."""

    def missing(self, stream: str) -> None:
        """An event of this stream has not come, though later ones have."""


class Nowhere:
    """There is one worker only: nobody to tell, and nothing that could be missed."""

    trusted = True

    def holders(self, stream: str) -> Iterable[str]:  # noqa: ARG002 (the interface's name)
        """Nobody."""
        return ()

    def push(self, workers: Iterable[str], stream: str, seq: int, generation: int, text: str) -> None:
        """To nobody."""

    def signal(self, stream: str, text: str) -> None:
        """To nobody."""

    def roles(self, stream: str) -> set[str]:  # noqa: ARG002 (the interface's name)
        """None."""
        return set()

    def sockets(self, *, conversation: UUID | None, staff: UUID | None) -> int:  # noqa: ARG002 (the interface's)
        """None."""
        return 0

    def moved(self, *, stream: str | None = None, staff: UUID | None = None) -> None:
        """Nobody wants to know."""

    def missing(self, stream: str) -> None:
        """It comes by itself: what is committed here is published here, in whatever order."""
