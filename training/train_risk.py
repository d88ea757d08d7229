"""Trains the classifier of the risk check, and its net, on our own texts: `make train-risk`.

The classifier counts in whole numbers, and uses no function whose last digit differs between machines, so
that training again gives the same weights anywhere; of the net (training/meanings.py) the same machine makes
the same again. With `--held-back` it prints what the classifier alone does on unseen texts: every
fifth template held back, five times over. With `--measure` it only measures anew, after a new limit.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.safeguarding import classifier
from app.safeguarding import meanings as net
from app.safeguarding.classifier import TABLES, chance
from app.safeguarding.features import SIZE
from app.safeguarding.risk import FLAGGED_FROM, detect_from_parent
from app.safeguarding.tokens import windows
from benchmarks.risk import read_messages, score
from training import meanings, word_vectors
from training.risk_texts import CATEGORIES, Row, Told, drawn, everyday, paired, rows_of, told
from training.templates import FOLDER, Example

DATA = Path(__file__).parents[1] / "app" / "safeguarding" / "data"
SEEDS = (20, 21, 22)  # each draws its own texts; the mean of what they teach hangs less on the draw
FOLDS = 5
EPOCHS = 8
RATE = 0.006
BIAS_SPEED = 10
CHANGE, SPEED = 1 << 24, 1 << 6  # of how many parts a step and its speed are, and a weight:
ONE = CHANGE * SPEED
SETS = DATA.parents[2] / "tests" / "data" / "risk"
MEASURED = ("tuning", "final", "fresh", "fresh2")  # of the last two nobody reads more than these sums


def source_hash() -> str:
    """The hash of all that decides the weights: templates, word lists, and how features are made."""
    room = DATA.parent
    sources = sorted(
        [
            *FOLDER.rglob("*.txt"),
            *DATA.glob("*.txt"),
            *(room / f"{name}.py" for name in ("tokens", "features", "patterns", "context", "meanings")),
            Path(__file__),
            *(Path(__file__).with_name(f"{name}.py") for name in ("templates", "risk_texts", "meanings")),
            word_vectors.FOLDER / "vectors.bytes",
        ]
    )
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sources)).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One table before it is rounded."""

    weights: NDArray[np.float64]
    bias: float

    def weigh(self, features: Row) -> float:
        return self.bias + float(self.weights[features].sum())


def halvings(count: int) -> float:
    """About the logarithm to base two, from sums and exact quotients alone."""
    whole = count.bit_length() - 1
    return whole + count / (1 << whole) - 1


def rarity(rows: Sequence[Row]) -> Row:
    """For each feature how fast it learns, in parts of SPEED: the fewer texts have it, the more it tells."""
    seen = np.bincount(np.concatenate(rows), minlength=SIZE).tolist()
    most = halvings(len(rows) + 1)
    speed = {count: round(((most - halvings(count + 1)) * 0.6931 + 1) * SPEED) for count in set(seen)}
    return np.array([speed[count] for count in seen], dtype=np.int64)


def fit(rows: Sequence[Row], risks: Sequence[bool], *, seed: int) -> Trained:
    """Logistic regression by stochastic descent, its weights averaged over all steps; in whole numbers."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same order each time)
    weights, total = np.zeros(SIZE, dtype=np.int64), np.zeros(SIZE, dtype=np.int64)
    bias = total_bias = step = 0
    speed = [each[row] for each in (rarity(rows),) for row in rows]
    order = list(range(len(rows)))
    for epoch in range(EPOCHS):
        rng.shuffle(order)
        rate = RATE / (1 + epoch) * CHANGE
        for place in order:
            step += 1
            row = rows[place]
            wrong = risks[place] - chance((bias + int(weights[row].sum())) / ONE)
            if -0.02 < wrong < 0.02:
                continue
            change = round(rate * wrong)
            bias += change * BIAS_SPEED * SPEED
            total_bias += step * change * BIAS_SPEED * SPEED
            learnt = speed[place] * change
            weights[row] += learnt
            total[row] += learnt * step
    return Trained((weights - total / step) / ONE, (bias - total_bias / step) / ONE)


def mean(fitted: Sequence[Trained]) -> Trained:
    """What several decide on average, as one."""
    count = len(fitted)
    weights = sum((one.weights for one in fitted), np.zeros(SIZE)) / count
    return Trained(weights, sum(one.bias for one in fitted) / count)


def rounded(trained: Trained) -> tuple[bytes, dict[str, float]]:
    """The weights as bytes, and what to multiply their sum with."""
    scale = float(np.abs(trained.weights).max()) / 127
    values = np.rint(trained.weights / scale).astype(np.int8)
    return values.tobytes(), {"bias": round(trained.bias, 6), "scale": round(scale, 9)}


def expected(texts: list[Example], rows: list[Row]) -> None:
    """Print how texts of templates that the model never saw are told apart."""
    found: list[float] = []
    quiet: list[float] = []
    for fold in range(FOLDS):
        seen = [at for at, text in enumerate(texts) if text.template % FOLDS != fold]
        model = fit([rows[at] for at in seen], [texts[at].label is not None for at in seen], seed=SEEDS[0])
        for row, text in zip(rows, texts, strict=True):
            if text.template % FOLDS == fold:
                (quiet if text.label is None else found).append(model.weigh(row))
    for limit in (FLAGGED_FROM - 0.5, FLAGGED_FROM, FLAGGED_FROM + 0.5):
        right = sum(weight >= limit for weight in found) / len(found)
        false = sum(weight >= limit for weight in quiet) / len(quiet)
        print(f"from {limit:+.1f}: {right:.3f} of the risks found, {false:.3f} of the others flagged")


def stale() -> int:
    """1 when the weights are not the card's, or were made from something else than stands here."""
    card = json.loads((DATA / "risk.card.json").read_text(encoding="utf-8"))
    for part in (card, card["meanings"]):
        held = b"".join((DATA / part[name]).read_bytes() for name in ("words", "weights") if name in part)
        if sha256(held).hexdigest() != part["sha256"]:
            print(f"app/safeguarding/data/{part['weights']} is not what its card names: make train-risk")
            return 1
    if source_hash() != card["made_from"]:
        print("app/safeguarding/data/risk.weights is stale: make train-risk")
        return 1
    return 0


def measured() -> dict[str, dict[str, float]]:
    """What the stored model, with the limits that stand now, finds in the labelled messages: sums alone."""
    classifier.stored.cache_clear()
    net.stored.cache_clear()
    figures = {}
    for name in MEASURED:
        rows = read_messages(SETS / f"{name}.jsonl")
        flagged, called = score(rows), score(rows, detect_from_parent)
        figures[name] = {
            "sensitivity": round(flagged.sensitivity, 3),
            "PPV": round(flagged.precision, 3),
            "called": round(called.sensitivity, 3),
            "called PPV": round(called.precision, 3),
        }
    talk = read_messages(SETS / "small_talk.jsonl")
    figures["small_talk"] = {
        "flagged": round(score(talk).false / len(talk), 3),
        "called": round(score(talk, detect_from_parent).false / len(talk), 3),
    }
    return figures


def write(card: dict[str, Any]) -> None:
    """Write the card, and then once more with what is measured by it."""
    path = DATA / "risk.card.json"
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    path.write_text(json.dumps(card | {"measured": measured()}, indent=2) + "\n", encoding="utf-8")


def trained() -> tuple[dict[str, Trained], list[Told], dict[str, int]]:
    """All tables, the texts of the first question, and how many texts they were learnt from.

    Two questions. Does it tell of any risk? Learnt from risks and as many texts that sound like one.
    Of this one? Learnt, for each category, from its risks and the bulk of everyday talk.
    """
    fits: dict[str, list[Trained]] = {name: [] for name in TABLES}
    counts: Counter[str] = Counter()
    read: list[Told] = []
    for seed in SEEDS:
        texts, talk = drawn(seed), everyday(seed)
        read += texts
        rows, labels = rows_of([window for window, _ in texts]), [label for _, label in texts]
        fits["any"].append(fit(rows, [label is not None for label in labels], seed=seed))
        for category in CATEGORIES:
            own = [row for row, label in zip(rows, labels, strict=True) if label in {category, None}]
            told_of = [label == category for label in labels if label in {category, None}]
            fits[category].append(fit([*own, *talk], [*told_of, *[False] * len(talk)], seed=seed))
        counts["texts"] += len(texts) + len(talk)
        counts["of_them_risk"] += sum(label is not None for label in labels)
        counts["of_them_everyday"] += len(talk)
    return {name: mean(some) for name, some in fits.items()}, read, dict(counts)


def main(arguments: list[str]) -> int:
    """Write weights and card; with `--held-back`, print instead what is expected of unseen texts.

    With `--check`, only compare the stored model with its card; with `--measure`, measure it anew.
    """
    if arguments == ["--check"]:
        return stale()
    if arguments == ["--measure"]:
        write(json.loads((DATA / "risk.card.json").read_text(encoding="utf-8")))
        return 0
    if arguments == ["--held-back"]:
        texts = told(SEEDS[0])
        expected(texts, rows_of([windows(text.text)[0] for text in texts]))
        return 0
    fitted, read, counts = trained()
    weights, tables = b"", {}
    for name in TABLES:
        values, tables[name] = rounded(fitted[name])
        weights += values
    pairs = [text for seed in SEEDS for text in paired(seed)]
    words, numbers, on_card = meanings.rounded(meanings.taught([*read, *pairs], seed=SEEDS[0]))
    card = {
        "name": "risk",
        "kind": "logistic regression on hashed words and their neighbours, one table of bytes each; "
        "beside it a convolutional net over word vectors, in bytes",
        "trained_on": "templates of our own in training/risk; no text of a real person",
        "starts_from": f"GloVe word vectors (Public Domain Dedication and License) of {word_vectors.SOURCE}",
        "weights": "risk.weights",
        "sha256": sha256(weights).hexdigest(),
        "made_from": source_hash(),
        **counts,
        "of_pairs": len(pairs),
        "seeds": SEEDS,
        "tables": tables,
        "meanings": on_card,
    }
    (DATA / "risk.weights").write_bytes(weights)
    (DATA / on_card["words"]).write_bytes(words)
    (DATA / on_card["weights"]).write_bytes(numbers)
    write(card)
    print(f"{counts['texts']} texts, sha256 {card['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
