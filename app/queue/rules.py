"""Who comes next, to whom, and how long it may take, decided without a database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from msgspec import Struct, structs

LANGUAGE_WAIT = timedelta(minutes=10)
ASK_AGAIN = timedelta(minutes=2)
ENOUGH_GAPS = 5
HARD_CHATS = 2  # in one shift: somebody should look after this coach

Wish = tuple[str | None, frozenset[UUID]]
Rank = tuple[bool, bool, bool, int, datetime, UUID]


class Turn(IntEnum):
    """Whose turn it is: the lowest comes first, and within one the oldest."""

    HIGH_RISK = 0
    RETURNED = 1  # their coach was lost: back to the head
    ORDINARY = 2
    MESSAGE = 3  # left to be answered: nobody is waiting at a screen


class Bar(StrEnum):
    """Why a coach may be given nobody new just now."""

    AWAY = "away"  # not set as available
    ON_BREAK = "on_break"
    LOST = "lost"  # their line is gone
    RESTING = "resting"  # a break or a debrief that the service gives
    BREAK_DUE = "break_due"  # and begins when they hold nobody any more
    HOLDS_HIGH_RISK = "holds_high_risk"
    FULL = "full"
    BEING_ASKED = "being_asked"  # an offer stands with them


class Misfit(StrEnum):
    """Why a coach who is free may not be given this parent."""

    LANGUAGE = "language"
    DECLINED = "declined"  # or did not answer, a moment ago


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting conversation, as the order sees it.

    `earlier_coach` is set where the parent wishes to talk to them again; `asked` are the coaches who lately
    declined this parent or did not answer, and when.
    """

    conversation: UUID
    entered_at: datetime
    turn: int
    language: str
    topic: str | None = None
    earlier_coach: UUID | None = None
    asked: tuple[tuple[UUID, datetime], ...] = ()

    @property
    def high_risk(self) -> bool:
        return self.turn == Turn.HIGH_RISK


class Coach(Struct, frozen=True, gc=False):
    """All that is asked about a coach. `idle_since` is when they last were given somebody, or came on duty.

    `rests_until` bars them until then, `break_due_at` from then on. `sees_again` is their wish to meet
    parents whom they know.
    """

    staff: UUID
    languages: tuple[str, ...]
    idle_since: datetime
    load: int = 0
    capacity: int = 3
    skills: tuple[str, ...] = ()
    sees_again: bool = True
    availability: str = "available"
    alive: bool = True
    high_risk: int = 0
    rests_until: datetime | None = None
    being_asked: bool = False
    break_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """This parent goes to this coach: the first of `compared`, best first, is the one.

    `passed` are the parents before them whom none of the free coaches may take now, and `barred` the coaches
    who may take nobody. Where `unread`, more were on duty, none of them before the first.
    """

    at: datetime
    parent: Waiting
    coach: Coach
    compared: tuple[Coach, ...]
    unfit: tuple[tuple[Coach, Misfit], ...]
    barred: tuple[tuple[UUID, Bar], ...]
    passed: tuple[Waiting, ...]
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds until a coach comes: half of all parents in this place wait at most p50, four in five p80."""

    p50: int
    p80: int


@dataclass(frozen=True, slots=True)
class Told:
    """Seconds that a parent waited after they were told of their wait, and what they were told."""

    waited: float
    p50: int
    p80: int


@dataclass(frozen=True, slots=True)
class WaitError:
    """Of so many parents: how far the p50 was off for half of them, and the share whose p80 held."""

    parents: int
    off_s: int
    within_p80: float


def wait_error(told: Sequence[Told]) -> WaitError | None:
    """How wrong the expected waits were; an honest p80 holds for four in five."""
    if not told:
        return None
    off = sorted(abs(each.waited - each.p50) for each in told)
    within = sum(each.waited <= each.p80 for each in told)
    return WaitError(parents=len(told), off_s=round(off[len(off) // 2]), within_p80=within / len(told))


def in_order(waiting: Sequence[Waiting]) -> list[Waiting]:
    """High risk first, then who was sent back, then first come first served; the id settles a tie."""
    return sorted(waiting, key=lambda entry: (entry.turn, entry.entered_at, entry.conversation))


def match(
    waiting: Sequence[Waiting], coaches: Sequence[Coach], now: datetime, *, most: int | None = None
) -> list[Decision]:
    """Who goes to whom now, the first decision first; each counts for those after it. At most `most`.

    Parents are taken strictly in order. One is passed over only while no free coach speaks the language that
    they asked for, ten minutes at most and never at high risk, or where the free coaches have just declined
    them. Fit chooses among coaches only: `ranking`.
    """
    barred: dict[UUID, Bar] = {}
    free: list[Coach] = []
    for coach in coaches:
        bar = bar_of(coach, now)
        if bar is None:
            free.append(coach)
        else:
            barred[coach.staff] = bar
    decisions: list[Decision] = []
    passed: list[Waiting] = []
    in_vain: set[Wish] = set()  # whom nobody fits is not looked for again: who is free only grows fewer
    for parent in in_order(waiting):
        if not free or len(decisions) == most:
            break
        wish = wish_of(parent, now)
        misfits = [] if wish in in_vain else [(coach, misfit_of(wish, coach)) for coach in free]
        fit = [coach for coach, misfit in misfits if misfit is None]
        if not fit:
            in_vain.add(wish)
            passed.append(parent)
            continue
        compared = sorted(fit, key=ranking(parent))
        chosen = compared[0]
        decisions.append(
            Decision(
                at=now,
                parent=parent,
                coach=chosen,
                compared=tuple(compared),
                unfit=tuple(
                    sorted(
                        ((coach, misfit) for coach, misfit in misfits if misfit is not None),
                        key=lambda each: each[0].staff,
                    )
                ),
                barred=tuple(sorted(barred.items())),
                passed=tuple(passed),
            )
        )
        holding = given(chosen, parent, now)
        bar = bar_of(holding, now)
        free = [holding if coach is chosen else coach for coach in free]
        if bar is not None:
            barred[holding.staff] = bar
            free.remove(holding)
    return decisions


def ranking(parent: Waiting) -> Callable[[Coach], Rank]:
    """How each coach stands for this parent, the lowest best.

    The language they asked for, the coach they know (where both wish it), the topic, then who holds least,
    then who has waited longest. The id settles a tie. Topics are compared at their top level.
    """
    language, known, topic = parent.language, parent.earlier_coach, topic_of(parent)

    def rank(coach: Coach) -> Rank:
        return (
            language not in coach.languages,
            known is None or known != coach.staff or not coach.sees_again,
            topic is None or topic not in coach.skills,
            coach.load,
            coach.idle_since,
            coach.staff,
        )

    return rank


def topic_of(parent: Waiting) -> str | None:
    """What coaches may be good at: the parent's topic at its top level."""
    return parent.topic.partition("/")[0] if parent.topic is not None else None


def bar_of(coach: Coach, now: datetime) -> Bar | None:
    """Why this coach may be given nobody new, or None."""
    if not coach.alive:
        return Bar.LOST
    if coach.availability != "available":
        return Bar.ON_BREAK if coach.availability == "on_break" else Bar.AWAY
    if coach.rests_until is not None and now < coach.rests_until:
        return Bar.RESTING
    if coach.break_due_at is not None and now >= coach.break_due_at:
        return Bar.BREAK_DUE
    if coach.high_risk:
        return Bar.HOLDS_HIGH_RISK
    if coach.load >= coach.capacity:
        return Bar.FULL
    return Bar.BEING_ASKED if coach.being_asked else None


def wish_of(parent: Waiting, now: datetime) -> Wish:
    """What this parent asks of a coach now: the language, None for any; and not to be who declined them."""
    anybody = parent.high_risk or now - parent.entered_at >= LANGUAGE_WAIT
    declined = frozenset(staff for staff, at in parent.asked if now - at < ASK_AGAIN)
    return None if anybody else parent.language, declined


def misfit_of(wish: Wish, coach: Coach) -> Misfit | None:
    """Why a free coach may not be given a parent who asks for this, or None."""
    language, declined = wish
    if declined and coach.staff in declined:
        return Misfit.DECLINED
    return Misfit.LANGUAGE if language is not None and language not in coach.languages else None


def rests_after(
    *, until: datetime | None, now: datetime, worrying: bool, debrief: timedelta
) -> datetime | None:
    """Until when a coach rests who has just finished a conversation.

    One in which somebody worried about safety earns a debrief; a break that stands is never shortened.
    """
    if not worrying or debrief <= timedelta():
        return until
    return max(until or now, now + debrief)


def needs_relief(hard_chats: int) -> bool:
    """Whether a supervisor should look after a coach with so many hard conversations in this shift."""
    return hard_chats >= HARD_CHATS


def given(coach: Coach, parent: Waiting, now: datetime) -> Coach:
    """The coach with this parent as well."""
    high_risk = coach.high_risk + parent.high_risk
    return structs.replace(coach, load=coach.load + 1, high_risk=high_risk, idle_since=now)


def expected_wait(position: int, claim_gaps: Sequence[float]) -> Expected | None:
    """What a parent may expect at this position (1 is next), from the seconds between recent claims.

    The wait is a sum of `position` gaps: their mean, and for p80 one standard deviation's 0.84 on top, as
    sums of gaps come near the normal distribution. None until enough gaps are known to say anything honest.
    """
    if len(claim_gaps) < ENOUGH_GAPS:
        return None
    mean = sum(claim_gaps) / len(claim_gaps)
    variance = sum((gap - mean) ** 2 for gap in claim_gaps) / len(claim_gaps)
    p50 = position * mean
    return Expected(p50=round(p50), p80=round(p50 + 0.84 * (position * variance) ** 0.5))
