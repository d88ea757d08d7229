"""The seeded bug that a change of hands must catch: workers that never ask who owns what."""

from typing import Any

from app.realtime.broker import Broker
from app.realtime.look import Look
from tests.faults import unfenced


def seed() -> None:
    """Put the bug into the `earshot serve` of this process."""
    unfenced.seed()

    def settle(look: Look, staff: Any, _: Any, owned: Any) -> None:
        settled(look, staff, [], owned)

    settled = Look._settle_ownership
    for room, name, bug in (
        (Broker, "trusted", property(lambda _: True)),
        (Look, "_settle_ownership", settle),
    ):
        type.__setattr__(room, name, bug)
