"""What this worker knows of the conversations that are being written in. Pure; the database is the truth.

Whatever changes who may write to a conversation also raises the head of its `conv`, under its lock. So who
was let write when the head was some number may write for as long as it is that number. Whoever stores by this
knowledge has the database compare the head, under the lock, and the status and the generation with it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

MOST = 4096


class Known(Struct, eq=False):
    """A conversation at this head of its `conv`, and who was let write to it there."""

    head: int
    status: str
    generation: int
    epoch: str
    roles: dict[int, str]  # of participants, by their ids as numbers, which are cheaper to look up
    sure: bool = True  # nobody else, such as another worker, writes to it as well just now


class Knowledge:
    """The conversations that were written in lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, Known] = OrderedDict()

    def of(self, conversation: UUID) -> Known | None:
        """What is known of this conversation, if it is likely to be so still."""
        known = self._known.get(conversation.int)
        return known if known is not None and known.sure else None

    def learn(self, conversation: UUID, *, found: Known, stored: int) -> None:
        """So many messages were stored up to the head that was found, by the people in `found`."""
        known = self._known.pop(conversation.int, None)
        if known is not None:
            found.sure = _nothing_else(known, found, stored)
            if found.sure:
                found.roles = {**known.roles, **found.roles}
        self._known[conversation.int] = found
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def doubt(self, conversations: Sequence[UUID]) -> None:
        """It was not so any more: asking by it again would cost a statement for nothing."""
        for conversation in conversations:
            if (known := self._known.get(conversation.int)) is not None:
                known.sure = False


def _nothing_else(known: Known, found: Known, stored: int) -> bool:
    as_it_was = (known.status, known.generation) == (found.status, found.generation)
    return as_it_was and known.head + stored == found.head
