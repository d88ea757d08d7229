"""The small trained classifier: a sum of weights for any risk, and one for each category.

Weights are bytes, one table of SIZE for any risk and then one for each category in the order of Category;
the card beside them says how they were made and what a sum must reach.
"""

import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from app.safeguarding.features import SIZE, Group
from app.safeguarding.rules import Category

TABLES = ("any", *(category.value for category in Category))


@dataclass(frozen=True, slots=True)
class Table:
    """One linear decision: what a window's features weigh, in logits."""

    weights: "array[int]"
    bias: float
    scale: float

    def weigh(self, features: Iterable[int]) -> float:
        """How much these features speak for it; 0 is as likely as not."""
        return self.bias + self.scale * sum(map(self.weights.__getitem__, features))

    def shares(self, count: int, groups: list[Group]) -> list[float]:
        """What each of so many words brings to the sum; what neighbours bring together is shared."""
        weight = self.weights.__getitem__
        brought = [0.0] * (count + 2)  # with the edges, whose share is nobody's
        for places, group in groups:
            share = 1 / len(places)
            for place in places:
                for at, heavy in enumerate(map(weight, group), place):
                    brought[at] += heavy * share
        return brought[:count]


def read_tables(card: dict[str, Any], weights: bytes) -> dict[str, Table]:
    """The tables of a model. Refuses weights that are not those of the card."""
    if sha256(weights).hexdigest() != card["sha256"]:
        raise ValueError("the weights of the risk check are not those that its card names")
    tables = {}
    for number, name in enumerate(TABLES):
        values = array("b")
        values.frombytes(weights[number * SIZE : (number + 1) * SIZE])
        tables[name] = Table(values, card["tables"][name]["bias"], card["tables"][name]["scale"])
    return tables


def chance(logit: float) -> float:
    """The logistic function from sums and products alone, which every machine rounds the same way."""
    bounded = max(-30.0, min(30.0, logit))
    power = 1.0 - bounded / 4096
    for _ in range(12):
        power *= power
    return 1.0 / (1.0 + power)


@lru_cache(maxsize=1)
def stored() -> tuple[dict[str, Any], dict[str, Table]]:
    """The card and the tables that the service carries, read once."""
    folder = files("app.safeguarding") / "data"
    card = json.loads((folder / "risk.card.json").read_text(encoding="utf-8"))
    return card, read_tables(card, (folder / "risk.weights").read_bytes())
