"""A text as detection sees it: normalised, every masked span and every pseudonym shrunk to one blank.

Normalised: accents composed, quotes and dashes plain, invisible characters gone, letters of odd alphabets
(full width, mathematical) as what they stand for. A text with its spans masked and the text that comes out of
it, pseudonyms in place, look the same, however long a pseudonym is: so anonymising twice changes nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from app.anonymise.allowed import BLANK, PSEUDONYM
from app.anonymise.spans import Span

_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2060\u2061\u2062\u2063\u2064\ufeff"
) | {
    chr(code)
    for block in (range(0x200B, 0x2010), range(0x202A, 0x202F), range(0xFE00, 0xFE10))
    for code in block
}
_ALIKE = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02bb\u00b4`\u2032\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    ),
}
_CLUSTER = re.compile(r"(?s).[\u0300-\u036f]*")


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """The text as seen, and where in the original each of its characters begins and ends.

    `starts` and `ends` are empty where nothing differs.
    """

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span]) -> Self:
        cuts = [(span.start, span.end) for span in spans]
        if "[" in text:
            cuts += [match.span() for match in PSEUDONYM.finditer(text)]
        if not cuts and text.isascii():
            return cls(text, [], [])
        seen: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end in [*sorted(cuts), (len(text), len(text))]:
            for letter, first, last in _normal(text, at, start):
                seen.append(letter)
                starts.append(first)
                ends.append(last)
            if start < end:
                seen.append(BLANK)
                starts.append(start)
                ends.append(end)
            at = end
        return cls("".join(seen), starts, ends)

    def original(self, span: Span) -> Span:
        """A span of what is seen as it stands in the original."""
        if not self.starts:
            return span
        return replace(span, start=self.starts[span.start], end=self.ends[span.end - 1])


def _normal(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    if text.isascii():
        yield from ((text[place], place, place + 1) for place in range(start, end))
        return
    for match in _CLUSTER.finditer(text, start, end):
        letter, first, last = match[0], match.start(), match.end()
        if letter.isascii() and len(letter) == 1:
            yield letter, first, last
        elif letter in _ALIKE:
            yield _ALIKE[letter], first, last
        elif letter not in _INVISIBLE:
            yield from _composed(letter, first, last)


def _composed(cluster: str, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    for form in (unicodedata.normalize("NFC", cluster), unicodedata.normalize("NFKC", cluster)):
        if len(form) == 1 and (form.isascii() or len(cluster) > 1) and form.isalnum():
            yield form, first, last
            return
    yield from ((letter, first + place, first + place + 1) for place, letter in enumerate(cluster))


def normalised(text: str) -> str:
    """The text with its letters as detection sees them."""
    return text if text.isascii() else "".join(letter for letter, _, _ in _normal(text, 0, len(text)))
