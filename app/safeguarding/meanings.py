"""What words mean: a small net over word vectors, whose sum is weighed beside the classifier's.

It looks for short runs of words by what they mean, so that it knows a word that no training text holds by
the words that are used alike. All sums are in whole numbers: every machine decides alike.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.safeguarding.tokens import Token, word_of

WIDTHS = (1, 2, 3, 4)  # of the runs of words that are looked for
BETWEEN = max(WIDTHS) - 1  # places without a word around each window, so that no run is of two
NOTHING, UNKNOWN = 0, 1  # the rows of a place without a word, and of a word that is not in the list
EACH = 16  # kinds of run of each width
KINDS = EACH * len(WIDTHS)
# How far back from the end of a run a word may stand, how many kinds of run reach it, and their first column.
_REACHING = [EACH * sum(width > back for width in WIDTHS) for back in range(max(WIDTHS))]
PLACES = tuple((back, kinds, sum(_REACHING[:back])) for back, kinds in enumerate(_REACHING))
COLUMNS = sum(_REACHING)
_KIND = np.concatenate([np.arange(KINDS - kinds, KINDS) for _, kinds, _ in PLACES])  # of each column,
_BACK = np.repeat([back for back, _, _ in PLACES], _REACHING)  # and how far back its word stands
ROOM = int(np.iinfo(np.int16).max) // max(WIDTHS)  # what one word may bring, so that the sums of runs fit


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """For each word what it brings to each kind of run, by its place from the end of the run.

    `brought` has a column for each kind of run, by rising width, then for each that reaches back one place,
    and so on (PLACES). The best of each kind in a window counts for what it has above its bar.
    """

    rows: dict[str, int]
    brought: NDArray[np.int16]
    bars: NDArray[np.int32]
    out: NDArray[np.float64]  # whole numbers: such sums are exact
    bias: float
    scale: float

    def weigh(self, windows: Sequence[Sequence[Token]]) -> NDArray[np.float64]:
        """How much what is meant in each of these windows speaks for any risk."""
        known = self.rows.get
        rows = [NOTHING] * BETWEEN
        begins = []
        for tokens in windows:
            begins.append(len(rows) - BETWEEN)
            rows += [known(word, UNKNOWN) for word in map(word_of, tokens)]
            rows += [NOTHING] * BETWEEN
        best = np.maximum.reduceat(self._runs(rows), begins, axis=0)
        above = np.maximum(best - self.bars, 0)
        weights: NDArray[np.float64] = self.bias + self.scale * (above @ self.out)
        return weights

    def shares(self, tokens: Sequence[Token]) -> list[float]:
        """What each word of a window brings to its weight, with the runs that count."""
        around = [NOTHING] * BETWEEN
        rows = [*around, *(self.rows.get(token.word, UNKNOWN) for token in tokens), *around]
        runs = self._runs(rows)
        ends = runs.argmax(axis=0)
        counted = self.out * (runs[ends, np.arange(KINDS)] > self.bars)
        places = ends[_KIND] + BETWEEN - _BACK
        words = self.brought[np.take(rows, places), np.arange(COLUMNS)] * counted[_KIND]
        shares = np.bincount(places, words, minlength=len(rows))
        brought: list[float] = (self.scale * shares[BETWEEN:-BETWEEN]).tolist()
        return brought

    def _runs(self, rows: Sequence[int]) -> NDArray[np.int16]:
        """For each place from the first word on, how much each kind of run that ends there has."""
        words = self.brought.take(rows, axis=0)
        runs = words[BETWEEN:, :KINDS]
        for back, kinds, first in PLACES[1:]:
            reaching = runs[:, -kinds:]
            reaching += words[BETWEEN - back : -back, first : first + kinds]
        return runs


def read_net(card: dict[str, Any], words: bytes, weights: bytes) -> Net:
    """The net of a model. Refuses words and weights that are not those of the card."""
    if sha256(words + weights).hexdigest() != card["sha256"]:
        raise ValueError("the meanings of the risk check are not those that its card names")
    listed = words.decode().split()
    count, wide = len(listed) + 2, card["wide"]  # the first two rows are NOTHING and UNKNOWN
    numbers = np.frombuffer(weights, dtype=np.int8)
    vectors, runs, out = np.split(numbers, [count * wide, (count + COLUMNS) * wide])
    # Sums of so few products of bytes are exact as floats, which are multiplied faster.
    by_word, by_run = (some.reshape(-1, wide).astype(np.float32) for some in (vectors, runs))
    brought = by_word @ by_run.T
    return Net(
        {word: row for row, word in enumerate(listed, start=2)},
        (brought.astype(np.int32) >> card["shift"]).astype(np.int16),
        np.array(card["bars"], dtype=np.int32),
        out.astype(np.float64),
        card["bias"],
        card["scale"],
    )


@lru_cache(maxsize=1)
def stored() -> Net:
    """The net that the service carries, read once."""
    folder = files("app.safeguarding") / "data"
    card = json.loads((folder / "risk.card.json").read_text(encoding="utf-8"))["meanings"]
    return read_net(card, (folder / "risk.words").read_bytes(), (folder / "risk.meanings").read_bytes())
