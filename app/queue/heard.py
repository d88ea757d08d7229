"""What a worker has heard of its conversations' texts, so that quiet ones need not be read back. Pure.

Where it has heard every event since a place up to which all was read, it knows the texts as they stand in the
log. Where one is missing, as another worker stored it, the log must be read.
"""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from app.chat.log import MessageWire
from app.chat.rules import Stream
from app.events import LogAppended
from app.safeguarding.unread import Quiet

MOST = 4096  # conversations


class Said(Struct, frozen=True, eq=False):
    """A text that was stored. Holds what a family wrote, so no repr."""

    speaker: str
    body: str

    __repr__ = object.__repr__


class Taken(Struct, frozen=True, eq=False):
    """Unread texts of a conversation, up to a place. Holds what a family wrote, so no repr."""

    conversation: UUID
    up_to: int
    texts: tuple[Said, ...]

    __repr__ = object.__repr__


class _Place(Struct, eq=False):
    stored: int  # the database knows that all is read up to here
    read: int
    heard: int  # every event up to here was heard
    texts: list[Said]  # between `read` and `heard`

    __repr__ = object.__repr__


class Heard:
    """The conversations whose events were heard without a gap."""

    def __init__(self) -> None:
        self._places: OrderedDict[UUID, _Place] = OrderedDict()
        self._unread: dict[UUID, None] = {}

    @property
    def waiting(self) -> bool:
        """Whether a text is known that was not read."""
        return bool(self._unread)

    def hear(self, event: LogAppended) -> bool:
        """Take note of an event. False where the log must be read, as one before it was missed."""
        if event.stream != Stream.CONV:
            return True
        place = self._places.get(event.conversation)
        if place is None:
            return event.kind != "message.posted"
        if event.seq > place.heard + 1:
            self.forget(event.conversation)
            return event.kind != "message.posted" and place.read == place.heard
        if event.seq <= place.heard:  # told again
            return True
        if event.kind == "message.posted":
            if not isinstance(event.wire, MessageWire):
                self.forget(event.conversation)
                return False
            place.texts.append(Said(event.wire.speaker, event.wire.body))
            self._unread[event.conversation] = None
        elif place.read == place.heard:
            place.read = event.seq
        place.heard = event.seq
        return True

    def take(self) -> list[Taken]:
        """The unread texts of all conversations; whoever takes them says what they told of."""
        taken = []
        for conversation in self._unread:
            place = self._places[conversation]
            taken.append(Taken(conversation, place.heard, tuple(place.texts)))
            place.texts = []
        self._unread.clear()
        return taken

    def quiet(self, taken: Taken) -> None:
        """These texts tell of nothing."""
        if (place := self._places.get(taken.conversation)) is not None:
            place.read = taken.up_to

    def learn(self, conversation: UUID, *, up_to: int) -> None:
        """The database knows that all is read up to here."""
        self.forget(conversation)
        self._places[conversation] = _Place(up_to, up_to, up_to, [])
        while len(self._places) > MOST:
            oldest, _ = self._places.popitem(last=False)
            self._unread.pop(oldest, None)

    def forget(self, conversation: UUID) -> None:
        """Its log must be read from the place that the database knows."""
        self._places.pop(conversation, None)
        self._unread.pop(conversation, None)

    def moved(self) -> list[Quiet]:
        """The places that the database does not know yet."""
        return [
            Quiet(conversation, place.stored, place.read)
            for conversation, place in self._places.items()
            if place.read > place.stored
        ]

    def stored(self, moved: Iterable[Quiet]) -> None:
        """The database knows these now."""
        for each in moved:
            if (place := self._places.get(each.conversation)) is not None:
                place.stored = max(place.stored, each.up_to)
