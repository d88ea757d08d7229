"""A text as detection sees it: every masked span and every pseudonym shrunk to one blank.

So a text with its spans masked and the text that comes out of it, pseudonyms in place, look the same, however
long a pseudonym is. That is why anonymising twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from app.anonymise.allowed import BLANK, PSEUDONYM
from app.anonymise.spans import Span


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """The shrunk text, and where in the original each of its characters begins (and where the last ends)."""

    text: str
    places: list[int]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span]) -> Self:
        cuts = [(span.start, span.end) for span in spans]
        cuts += [match.span() for match in PSEUDONYM.finditer(text)]
        parts: list[str] = []
        places: list[int] = []
        at = 0
        for start, end in sorted(cuts):
            parts += [text[at:start], BLANK]
            places += [*range(at, start), start]
            at = end
        parts.append(text[at:])
        places += [*range(at, len(text)), len(text)]
        return cls("".join(parts), places)

    def original(self, span: Span) -> Span:
        """A span of the shrunk text as it stands in the original."""
        return replace(span, start=self.places[span.start], end=self.places[span.end - 1] + 1)
