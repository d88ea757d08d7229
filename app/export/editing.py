"""Changes to a masked text, and where its masks and quotes stand afterwards. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MASK = "[MASKED]"

Span = dict[str, object]


@dataclass(frozen=True, slots=True, repr=False)
class Edit:
    """In the place of what stands from `start` to `end`, this text. Holds what a family wrote, so no repr."""

    start: int
    end: int
    text: str


def bounds(span: Span) -> tuple[int, int]:
    """Where a mask begins and ends."""
    return int(str(span["start"])), int(str(span["end"]))


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with these edits made; they stand in order and do not overlap."""
    pieces, at = [], 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def moved(start: int, end: int, edits: Sequence[Edit]) -> tuple[int, int]:
    """Where a stretch of the text stands once they are made; of what an edit cuts into, it takes all in."""
    return _place(start, edits, is_end=False), _place(end, edits, is_end=True)


def touches(start: int, end: int, edits: Sequence[Edit]) -> bool:
    """Whether any of them changes something of this stretch."""
    return any(edit.start < end and start < edit.end for edit in edits)


def masking(text: str, spans: Sequence[Span], words: str) -> list[Edit]:
    """The edits that mask these words, in any case, wherever they stand outside of masks."""
    return [Edit(*found, MASK) for found in _standing(text, [bounds(span) for span in spans], words)]


def masked_more(text: str, spans: Sequence[Span], words: str) -> tuple[str, list[Span]]:
    """The text with these words masked outside of masks, and all masks where they are now."""
    edits = masking(text, spans, words)
    by_hand = [_by_hand(moved(edit.start, edit.end, edits)) for edit in edits]
    kept = [_moved(span, edits) for span in spans]
    return edited(text, edits), sorted([*kept, *by_hand], key=lambda span: bounds(span)[0])


def unmasking(spans: Sequence[Span], *, at: int, shown: str) -> list[Edit]:
    """The edit that takes off a mask, by its number."""
    return [Edit(*bounds(spans[at]), shown)]


def unmasked(text: str, spans: Sequence[Span], *, at: int, shown: str) -> tuple[str, list[Span]]:
    """The text with one mask taken off, and the other masks where they are now."""
    edits = unmasking(spans, at=at, shown=shown)
    return edited(text, edits), [_moved(span, edits) for place, span in enumerate(spans) if place != at]


def _standing(text: str, masks: Sequence[tuple[int, int]], words: str) -> Iterator[tuple[int, int]]:
    spaced = r"\s+".join(map(re.escape, words.split()))
    pattern = re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
    place = 0
    while found := pattern.search(text, place):
        start, end = found.span()
        inside = [until for since, until in masks if since < end and start < until]
        if not inside:
            yield start, end
        place = max([end, *inside])


def _place(at: int, edits: Sequence[Edit], *, is_end: bool) -> int:
    longer = 0
    for edit in edits:
        if edit.start < at < edit.end:
            return edit.start + longer + (len(edit.text) if is_end else 0)
        if edit.end <= at:
            longer += len(edit.text) - (edit.end - edit.start)
    return at + longer


def _moved(span: Span, edits: Sequence[Edit]) -> Span:
    start, end = moved(*bounds(span), edits)
    return {**span, "start": start, "end": end}


def _by_hand(place: tuple[int, int]) -> Span:
    return {
        "start": place[0],
        "end": place[1],
        "type": "REVIEW",
        "class": "direct",
        "score": 1.0,
        "detector": "reviewer",
        "reason": "masked by a reviewer",
        "doubtful": False,
    }
