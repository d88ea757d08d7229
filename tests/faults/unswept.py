"""The seeded bug that vanishing coaches must catch: a service that looks after nobody."""

from typing import Any

from app.queue import sweeping


def seed() -> None:
    """Put the bug into the `earshot serve` of this process."""

    async def sweep(*_: Any) -> None:
        return

    sweeping.sweep = sweep
