"""Frames with which staff take parents, answer offers, and say how free they are. Pure."""

from typing import Literal
from uuid import UUID

from app.realtime.wire import ConversationData, Data, Frame, Id


class QueueClaim(Frame, tag="queue.claim"):
    """Take this waiting conversation, also out of turn, as far as `may_pick` of `queue` allows it."""

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


class SwitchboardData(Data):
    on: bool


class SwitchboardSet(Frame, tag="switchboard.set"):
    """Take the whole queue, or give it back: meanwhile only you say who goes to whom."""

    id: Id
    d: SwitchboardData
