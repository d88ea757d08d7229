"""Numbers of what stands in windows: words, neighbours and near neighbours, hashed; many windows at once.

The training and the service share this file; change it and the model must be trained anew.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.safeguarding.tokens import Token, kind_number_of, number, word_number_of

BITS = 17
SIZE = 1 << BITS
_MASK = SIZE - 1
_BEGIN, _END = number("^"), number("$")

# Each kind of feature is a row: what the words here and at the next place, and the classes here and at the
# next three, are multiplied with, what is added, and by how many bits the sum is shifted.
_MIXED = np.array(
    [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [29, 5, 0, 0, 0, 0, 6, 3],
        [0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 31, 7, 0, 0, 1, 3],
        [0, 0, 37, 0, 11, 0, 2, 3],
        [0, 0, 41, 0, 0, 13, 3, 3],
        [0, 0, 43, 17, 5, 0, 4, 3],
    ],
    dtype=np.int64,
)
_FACTORS, _PLUS, _SHIFT = _MIXED[:, :6], _MIXED[:, 6:7], _MIXED[:, 7:]
# Which places a feature is made of. Classes have the edges of their window as neighbours, words have not.
PLACES = ((0,), (0, 1), (0,), (0, 1), (0, 2), (0, 3), (0, 1, 2))
_REACH = np.array([[places[-1]] for places in PLACES])
_INNER = np.array([[True], [True], [True], [False], [False], [False], [False]])

Numbers = NDArray[np.int64]


class Features(NamedTuple):
    """Per kind of feature (a row) and place: its number, whether there is one, and its window."""

    numbers: Numbers
    valid: NDArray[np.bool_]
    window: Numbers

    def __repr__(self) -> str:
        """Nothing of what a family wrote."""
        return "Features()"


def of_windows(windows: Sequence[Sequence[Token]]) -> Features:
    """The features of these windows; each window is a stretch of places that begins and ends with an edge."""
    words: list[int] = []
    kinds: list[int] = []
    for tokens in windows:
        words += (0, *map(word_number_of, tokens), 0)
        kinds += (_BEGIN, *map(kind_number_of, tokens), _END)
    count = len(words)
    neighbours = np.zeros((6, count), dtype=np.int64)
    neighbours[0], neighbours[2] = words, kinds
    neighbours[1, :-1] = neighbours[0, 1:]
    neighbours[3, :-1] = neighbours[2, 1:]
    neighbours[4, :-2] = neighbours[2, 2:]
    neighbours[5, :-3] = neighbours[2, 3:]
    numbers = _FACTORS @ neighbours
    numbers += _PLUS
    numbers >>= _SHIFT
    numbers &= _MASK
    if len(windows) == 1:
        return Features(numbers, _valid(count), np.zeros(count, dtype=np.int64))
    lengths = [len(tokens) + 2 for tokens in windows]
    valid = np.concatenate([_valid(length) for length in lengths], axis=1)
    return Features(numbers, valid, np.arange(len(windows)).repeat(lengths))


@lru_cache(maxsize=1 << 7)
def _valid(length: int) -> NDArray[np.bool_]:
    """Where in a window of so many places, its edges among them, each kind of feature is whole."""
    here = np.arange(length)
    behind = length - 1 - here  # places between here and the last of the window
    valid: NDArray[np.bool_] = (behind >= _REACH + _INNER) & ~((here == 0) & _INNER)
    return valid


def each_once(features: Features, marks: Sequence[Sequence[str]]) -> tuple[Numbers, Numbers]:
    """The features of all windows and their marks, each once per window, and which window each is of.

    In the order of windows, and of numbers within one.
    """
    numbers = features.numbers if len(marks) == 1 else features.window * SIZE + features.numbers
    of_texts = numbers[features.valid]
    of_marks = [at * SIZE + _of_mark(mark) for at, some in enumerate(marks) for mark in some]
    keys = np.concatenate((of_texts, np.array(of_marks, dtype=np.int64)))
    keys.sort()
    first = np.empty(len(keys), dtype=np.bool_)
    first[0] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    once = keys[first]  # numpy's `unique` hashes, which takes longer
    if len(marks) == 1:
        return once, np.zeros(len(once), dtype=np.int64)
    return once & _MASK, once >> BITS


def of_window(tokens: Sequence[Token], marks: Iterable[str]) -> tuple[int, ...]:
    """All features of one window and its marks, each once, in ascending order."""
    numbers, _ = each_once(of_windows([tokens]), [list(marks)])
    return tuple(numbers.tolist())


@lru_cache(maxsize=1 << 10)
def _of_mark(mark: str) -> int:
    return crc32(mark.encode()) & _MASK
