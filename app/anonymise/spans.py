"""What was found in a text, and how overlapping finds are settled."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypedDict

Class = Literal["direct", "quasi"]

# Direct: singles a person out by itself. Quasi: does so together with other things.
CLASSES: dict[str, Class] = {
    "PERSON": "direct",
    "SCHOOL": "direct",
    "HEALTH_ORG": "direct",
    "ADDRESS": "direct",
    "POSTCODE": "direct",
    "PHONE": "direct",
    "EMAIL": "direct",
    "URL": "direct",
    "HANDLE": "direct",
    "NHS_NUMBER": "direct",
    "NI_NUMBER": "direct",
    "UPN": "direct",
    "DOB": "direct",
    "VEHICLE_REG": "direct",
    "CASE_REF": "direct",
    "DATE": "quasi",
    "AGE": "quasi",
    "PLACE": "quasi",
    "LOCAL_AUTHORITY": "quasi",
    "EMPLOYER": "quasi",
    "RARE_CONDITION": "quasi",
    "FAMILY_SIZE": "quasi",
    "UNUSUAL_JOB": "quasi",
    "LOCAL_EVENT": "quasi",
}


TAGGED = frozenset({"PERSON", "SCHOOL", "HEALTH_ORG", "ADDRESS", "PLACE", "LOCAL_AUTHORITY", "EMPLOYER"})
SURE = 0.8  # a find with this score needs nobody to agree

DOUBTFUL_UNDER = 0.6  # a find with a lower score is one for a person to look at


SpanDict = TypedDict(
    "SpanDict",
    {
        "start": int,
        "end": int,
        "type": str,
        "class": Class,
        "score": float,
        "detector": str,
        "reason": str,
        "doubtful": bool,
    },
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (not included) of one text, and why they identify somebody.

    `disputed` where detectors that ought to have found it together did not agree.
    """

    start: int
    end: int
    type: str
    score: float
    detector: str
    reason: str
    disputed: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether a person ought to look at this: the score is low, or the detectors disagree."""
        return self.score < DOUBTFUL_UNDER or self.disputed

    def as_dict(self) -> SpanDict:
        """The span as plain data."""
        return {
            "start": self.start,
            "end": self.end,
            "type": self.type,
            "class": self.cls,
            "score": self.score,
            "detector": self.detector,
            "reason": self.reason,
            "doubtful": self.doubtful,
        }

    @property
    def cls(self) -> Class:
        """Whether this singles a person out by itself ("direct") or with other things ("quasi")."""
        return CLASSES[self.type]


def agreed(ruled: list[Span], tagged: list[Span]) -> list[Span]:
    """Both detectors' finds; overlapping ones of one type are one. What only one of them found is disputed
    unless it is sure by itself.
    """
    kept: list[Span] = []
    rest = list(tagged)
    for span in ruled:
        if span.type in TAGGED:
            beside = [other for other in rest if other.start < span.end and span.start < other.end]
            same = [other for other in beside if other.type == span.type]
            rest = [other for other in rest if other not in same]
            whole = replace(
                span,
                start=min([span.start, *(other.start for other in same)]),
                end=max([span.end, *(other.end for other in same)]),
                score=max([span.score, *(other.score for other in same)]),
                disputed=not same and span.score < SURE,
            )
            kept.append(whole)
        else:
            kept.append(span)
    return [*kept, *(replace(span, disputed=span.score < SURE) for span in rest)]


def settle(found: Iterable[Span], text: str) -> list[Span]:
    """Spans of this text in order, none overlapping another.

    The surer one stays, then the longer. What a loser covers beside the winner stays covered under the
    loser's type, so that nothing once found is uncovered again.
    """
    kept: list[Span] = []
    for span in sorted(found, key=lambda s: (-s.score, s.start - s.end, s.start)):
        pieces = [(span.start, span.end)]
        for winner in kept:
            pieces = [piece for start, end in pieces for piece in outside(start, end, winner)]
        for start, end in pieces:
            letters = [place for place in range(start, end) if text[place].isalnum()]
            if letters and not (
                len(pieces) == 1 and text[start:end].casefold() in ("s", "'s") and start > span.start
            ):
                inside = (
                    (start, end) if (start, end) == (span.start, span.end) else (letters[0], letters[-1] + 1)
                )
                kept.append(replace(span, start=inside[0], end=inside[1]))
    return sorted(kept)


def outside(start: int, end: int, winner: Span) -> list[tuple[int, int]]:
    """The pieces of a place in the text that another span does not cover."""
    if end <= winner.start or winner.end <= start:
        return [(start, end)]
    return [piece for piece in ((start, winner.start), (winner.end, end)) if piece[0] < piece[1]]
