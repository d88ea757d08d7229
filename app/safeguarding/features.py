"""Numbers of what stands in a window: words, neighbours and near neighbours, hashed.

The training and the service share this file; change it and the model must be trained anew.
"""

from itertools import pairwise
from zlib import crc32

from app.safeguarding.tokens import Token, number

BITS = 17
SIZE = 1 << BITS
_MASK = SIZE - 1
_BEGIN, _END = number("^"), number("$")
Group = tuple[tuple[int, ...], list[int]]  # which words its features are made of, one for each place


def of_marks(marks: list[str]) -> list[int]:
    """The features of what patterns and context found."""
    return [crc32(mark.encode()) & _MASK for mark in marks]


def of_tokens(tokens: list[Token]) -> list[Group]:
    """Each group: which words (counted from a token) its features are made of, and one feature per place.

    Neighbours are counted by their classes, with the edges of the window as neighbours of their own.
    """
    words = [token.word_number for token in tokens]
    own = [token.kind_number for token in tokens]
    kinds = [_BEGIN, *own, _END]
    second, third, fourth = kinds[1:], kinds[2:], kinds[3:]
    threes = zip(kinds, second, third, strict=False)
    return [
        ((0,), [word & _MASK for word in words]),
        ((0, 1), [(a * 29 + b * 5 + 6) >> 3 & _MASK for a, b in pairwise(words)]),
        ((0,), [kind & _MASK for kind in own]),
        ((-1, 0), [(a * 31 + b * 7 + 1) >> 3 & _MASK for a, b in zip(kinds, second, strict=False)]),
        ((-1, 1), [(a * 37 + b * 11 + 2) >> 3 & _MASK for a, b in zip(kinds, third, strict=False)]),
        ((-1, 2), [(a * 41 + b * 13 + 3) >> 3 & _MASK for a, b in zip(kinds, fourth, strict=False)]),
        ((-1, 0, 1), [(a * 43 + b * 17 + c * 5 + 4) >> 3 & _MASK for a, b, c in threes]),
    ]


def flat(groups: list[Group], marks: list[str]) -> set[int]:
    """All features of a window, each once, as the classifier sums them."""
    numbers = set(of_marks(marks))
    for _, group in groups:
        numbers.update(group)
    return numbers
