"""Frames with which staff take parents, hand them over and wrap up, and say how free they are. Pure."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.realtime.wire import Code, ConversationData, Data, Frame, Id


class QueueClaim(Frame, tag="queue.claim"):
    """Take this waiting conversation, also out of turn, as far as `may_pick` of `queue` allows it."""

    id: Id
    d: ConversationData


class ConversationEnd(Frame, tag="conversation.end"):
    """End the conversation, from either side; for a parent who still waits, leave the queue."""

    id: Id
    d: ConversationData


class MessageLeave(Frame, tag="message.leave"):
    """Wait no longer at the screen: what you wrote is answered later, and read with your return code."""

    id: Id
    d: ConversationData


class QueueRejoin(Frame, tag="queue.rejoin"):
    """Wait at the screen again after a message was left; refused while the service is closed."""

    id: Id
    d: ConversationData


class QueueNext(Frame, tag="queue.next"):
    """Take whoever is next for you: who is offered to you, else who has waited longest."""

    id: Id


class AvailabilityData(Data):
    availability: Literal["available", "busy", "on_break", "offline"]


class AvailabilitySet(Frame, tag="availability.set"):
    """Say whether you can take a new conversation."""

    id: Id
    d: AvailabilityData


class OfferData(Data):
    offer: UUID


class OfferAccept(Frame, tag="offer.accept"):
    """Take the parent who is offered to you; the offer stands in the state of `me`."""

    id: Id
    d: OfferData


class OfferDecline(Frame, tag="offer.decline"):
    """Let the next coach be asked. Nobody holds it against you."""

    id: Id
    d: OfferData


class QueueAssignData(Data):
    conversation: UUID
    staff: UUID


class QueueAssign(Frame, tag="queue.assign"):
    """Give this waiting conversation to this coach, by hand."""

    id: Id
    d: QueueAssignData


class TransferData(Data):
    conversation: UUID
    client_message_id: UUID
    note: str = ""
    staff: UUID | None = None

    def __repr__(self) -> str:
        return "TransferData(…)"


class ConversationTransfer(Frame, tag="conversation.transfer"):
    """Hand your conversation over: it leads the queue, and a colleague who is named is asked first.

    The note, sealed like every other, waits in the `staff` stream for whoever takes it.
    """

    id: Id
    d: TransferData


class ConversationWarn(Frame, tag="conversation.warn"):
    """Ask the parent to write with respect; they see it in the chat."""

    id: Id
    d: ConversationData


class BlockData(Data):
    conversation: UUID
    reason: Literal["abusive", "sexual", "threats", "prank"]


class ConversationBlock(Frame, tag="conversation.block"):
    """End a conversation after a warning and block its session for a day; never where there is a risk."""

    id: Id
    d: BlockData


class BlockReviewData(Data):
    block: UUID
    uphold: bool


class BlockReview(Frame, tag="block.review"):
    """Uphold a block that somebody else made, or lift it; unreviewed, it lapses after a day."""

    id: Id
    d: BlockReviewData


class SwitchboardData(Data):
    on: bool


class SwitchboardSet(Frame, tag="switchboard.set"):
    """Take the whole queue, or give it back: meanwhile only you say who goes to whom."""

    id: Id
    d: SwitchboardData


class WrapUpData(Data):
    conversation: UUID
    topics: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=3)]
    disposition: Code
    barriers: Annotated[tuple[Code, ...], Meta(max_length=30)] = ()
    service_gaps: Annotated[tuple[Code, ...], Meta(max_length=30)] = ()


class WrapUpSubmit(Frame, tag="wrap_up.submit"):
    """Say what an ended conversation was about, main topic first; this closes it."""

    id: Id
    d: WrapUpData
