"""A text as the risk check reads it: words in one spelling, each with its place in what was written."""

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

WHOLE = 40  # words of a text that is read as one window
LONGEST_WORD = 40  # characters, with what stands around it
LONGEST = 24  # words in each window of a longer text, so that small talk adds up to nothing
_CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"
_WORD = re.compile(rf"[^\W_]+(?:['*{_CURLY}][^\W_]+)*|😂|🤣|[.!?\n]+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_LAUGHING = frozenset("😂🤣")
_ENDS = ".!?\n"


def data_lines(name: str) -> list[str]:
    """The lines of one of this room's word lists, without remarks."""
    text = (files("app.safeguarding") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def data_words(name: str) -> list[str]:
    """The words of one of this room's word lists."""
    return [word for line in data_lines(name) for word in line.split()]


def _spellings() -> dict[str, str]:
    pairs = (line.split(" -> ") for line in data_lines("spellings.txt"))
    return {written: meant for left, meant in pairs for written in left.split()}


def _classes() -> dict[str, str]:
    pairs = (line.split(": ") for line in data_lines("lexicon.txt"))
    return {word: f"<{name}>" for name, words in pairs for word in words.split()}


SPELLINGS = _spellings()
CLASSES = _classes()


class Token(NamedTuple):
    """A word: in one spelling, its class (or the word itself), and the numbers of both."""

    word: str
    kind: str
    word_number: int
    kind_number: int

    def __repr__(self) -> str:
        """Nothing of what a family wrote."""
        return "Token()"


# As functions they read whole windows faster than their names do.
word_of, kind_of, word_number_of, kind_number_of = map(itemgetter, range(4))


class Window(NamedTuple):
    """Some words of a text that are read together, and how many words of it stand before them."""

    before: int
    tokens: list[Token]

    def __repr__(self) -> str:
        """Nothing of what a family wrote."""
        return "Window()"


def number(text: str) -> int:
    """A number that stands for this text."""
    return crc32(text.encode())


def windows(text: str) -> list[Window]:
    """The words of a text: in one window, or a longer one cut between sentences into windows that overlap."""
    read = _read(text)
    tokens = [token for token in read if token is not None]
    if len(tokens) <= WHOLE:
        return [Window(0, tokens)]
    return _gathered([part for sentence in _sentences(read) for part in _cut(sentence)])


def places(text: str) -> list[tuple[int, int]]:
    """Where each word of a text stands in it, in the order of its windows."""
    return [match.span() for match in _WORD.finditer(text) if match[0][0] not in _ENDS]


def _sentences(read: Iterable[Token | None]) -> list[Window]:
    sentences: list[Window] = [Window(0, [])]
    for token in read:
        last = sentences[-1]
        if token is not None:
            last.tokens.append(token)
        elif last.tokens:
            sentences.append(Window(last.before + len(last.tokens), []))
    return sentences


def _cut(sentence: Window) -> list[Window]:
    """A sentence that is longer than half a window in halves of windows, so that any two fit into one."""
    half = LONGEST // 2
    return [
        Window(sentence.before + start, sentence.tokens[start : start + half])
        for start in range(0, len(sentence.tokens), half)
    ]


def _gathered(parts: list[Window]) -> list[Window]:
    """Neighbours together while they fit; each window begins with the last part of the one before."""
    gathered: list[Window] = []
    current, last = Window(0, list(parts[0].tokens)), parts[0]
    for part in parts[1:]:
        if len(current.tokens) + len(part.tokens) > LONGEST:
            gathered.append(current)
            current = Window(last.before, list(last.tokens))
        current.tokens.extend(part.tokens)
        last = part
    return [*gathered, current]


def _read(text: str) -> list[Token | None]:
    """The words that are meant, and None for what ends a sentence.

    Pieces between spaces come again and again, so they are taken apart once; longer ones are hardly words.
    """
    read: list[Token | None] = []
    for line in text.split("\n"):
        pieces = line.split()
        known = _meant if max(map(len, pieces), default=0) <= LONGEST_WORD else _meant.__wrapped__
        read += chain.from_iterable(map(known, pieces))
        read.append(None)
    return read


@lru_cache(maxsize=1 << 15)
def _meant(piece: str) -> tuple[Token | None, ...]:
    return tuple(meant(written) for written in _WORD.findall(piece))


def meant(written: str) -> Token | None:
    """The word that is meant, and its class or itself: "Didn't" gives didnt, "bairn" gives child, <child>.

    None for what ends a sentence.
    """
    if written[0] in _ENDS:
        return None
    word, kind = ("lol", "<lol>") if written in _LAUGHING else _spelt(written)
    return Token(word, kind, number(word + " "), number(kind))


def _spelt(written: str) -> tuple[str, str]:
    word = _DRAWN_OUT.sub(r"\1", written.lower().replace("'", "").replace(_CURLY, ""))
    if word.isdecimal():
        word = _number(word)
    word = SPELLINGS.get(word, word)
    return word, CLASSES.get(word, word)


def _number(digits: str) -> str:
    """Small numbers are ages and hours and keep their value; larger ones only their length."""
    return digits if len(digits) < 3 or digits in {"999", "111"} else f"#{len(digits)}"
