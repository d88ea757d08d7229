"""One socket's protocol as a state machine without input or output: text and time in, outcomes out. Pure.

It knows nothing of conversations. It decides what a frame is, whether this role may send it now, how fast,
and when a heartbeat is due or a silent socket is given up.
"""

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from app.realtime import frames
from app.realtime.codes import ErrorCode
from app.realtime.frames import ClientFrame

STAFF = frozenset({"coach", "supervisor"})
EVERYBODY = STAFF | {"parent"}

# Who may send what; a verb that is missing here cannot be sent by anybody.
VERBS: dict[type[ClientFrame], frozenset[str]] = {
    frames.Hello: EVERYBODY,
    frames.Pong: EVERYBODY,
    frames.Sync: EVERYBODY,
    frames.MessagePost: EVERYBODY,
    frames.Typing: EVERYBODY,
    frames.Read: EVERYBODY,
    frames.MessageLeave: frozenset({"parent"}),
    frames.QueueRejoin: frozenset({"parent"}),
    frames.ConversationEnd: EVERYBODY,
    frames.ConversationTransfer: STAFF,
    frames.ConversationWarn: STAFF,
    frames.ConversationBlock: STAFF,
    frames.BlockReview: frozenset({"supervisor"}),
    frames.QueueClaim: STAFF,
    frames.QueueNext: STAFF,
    frames.QueueAssign: frozenset({"supervisor"}),
    frames.SwitchboardSet: frozenset({"supervisor"}),
    frames.OfferAccept: STAFF,
    frames.OfferDecline: STAFF,
    frames.AvailabilitySet: STAFF,
    frames.NoteAdd: STAFF,
    frames.ConsultAsk: STAFF,
    frames.ConsultWhisper: frozenset({"supervisor"}),
    frames.ConcernRaise: STAFF,
    frames.ConcernStep: frozenset({"supervisor"}),
    frames.WrapUpSubmit: STAFF,
}

_MAY: dict[str | None, frozenset[type[ClientFrame]]] = {
    role: frozenset(verb for verb, roles in VERBS.items() if role in roles) for role in EVERYBODY
}
_NOBODY: frozenset[type[ClientFrame]] = frozenset()

TEXT_VERBS = (
    frames.MessagePost,
    frames.NoteAdd,
    frames.ConsultAsk,
    frames.ConsultWhisper,
    frames.ConcernRaise,
    frames.ConcernStep,
    frames.ConversationTransfer,
)
NO_ACT = (frames.Pong, frames.Sync)
SILENT = 4001
OTHER_FRAMES_PER_MINUTE = 600
BAD_FRAMES_ALLOWED = 20


class Command(Struct, frozen=True):
    """A frame that may be carried out."""

    frame: ClientFrame


class Reply(Struct, frozen=True):
    """A frame to send back; nothing is carried out."""

    frame: frames.Err


class Close(Struct, frozen=True):
    """The socket must be closed with this code."""

    code: int


class PingDue:
    """A heartbeat must be sent now."""


Outcome = Command | Reply | Close


class Bucket:
    """A token bucket: `per_minute` on average, and as many at once. `spent` counts what is taken here."""

    __slots__ = ("_at", "_left", "per_minute", "spent")

    def __init__(self, per_minute: int, now: float) -> None:
        self.per_minute = per_minute
        self.spent = 0
        self._left = float(per_minute)
        self._at = now

    def take(self, now: float) -> int | None:
        """Take one: None, or where none is left the milliseconds until there is one."""
        self._left = min(self.per_minute, self._left + (now - self._at) * self.per_minute / 60)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            self.spent += 1
            return None
        return int((1 - self._left) * 60_000 / self.per_minute) + 1

    def debit(self, number: int, now: float) -> None:
        """Take what was taken elsewhere, where it could not be refused any more."""
        self._left = min(self.per_minute, self._left + (now - self._at) * self.per_minute / 60)
        self._left = max(0.0, self._left - number)
        self._at = now

    def full(self, now: float) -> bool:
        """Whether it is as good as a new one."""
        return self._left + (now - self._at) * self.per_minute / 60 >= self.per_minute


@dataclass(frozen=True, slots=True)
class Pace:
    """Timers in seconds and limits of one socket, as the settings have them."""

    ping: float
    pong: float
    frame_bytes: int
    parent_messages_per_minute: int
    staff_messages_per_minute: int


def text_bucket(pace: Pace, role: str, now: float) -> Bucket:
    """A full bucket for the texts of somebody in this role."""
    staff = role in STAFF
    return Bucket(pace.staff_messages_per_minute if staff else pace.parent_messages_per_minute, now)


class Session:
    """The state of one socket. `now` is always a monotonic clock's seconds."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._may = _NOBODY
        self._greeted = False
        self._heard = now
        self._said = now  # the last ping: who speaks without being answered must still hear something
        self.acted = now  # when a person last did something, which an answer to a ping is not
        self._pinged: float | None = None
        self._bad = 0
        self._texts = text_bucket(pace, "parent", now)
        self._others = Bucket(OTHER_FRAMES_PER_MINUTE, now)

    @property
    def heard(self) -> float:
        """When the other end last gave a sign of life."""
        return self._heard

    def welcome(self, role: str, texts: Bucket, others: Bucket | None = None) -> None:
        """Who it is is known: from now on this role's verbs are open.

        `texts` paces what this person writes; all of their sockets share it, one after the other too.
        `others` does so for all else, where it is not this session alone that is paced.
        """
        self._greeted = True
        self._may = _MAY.get(role, _NOBODY)
        self._texts = texts
        self._others = others or self._others

    def come_back(self, now: float) -> Close | None:
        """Whoever comes and goes is here again, which answers a ping; Close where they do so too often."""
        outcome = self._judge(frames.Pong(), now)
        self._heard, self._pinged = now, None
        return outcome if isinstance(outcome, Close) else None

    def receive(self, text: str | bytes, now: float) -> Outcome:
        """Decide about one frame. Never raises, whatever the text is."""
        self._heard, self._pinged = now, None
        if 4 * len(text) > self._pace.frame_bytes and _size(text) > self._pace.frame_bytes:
            return self._bad_frame(None, "too_large", "That frame is too large.", "Split it.")
        try:
            frame = frames.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            if not self._greeted:
                return Close(4500)
            # msgspec's own words name the path and what was expected; never the value of a free text.
            reason = str(error) if isinstance(error, msgspec.ValidationError) else "It is not JSON."
            return self._bad_frame(
                _id_of(text),
                "bad_request",
                f"That frame is not understood: {reason}",
                "See docs/protocol.md.",
            )
        if not self._greeted:
            return self._greet(frame)
        if isinstance(frame, frames.Hello):
            return self._bad_frame(frame.id, "bad_request", "Hello was said already.", "Send it once.")
        return self._judge(frame, now)

    def tick(self, now: float) -> PingDue | Close | None:
        """What time alone demands: a heartbeat, an end, or nothing."""
        if self._pinged is not None:
            return Close(SILENT) if now - self._pinged >= self._pace.pong else None
        if now - self._heard >= self._pace.ping:
            self._pinged = self._said = now
            return PingDue()
        if now - self._said >= self._pace.ping:
            self._said = now
            return PingDue()
        return None

    def _greet(self, frame: ClientFrame) -> Outcome:
        if not isinstance(frame, frames.Hello):
            return Close(4500)
        self._greeted = True
        return Command(frame)

    def _judge(self, frame: ClientFrame, now: float) -> Outcome:
        if type(frame) not in self._may:
            return Reply(
                error_frame(_id(frame), "forbidden", "Your role may not do this.", "Ask a supervisor.")
            )
        if isinstance(frame, TEXT_VERBS):
            retry_ms = self._texts.take(now)
            if retry_ms is not None:
                return Reply(
                    error_frame(
                        _id(frame),
                        "rate_limited",
                        "That is more than can be sent in a minute.",
                        "It is kept here; it goes when there is room again.",
                        retry_ms=retry_ms,
                    )
                )
        elif self._others.take(now) is not None:
            return Close(4005)
        if not isinstance(frame, NO_ACT):
            self.acted = now
        return Command(frame)

    def _bad_frame(self, frame_id: str | None, code: ErrorCode, message: str, step: str) -> Outcome:
        self._bad += 1
        if self._bad > BAD_FRAMES_ALLOWED:
            return Close(4500)
        return Reply(error_frame(frame_id, code, message, step))


def error_frame(
    frame_id: str | None,
    code: ErrorCode,
    message: str,
    next_step: str,
    *,
    retry_ms: int | None = None,
) -> frames.Err:
    """An error as a frame."""
    data = frames.ErrData(
        code=code,
        message=message,
        next_step=next_step,
        retryable=retry_ms is not None,
        retry_ms=retry_ms,
    )
    return frames.Err(re=frame_id, d=data)


def _id(frame: ClientFrame) -> str | None:
    return getattr(frame, "id", None)


class _OnlyId(msgspec.Struct):
    id: frames.Id | None = None


def _id_of(text: str | bytes) -> str | None:
    """The id of a frame that is otherwise not understood, so that its sender hears which one it was."""
    try:
        return msgspec.json.decode(text, type=_OnlyId).id
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # brackets nest as deep as they like
        return None


def _size(text: str | bytes) -> int:
    return len(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
