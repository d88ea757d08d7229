"""The wire, version 1: every frame that may cross the socket, and nothing else. Pure.

These structs are the one source: JSON Schema, the AsyncAPI document and the browser's types are generated
from them. `C` frames come from a client, `S` frames from the server. All refuse unknown fields.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.realtime.codes import ErrorCode
from app.realtime.concern_frames import ConcernRaise as ConcernRaise
from app.realtime.concern_frames import ConcernRaiseData as ConcernRaiseData
from app.realtime.concern_frames import ConcernStep as ConcernStep
from app.realtime.concern_frames import ConcernStepData as ConcernStepData
from app.realtime.queue_frames import AvailabilityData as AvailabilityData
from app.realtime.queue_frames import AvailabilitySet as AvailabilitySet
from app.realtime.queue_frames import BlockData as BlockData
from app.realtime.queue_frames import BlockReview as BlockReview
from app.realtime.queue_frames import BlockReviewData as BlockReviewData
from app.realtime.queue_frames import ConversationBlock as ConversationBlock
from app.realtime.queue_frames import ConversationEnd as ConversationEnd
from app.realtime.queue_frames import ConversationTransfer as ConversationTransfer
from app.realtime.queue_frames import ConversationWarn as ConversationWarn
from app.realtime.queue_frames import MessageLeave as MessageLeave
from app.realtime.queue_frames import OfferAccept as OfferAccept
from app.realtime.queue_frames import OfferData as OfferData
from app.realtime.queue_frames import OfferDecline as OfferDecline
from app.realtime.queue_frames import QueueAssign as QueueAssign
from app.realtime.queue_frames import QueueAssignData as QueueAssignData
from app.realtime.queue_frames import QueueClaim as QueueClaim
from app.realtime.queue_frames import QueueNext as QueueNext
from app.realtime.queue_frames import QueueRejoin as QueueRejoin
from app.realtime.queue_frames import SwitchboardData as SwitchboardData
from app.realtime.queue_frames import SwitchboardSet as SwitchboardSet
from app.realtime.queue_frames import TransferData as TransferData
from app.realtime.queue_frames import WrapUpData as WrapUpData
from app.realtime.queue_frames import WrapUpSubmit as WrapUpSubmit
from app.realtime.wire import Code as Code
from app.realtime.wire import ConversationData as ConversationData
from app.realtime.wire import Count as Count
from app.realtime.wire import Data as Data
from app.realtime.wire import Frame as Frame
from app.realtime.wire import Id as Id
from app.realtime.wire import StreamName as StreamName

PROTOCOL = "earshot.v1"
PATH = "/rt/v1"


# From the client


class Cursor(Data):
    """How far a client has a stream: the epoch it knows and the last `seq` it holds."""

    epoch: Annotated[str, Meta(max_length=32)]
    seq: Count


Cursors = Annotated[dict[str, Cursor], Meta(max_length=64)]


class HelloData(Data):
    token: Annotated[str, Meta(min_length=1, max_length=200)]
    client: Annotated[str, Meta(min_length=1, max_length=80)]
    conn: UUID
    cursors: Cursors = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return "HelloData(…)"


class Hello(Frame, tag="hello"):
    """The first frame of every socket. The token is a parent's, or a staff member's one-use socket pass."""

    id: Id
    d: HelloData


class Pong(Frame, tag="pong"):
    """The answer to `ping`; any other frame serves as well."""


class SyncData(Data):
    epoch: Annotated[str, Meta(max_length=32)]
    seq: Count


class Sync(Frame, tag="sync"):
    """Ask for what came after `seq`; answered by batches, then `ok`.

    Another epoch than the stream's is refused as `stale_epoch`; a `seq` past the head closes with 4003.
    """

    id: Id
    s: StreamName
    d: SyncData


class MessagePostData(Data):
    client_message_id: UUID
    body: str

    def __repr__(self) -> str:
        return "MessagePostData(…)"


class MessagePost(Frame, tag="message.post"):
    """Say something. Send it again with the same `client_message_id` until an `ok` comes."""

    id: Id
    s: StreamName
    d: MessagePostData


class Typing(Frame, tag="typing"):
    """The sender is writing; what they write is never sent before they send it."""

    s: StreamName


class ReadData(Data):
    up_to: Count


class Read(Frame, tag="read"):
    """The sender has seen everything up to this `seq`."""

    s: StreamName
    d: ReadData


class NoteData(Data):
    conversation: UUID
    client_message_id: UUID
    body: str

    def __repr__(self) -> str:
        return "NoteData(…)"


class NoteAdd(Frame, tag="note.add"):
    """Write a note that only staff of this conversation see."""

    id: Id
    d: NoteData


class ConsultAsk(Frame, tag="consult.ask"):
    """Ask the supervisors about a conversation that is yours. The answer comes on its `staff` stream."""

    id: Id
    d: NoteData


class ConsultWhisper(Frame, tag="consult.whisper"):
    """Say something to the coach who holds this conversation, asked or unasked. The parent never sees it."""

    id: Id
    d: NoteData


ClientFrame = (
    Hello
    | Pong
    | Sync
    | MessagePost
    | Typing
    | Read
    | MessageLeave
    | QueueRejoin
    | ConversationEnd
    | ConversationTransfer
    | ConversationWarn
    | ConversationBlock
    | BlockReview
    | QueueClaim
    | QueueNext
    | QueueAssign
    | SwitchboardSet
    | OfferAccept
    | OfferDecline
    | AvailabilitySet
    | NoteAdd
    | ConsultAsk
    | ConsultWhisper
    | ConcernRaise
    | ConcernStep
    | WrapUpSubmit
)

# From the server


class StreamState(Data):
    """Where a stream stands at `welcome`; `recovered` false means that a snapshot follows."""

    epoch: str
    head: Count
    recovered: bool


class WelcomeData(Data, omit_defaults=False):
    role: Literal["parent", "coach", "supervisor"]
    ping_s: float
    pong_s: float
    max_frame: int
    max_text: int
    streams: dict[str, StreamState]


class Welcome(Frame, tag="welcome"):
    re: Id
    d: WelcomeData


EventKind = Literal[
    "message.posted",
    "queue.entered",
    "queue.closing",
    "message.left",
    "queue.rejoined",
    "conversation.assigned",
    "conversation.paused",
    "conversation.resumed",
    "conversation.warned",
    "conversation.ended",
    "conversation.closed",
    "conversation.abandoned",
    "note.added",
    "consult.asked",
    "consult.whispered",
    "conversation.tagged",
    "conversation.handed_over",
    "concern.raised",
    "concern.stepped",
    "risk.flagged",
    "help.shown",
]


class EventBody(Data, omit_defaults=False):
    """One durable event as it stands inside a batch or a snapshot."""

    seq: Count
    k: EventKind
    at: str
    gen: Count
    d: dict[str, object]

    def __repr__(self) -> str:
        return f"EventBody(seq={self.seq}, k={self.k!r})"


class Ev(Frame, tag="ev", omit_defaults=False):
    """One durable event, live. `seq` runs without gaps in each stream and epoch."""

    s: StreamName
    epoch: str
    seq: Count
    k: EventKind
    at: str
    gen: Count
    d: dict[str, object]

    def __repr__(self) -> str:
        return f"Ev(s={self.s!r}, seq={self.seq}, k={self.k!r})"


class BatchData(Data, omit_defaults=False):
    events: tuple[EventBody, ...]
    more: bool


class Batch(Frame, tag="batch"):
    """What a client missed, oldest first, at most 100 events a frame."""

    s: StreamName
    epoch: str
    d: BatchData


class SnapshotData(Data, omit_defaults=False):
    seq: Count
    state: dict[str, object]
    events: tuple[EventBody, ...]
    more: bool


class Snapshot(Frame, tag="snapshot"):
    """A stream whole, from one transaction: its state, and its events up to `seq`. Replaces what was held."""

    s: StreamName
    epoch: str
    d: SnapshotData


class State(Frame, tag="state"):
    """The whole of `me` or `queue`; replaces the one before. `version` only grows while a socket lives."""

    s: StreamName
    version: Count
    d: dict[str, object]


EphemeralKind = Literal["typing", "read", "presence", "queue.position"]


class Eph(Frame, tag="eph"):
    """Something that is true now and is not kept: typing, presence, a read cursor, a place in the queue."""

    s: StreamName
    k: EphemeralKind
    d: dict[str, object]


class Ok(Frame, tag="ok", omit_defaults=False):
    """The request was carried out, and what it wrote is durable."""

    re: Id
    d: dict[str, object]


class ErrData(Data, omit_defaults=False):
    code: ErrorCode
    message: str
    next_step: str
    retryable: bool
    retry_ms: int | None = None


class Err(Frame, tag="err", omit_defaults=False):
    """The request was not carried out: why, and what to do next. `re` is absent when none could be read."""

    re: Id | None
    d: ErrData


class PingData(Data, omit_defaults=False):
    heads: dict[str, Count]


class Ping(Frame, tag="ping"):
    """A heartbeat, with the head of each of the client's streams: whoever holds less asks `sync`."""

    d: PingData


ServerFrame = Welcome | Ev | Batch | Snapshot | State | Eph | Ok | Err | Ping

_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)
_cursors_decoder: msgspec.json.Decoder[dict[str, Cursor]] = msgspec.json.Decoder(Cursors)
_encoder = msgspec.json.Encoder(uuid_format="canonical")


def decode(text: str | bytes) -> ClientFrame:
    """A client's frame, or msgspec.ValidationError / msgspec.DecodeError for anything that is not one."""
    return _decoder.decode(text)


def decode_sent(text: str) -> ServerFrame:
    """A frame of our own, as it was encoded."""
    return _server_decoder.decode(text)


def decode_cursors(text: str) -> dict[str, Cursor]:
    """Cursors as `hello` has them, or msgspec.ValidationError / msgspec.DecodeError."""
    return _cursors_decoder.decode(text)


def encode_cursors(cursors: dict[str, Cursor]) -> str:
    """Cursors as `hello` has them, as JSON text."""
    return _encoder.encode(cursors).decode()


def encode(frame: Frame) -> str:
    """The frame as JSON text."""
    return _encoder.encode(frame).decode()
