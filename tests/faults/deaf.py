"""The seeded bug that a broken Redis must catch: a worker that reads nothing for itself while it is away."""

from app.realtime.look import Look


def seed() -> None:
    """Put the bug into the `earshot serve` of this process."""
    looking = Look._look

    async def look(self: Look) -> None:
        if self._broker.leased:
            await looking(self)

    type.__setattr__(Look, "_look", look)
