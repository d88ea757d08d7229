"""From texts to spans, from spans to pseudonyms, and the check that nothing masked still stands there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.anonymise.ages import age_band, aged
from app.anonymise.allowed import BLANK, PSEUDONYM
from app.anonymise.answers import answered
from app.anonymise.dates import dated
from app.anonymise.further import DETECTOR, beside, further
from app.anonymise.introduced import introduced
from app.anonymise.names import named, remembered
from app.anonymise.namesakes import as_seen, namesakes
from app.anonymise.nicknames import related
from app.anonymise.patterns import formatted
from app.anonymise.places import placed
from app.anonymise.spans import TAGGED, Span, SpanDict, agreed, outside, settle
from app.anonymise.tagger import tagged
from app.anonymise.uncommon import uncommon
from app.anonymise.view import View, normalised
from app.anonymise.words import NOBODY, ORDINARY, WORD_NAMES

VERSION = "layers-9"

_RULES = (formatted, dated, aged, placed, named, namesakes, introduced, uncommon)
NUMBERED = frozenset({"PERSON", "SCHOOL", "PLACE", "HEALTH_ORG", "LOCAL_AUTHORITY", "EMPLOYER", "ADDRESS"})
_NUMBER = re.compile(r"\[([A-Z_]+?)_(\d+)\]")
_LETTERS = re.compile(r"[^\W_]+")
UNSURE = 0.4  # the score of a find that rests on a capital letter alone
REPEATED = 0.6
LONG = 7  # digits that single somebody out, however they are spaced
REPEATED_WHOLE = 0.75  # of several words: surer than that one of them is somebody's name


@dataclass(frozen=True, slots=True, repr=False)
class Anonymised:
    """One conversation's texts with pseudonyms in place, and the spans, which point into the given texts."""

    texts: list[str]
    spans: list[list[Span]]
    replacements: list[list[str]] = field(default_factory=list)  # for each span, what stands in its place


@dataclass(frozen=True, slots=True)
class Leak:
    """A masked text, or something that identifies, found in an output: which message, and what kind."""

    message: int
    type: str
    reason: str


def detect(text: str) -> list[Span]:
    """What identifies somebody in a text that stands alone; spans in order that do not overlap."""
    return find([text])[0]


def detect_conversation(texts: list[str], known: Sequence[str] = ()) -> list[list[SpanDict]]:
    """What `find` finds, as plain data: for evaluators, and for whoever calls from another language."""
    return [[span.as_dict() for span in spans] for spans in find(texts, known)]


def find(texts: list[str], known: Sequence[str] = ()) -> list[list[Span]]:
    """What identifies somebody in each message of one conversation, both sides' turns given in order.

    A name found once is found everywhere in the conversation; `known` names (the coach's) are found from the
    start. The find is complete: looking again at the texts with these spans masked finds nothing more.
    """
    found: list[list[Span]] = [[] for _ in texts]
    looked: dict[str, list[Span]] = {}
    while True:
        views = [View.of(text, spans) for text, spans in zip(texts, found, strict=True)]
        seen = [
            (span, normalised(text[span.start : span.end]))
            for text, spans in zip(texts, found, strict=True)
            for span in spans
        ]
        fresh = _look([view.text for view in views], seen, known, looked)
        if not any(fresh):
            return found
        found = [
            sorted([*spans, *map(view.original, more)])
            for spans, view, more in zip(found, views, fresh, strict=True)
        ]


def anonymise(texts: list[str], known: Sequence[str] = ()) -> Anonymised:
    """The conversation with everything that identifies replaced: the same person, school or place gets the
    same numbered pseudonym throughout, numbered by first mention; exact ages become bands.

    Nothing is shared between two calls. Anonymising the outcome again changes nothing.
    """
    found = find(texts, known)
    pseudonyms = _Pseudonyms(texts)
    outputs, replacements = [], []
    for text, spans in zip(texts, found, strict=True):
        words = [pseudonyms.of(span.type, normalised(text[span.start : span.end])) for span in spans]
        outputs.append(_replaced(text, spans, words))
        replacements.append(words)
    return Anonymised(outputs, found, replacements)


def leaks(originals: list[str], spans: list[list[Span]], outputs: list[str]) -> list[Leak]:
    """What still identifies in the outputs: everything that detection finds again, and every masked text of a
    direct identifier that still stands there as a whole word (or, for numbers, in any spacing).

    A masked name that is also an ordinary word (Will, Rose) is judged by detection alone. Only a text with
    an empty list here may be let out.
    """
    hits = [
        Leak(number, span.type, f"detected again: {span.reason}")
        for number, again in enumerate(find(outputs))
        for span in again
    ]
    plain = [PSEUDONYM.sub(BLANK, normalised(output)) for output in outputs]
    digits = [_digits(text) for text in plain]
    for span, surface in {
        (span.type, text[span.start : span.end]): (span, normalised(text[span.start : span.end]))
        for text, found in zip(originals, spans, strict=True)
        for span in found
    }.values():
        pattern, number_of = standing(span, surface), _digits(surface)
        for number, (text, run) in enumerate(zip(plain, digits, strict=True)):
            if (pattern is not None and pattern.search(text)) or (
                len(number_of) >= LONG and number_of in run
            ):
                hits.append(Leak(number, span.type, "a masked text still stands there"))
    return hits


class _Pseudonyms:
    """The pseudonyms of one conversation, numbered by first mention after any that stand there already."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._next = dict.fromkeys(NUMBERED, 1)
        self._numbers: dict[tuple[str, str], int] = {}
        for kind, number in (found for text in texts for found in _NUMBER.findall(text)):
            if kind in self._next:
                self._next[kind] = max(self._next[kind], int(number) + 1)

    def of(self, kind: str, surface: str) -> str:
        """What stands in a surface's place."""
        if kind == "AGE":
            return f"[AGE_{age_band(surface)}]"
        if kind not in NUMBERED:
            return f"[{kind}]"
        keys = self._keys(kind, surface)
        number = next((self._numbers[kind, key] for key in keys if (kind, key) in self._numbers), None)
        if number is None and kind == "PERSON":
            earlier = (key for other, key in self._numbers if other == kind and related(keys[0], key))
            number = next((self._numbers[kind, key] for key in earlier), None)
        if number is None:
            number = self._next[kind]
            self._next[kind] += 1
        for key in keys:
            self._numbers.setdefault((kind, key), number)
        return f"[{kind}_{number}]"

    @staticmethod
    def _keys(kind: str, surface: str) -> list[str]:
        """What this mention may be known by: a person by the first name, then by each further one."""
        words = [word.removesuffix("'s").removesuffix("\u2019s") for word in surface.casefold().split()]
        return words if kind == "PERSON" else [" ".join(word for word in words if word != "the")]


def _look(
    texts: list[str], seen: list[tuple[Span, str]], known: Sequence[str], looked: dict[str, list[Span]]
) -> list[list[Span]]:
    views = as_seen(texts)
    found = [settle(_detected(text, looked), text) for text in views]
    now = [
        (span, text[span.start : span.end])
        for text, spans in zip(views, found, strict=True)
        for span in spans
    ]
    people = [
        surface
        for span, surface in [*seen, *now]
        if span.type == "PERSON" and span.score > UNSURE and span.detector != DETECTOR
    ]
    memory = remembered(views, [*known, *people])
    answers = answered(views)
    surfaces = {(span.type, surface): span for span, surface in [*seen, *now]}
    folded = [text.casefold() for text in views]
    sought = [
        (surface.casefold(), span, surface)
        for (_, surface), span in surfaces.items()
        if _sought(span, surface)
    ]
    outcome = []
    for text, low, spans, again, answer in zip(views, folded, found, memory, answers, strict=True):
        taken = {text[span.start : span.end].casefold(): 0 for span in spans}
        for span in spans:
            taken[text[span.start : span.end].casefold()] += 1
        patterns = [
            (span, pattern)
            for plain, span, surface in sought
            if low.count(plain) > taken.get(plain, 0) and (pattern := standing(span, surface)) is not None
        ]
        numbers = _numbers_again(text, spans, surfaces)
        outcome.append(settle([*spans, *again, *answer, *_repeated(text, patterns), *numbers], text))
    return outcome


def _detected(text: str, looked: dict[str, list[Span]]) -> list[Span]:
    """What rules and tagger find in one text; `looked` keeps it: most are looked at again unchanged."""
    if text not in looked:
        looked[text] = _detect(text)
    return looked[text]


def _detect(text: str) -> list[Span]:
    ruled = [span for detector in _RULES for span in detector(text)]
    ruled = [_with_the(span, text) for span in ruled]
    formats = [span for span in ruled if span.type not in TAGGED]
    read = [_with_the(piece, text) for span in tagged(text) for piece in _beside(span, formats, text)]
    found = agreed(ruled, read)
    more = [piece for span in further(text) for piece in _beside(span, formats, text)]
    return beside(found, more) if more else found


def _with_the(span: Span, text: str) -> Span:
    """An institution with its article, which belongs to some names."""
    if span.type in ("SCHOOL", "HEALTH_ORG") and text[max(0, span.start - 5) : span.start].casefold() in (
        " the ",
        "the ",
    ):
        return replace(span, start=span.start - 4)
    return span


def _beside(span: Span, formats: list[Span], text: str) -> Iterator[Span]:
    """What of a tagger's find lies outside of what has a format; words that everybody uses do not."""
    pieces = [(span.start, span.end)]
    for other in formats:
        pieces = [piece for start, end in pieces for piece in outside(start, end, other)]
    for start, end in pieces:
        words = list(_LETTERS.finditer(text, start, end))
        if (start, end) == (span.start, span.end):
            yield span
        elif not {word[0].casefold() for word in words} <= NOBODY:
            yield replace(span, start=words[0].start(), end=words[-1].end())


def _repeated(text: str, patterns: Iterable[tuple[Span, re.Pattern[str]]]) -> Iterator[Span]:
    for span, pattern in patterns:
        for match in pattern.finditer(text):
            # An unsure find stays unsure: it must not grow into a name that is sought in any case.
            score = min(span.score, REPEATED_WHOLE if " " in match[0] else REPEATED)
            yield Span(match.start(), match.end(), span.type, score, "memory", "found elsewhere")


def _numbers_again(text: str, spans: Sequence[Span], surfaces: dict[tuple[str, str], Span]) -> Iterator[Span]:
    """Where a number that was found anywhere in the conversation stands again, however it is spaced."""
    if sum(letter.isdigit() for letter in text) < LONG:
        return
    free = "".join(
        BLANK if any(span.start <= place < span.end for span in spans) else letter
        for place, letter in enumerate(text)
    )
    run = _digits(free)
    for (kind, surface), span in surfaces.items():
        number = _digits(surface)
        if len(number) < LONG or number not in run:
            continue
        for match in re.finditer(r"[^\W_]*" + r"[^\d\ue000]{0,4}".join(number) + r"[^\W_]*", free):
            yield Span(
                match.start(), match.end(), kind, min(span.score, REPEATED), "memory", "found elsewhere"
            )


def standing(span: Span, surface: str) -> re.Pattern[str] | None:
    """What finds a masked text where it stands again as a whole word, in any case.

    None where the text alone says nothing: a quasi-identifier (an age, a date) or an ordinary word (Will,
    Rose). An unsure find is looked for only in its own capitals.
    """
    if not _sought(span, surface):
        return None
    flags = re.IGNORECASE if span.score > UNSURE else re.NOFLAG
    return re.compile(rf"(?<![^\W_]){re.escape(surface)}(?![^\W_])", flags)


def _sought(span: Span, surface: str) -> bool:
    """Whether a masked text says by itself who is meant, so that it is sought elsewhere."""
    if span.cls != "direct" or len(surface) < 2:
        return False
    words = _LETTERS.findall(surface.casefold())
    return len(words) > 1 or (len(words) == 1 and words[0] not in WORD_NAMES and words[0] not in ORDINARY)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _replaced(text: str, spans: list[Span], words: list[str]) -> str:
    for span, word in zip(reversed(spans), reversed(words), strict=True):
        text = f"{text[: span.start]}{word}{text[span.end :]}"
    return text
