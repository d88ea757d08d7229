"""A tab's place on the wire over HTTP, which stays while its responses come and go. In memory, like the hub.

Every response ends with a ping at the latest, and coming back for the next one is the pong. Where the tab
holds something else than was handed out, or comes to another worker, a new visit begins from its cursors.
"""

import asyncio
from dataclasses import dataclass, field

from app.realtime import frames
from app.realtime.frames import decode_sent
from app.realtime.hub import Connection
from app.realtime.session import Session

FORSAKEN_S = 1  # who comes back at all comes back at once


@dataclass(slots=True, eq=False)
class Visit:
    """One tab's connection, and how far what was handed out of it goes."""

    connection: Connection
    session: Session
    cursors: dict[str, frames.Cursor] = field(default_factory=dict)
    reading: bool = True  # a response is being written now
    opening: "asyncio.Future[None] | None" = None
    keeper: "asyncio.Task[None] | None" = None
    put_down_at: float = 0

    def put_down(self, now: float) -> None:
        """A response has ended."""
        self.reading, self.put_down_at = False, now

    def forsaken(self, now: float) -> bool:
        """Whether nobody came back for a while, as when a page was loaded anew."""
        return not self.reading and now - self.put_down_at > FORSAKEN_S

    def goes_on_from(self, cursors: dict[str, frames.Cursor]) -> bool:
        """Whether a client at these cursors has all that was handed out, and nothing waits behind a hole."""
        if self.reading or self.connection.outbound.closing is not None:
            return False
        return all(
            self.cursors.get(name) == cursors.get(name) and (place.catching_up or not place.held)
            for name, place in self.connection.subscriptions.items()
        )

    def places(self) -> dict[str, frames.Cursor]:
        """The cursors of what it listens to now: of what was lost nothing will be asked."""
        return {name: at for name, at in self.cursors.items() if name in self.connection.subscriptions}

    def left_over(self) -> list[str]:
        """What was queued while nobody read, save of streams that were lost since: they are shown no more."""
        kept = []
        for text in self.connection.outbound.take_all():
            frame = decode_sent(text)
            stream = getattr(frame, "s", "")
            lost = ":" in stream and stream not in self.connection.subscriptions
            if not lost and not isinstance(frame, frames.Ping):  # that ping is answered by coming back
                kept.append(text)
        return kept

    def hand_out(self, text: str) -> frames.ServerFrame:
        """Note how far the client is once it has this frame."""
        frame = decode_sent(text)
        match frame:
            case frames.Welcome():
                lost = {name for name, state in frame.d.streams.items() if not state.recovered}
                self.cursors = {name: at for name, at in self.cursors.items() if name not in lost}
            case frames.Ev():
                self.cursors[frame.s] = frames.Cursor(epoch=frame.epoch, seq=frame.seq)
            case frames.Batch() if frame.d.events:
                self.cursors[frame.s] = frames.Cursor(epoch=frame.epoch, seq=frame.d.events[-1].seq)
            case frames.Snapshot() if not frame.d.more:
                self.cursors[frame.s] = frames.Cursor(epoch=frame.epoch, seq=frame.d.seq)
            case _:
                pass
        return frame
