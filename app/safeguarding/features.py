"""Numbers of what stands in a window: words, neighbours, near neighbours and parts of words, hashed.

The training and the service share this file; change it and the model must be trained anew.
"""

from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from app.safeguarding.tokens import Token

BITS = 16
SIZE = 1 << BITS
_MASK = SIZE - 1
_EDGES = ("^", "$")
_PART = 4


def of_marks(marks: list[str]) -> list[int]:
    """The features of what patterns and context found."""
    return [crc32(mark.encode()) & _MASK for mark in marks]


def of_tokens(tokens: list[Token]) -> list[tuple[tuple[int, ...], list[int]]]:
    """Each group: which words (counted from a token) its features are made of, and one feature per place.

    Neighbours are counted by their classes, with the edges of the window as neighbours of their own.
    """
    words = [_number(token.word + " ") for token in tokens]
    kinds = [_number(kind) for kind in (_EDGES[0], *(token.kind for token in tokens), _EDGES[1])]
    second, third, fourth = kinds[1:], kinds[2:], kinds[3:]
    threes = zip(kinds, second, third, strict=False)
    return [
        ((0,), [word & _MASK for word in words]),
        ((0, 1), [(a * 29 + b * 5 + 6) >> 3 & _MASK for a, b in pairwise(words)]),
        ((0,), [kind & _MASK for kind in kinds[1:-1]]),
        ((-1, 0), [(a * 31 + b * 7 + 1) >> 3 & _MASK for a, b in zip(kinds, second, strict=False)]),
        ((-1, 1), [(a * 37 + b * 11 + 2) >> 3 & _MASK for a, b in zip(kinds, third, strict=False)]),
        ((-1, 2), [(a * 41 + b * 13 + 3) >> 3 & _MASK for a, b in zip(kinds, fourth, strict=False)]),
        ((-1, 0, 1), [(a * 43 + b * 17 + c * 5 + 4) >> 3 & _MASK for a, b, c in threes]),
    ]


def of_parts(tokens: list[Token]) -> list[tuple[int, ...]]:
    """For each token, the features of its parts: they know a word in spite of a slip of the pen."""
    return [_parts(token.word) for token in tokens]


@lru_cache(maxsize=1 << 15)
def _number(word: str) -> int:
    return crc32(word.encode())


@lru_cache(maxsize=1 << 15)
def _parts(word: str) -> tuple[int, ...]:
    if len(word) < _PART:
        return ()
    framed = f"<{word}>"
    return tuple(
        crc32(b"part " + framed[start : start + _PART].encode()) & _MASK
        for start in range(len(framed) - _PART + 1)
    )


def flat(tokens: list[Token], marks: list[str]) -> list[int]:
    """All features of a window, as the classifier sums them."""
    numbers = of_marks(marks)
    for _, group in of_tokens(tokens):
        numbers += group
    for parts in of_parts(tokens):
        numbers += parts
    return numbers
