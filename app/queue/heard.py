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
    first: int = 0  # every event from here on was heard; 0 where none was yet
    heard: int = 0  # ... up to here
    texts: list[tuple[int, Said]] = []  # of them, those that nobody took
    read: int | None = None  # all is read up to here; None while the log is being read
    stored: int = 0  # the database knows that all is read up to here

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
        posted = event.kind == "message.posted"
        place = self._places.get(event.conversation)
        if place is None:
            return not posted
        if event.seq <= place.heard:  # told again
            return True
        known = place.heard > 0 or place.read is not None  # also that an empty log was read to its end
        missing = known and event.seq > place.heard + 1
        if missing or (posted and not isinstance(event.wire, MessageWire)):
            return not (self.forget(event.conversation) or posted)
        if isinstance(event.wire, MessageWire):
            place.texts.append((event.seq, Said(event.wire.speaker, event.wire.body)))
            if place.read is not None:
                self._unread[event.conversation] = None
        elif place.read == place.heard:
            place.read = event.seq
        place.first = place.first or event.seq
        place.heard = event.seq
        return True

    def take(self) -> list[Taken]:
        """The unread texts of all conversations; whoever takes them says what they told of."""
        taken = []
        for conversation in self._unread:
            place = self._places[conversation]
            taken.append(Taken(conversation, place.heard, tuple(said for _, said in place.texts)))
            place.texts = []
        self._unread.clear()
        return taken

    def quiet(self, taken: Taken) -> None:
        """These texts tell of nothing."""
        if (place := self._places.get(taken.conversation)) is not None:
            place.read = taken.up_to

    def log_is_read(self, conversation: UUID) -> None:
        """Its log is being read, from the place that the database knows; what comes meanwhile is kept."""
        self.forget(conversation)
        self._places[conversation] = _Place(texts=[])
        while len(self._places) > MOST:
            oldest, _ = self._places.popitem(last=False)
            self._unread.pop(oldest, None)

    def learn(self, conversation: UUID, *, up_to: int) -> bool:
        """The database knows that all is read up to here. False where something after it was missed."""
        place = self._places.get(conversation)
        if place is None:
            return False
        if place.first > up_to + 1:
            self.forget(conversation)
            return False
        place.first = 1
        place.heard = max(place.heard, up_to)
        place.texts = [(seq, said) for seq, said in place.texts if seq > up_to]
        place.stored, place.read = up_to, up_to if place.texts else place.heard
        if place.texts:
            self._unread[conversation] = None
        return True

    def forget(self, conversation: UUID) -> bool:
        """Its log must be read from the place that the database knows; whether it holds something unread."""
        place = self._places.pop(conversation, None)
        self._unread.pop(conversation, None)
        return place is not None and place.read != place.heard

    def moved(self) -> list[Quiet]:
        """The places that the database does not know yet."""
        return [
            Quiet(conversation, place.stored, place.read)
            for conversation, place in self._places.items()
            if place.read is not None and place.read > place.stored
        ]

    def stored(self, moved: Iterable[Quiet]) -> None:
        """The database knows these now."""
        for each in moved:
            if (place := self._places.get(each.conversation)) is not None:
                place.stored = max(place.stored, each.up_to)
