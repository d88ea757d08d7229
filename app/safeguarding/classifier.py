"""The small trained classifier: a sum of weights for any risk, and one for each category.

Weights are bytes, one table of SIZE for any risk and then one for each category in the order of Category;
the card beside them says how they were made and what a sum must reach.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.safeguarding.features import PLACES, SIZE, Features, Numbers
from app.safeguarding.rules import Category

_CATEGORIES = tuple(Category)
TABLES = ("any", *(category.value for category in _CATEGORIES))
# For each kind of feature, what a word has of one that begins so many places (a row) before it, in parts.
_PARTS = 6
_SHARES = np.array(
    [
        [_PARTS // len(places) if place in places else 0 for places in PLACES]
        for place in range(max(map(max, PLACES)) + 1)
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Linear decisions: what features weigh for any risk, and for each category; 0 is as likely as not.

    What one feature weighs for all categories stands together, so that it is one look into memory.
    """

    any_risk: NDArray[np.int8]
    categories: NDArray[np.int8]
    bias: NDArray[np.float64]
    scale: NDArray[np.float64]

    def weigh(self, numbers: Numbers, window: Numbers, *, count: int) -> NDArray[np.float64]:
        """How much the features of each of so many windows speak for any risk."""
        sums = np.bincount(window, weights=self.any_risk.take(numbers), minlength=count)
        weights: NDArray[np.float64] = self.bias[0] + self.scale[0] * sums
        return weights

    def by_category(self, numbers: Numbers) -> dict[Category, float]:
        """How much the features of one window speak for each category."""
        sums = self.categories.take(numbers, axis=0).sum(axis=0, dtype=np.int64)
        weights = (self.bias[1:] + self.scale[1:] * sums).tolist()
        return dict(zip(_CATEGORIES, weights, strict=True))

    def shares(self, features: Features, window: int) -> list[float]:
        """What each word of a window brings to its weight; what neighbours bring is shared."""
        (own,) = np.nonzero(features.window == window)
        first, after = own[0], own[-1] + 1
        numbers, valid = features.numbers[:, first:after], features.valid[:, first:after]
        by_place = _SHARES @ (self.any_risk.take(numbers) * valid)
        brought = by_place[0]
        for place, row in enumerate(by_place[1:], start=1):
            brought[place:] += row[:-place]
        own_words = brought[1:-1]  # without the edges, whose share is nobody's
        words: list[float] = (self.scale[0] / _PARTS * own_words).tolist()
        return words


def read_tables(card: dict[str, Any], weights: bytes) -> Tables:
    """The tables of a model. Refuses weights that are not those of the card."""
    if sha256(weights).hexdigest() != card["sha256"]:
        raise ValueError("the weights of the risk check are not those that its card names")
    named = [card["tables"][name] for name in TABLES]
    rows = np.frombuffer(weights, dtype=np.int8).reshape(len(TABLES), SIZE)
    return Tables(
        rows[0],
        np.ascontiguousarray(rows[1:].T),
        np.array([each["bias"] for each in named]),
        np.array([each["scale"] for each in named]),
    )


def chance(logit: float) -> float:
    """The logistic function from sums and products alone, which every machine rounds the same way."""
    bounded = max(-30.0, min(30.0, logit))
    power = 1.0 - bounded / 4096
    for _ in range(12):
        power *= power
    return 1.0 / (1.0 + power)


@lru_cache(maxsize=1)
def stored() -> tuple[dict[str, Any], Tables]:
    """The card and the tables that the service carries, read once."""
    folder = files("app.safeguarding") / "data"
    card = json.loads((folder / "risk.card.json").read_text(encoding="utf-8"))
    return card, read_tables(card, (folder / "risk.weights").read_bytes())
