"""The seeded bug that a race must catch: a hub that shows a conversation to whoever once listened to it."""

from typing import Any

from app.realtime.hub import Hub


def seed() -> None:
    """Put the bug into the `earshot serve` of this process."""
    fenced = Hub._deliver

    def deliver(hub: Hub, stream: str, seq: int, _: int, text: str, *, checked: bool) -> None:
        fenced(hub, stream, seq, 0, text, checked=checked)

    def assigned(hub: Hub, event: Any) -> None:
        for connection in hub.of_staff(event.staff):
            hub.bring(connection, event.conversation, event.generation)

    for name, bug in (("_deliver", deliver), ("assigned", assigned)):
        type.__setattr__(Hub, name, bug)
