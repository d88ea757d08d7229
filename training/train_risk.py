"""Trains the classifier of the risk check on our own texts: `make train-risk`.

Plain Python and no function whose last digit differs between machines, so that training again gives the same
weights anywhere. With `--held-back` it prints what is expected on unseen texts: every fifth template held
back, five times over. With `--measure` it only measures anew what the card says, after a limit has changed.
"""

import json
import random
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.safeguarding import classifier
from app.safeguarding.classifier import TABLES, chance
from app.safeguarding.features import SIZE
from app.safeguarding.risk import FLAGGED_FROM, detect_from_parent
from app.safeguarding.tokens import windows
from benchmarks.risk import read_messages, score
from training.risk_texts import CATEGORIES, Row, drawn, everyday, rows_of, told
from training.templates import FOLDER, Example

DATA = Path(__file__).parents[1] / "app" / "safeguarding" / "data"
SEEDS = (20, 21, 22)  # each draws its own texts; the mean of what they teach hangs less on the draw
FOLDS = 5
EPOCHS = 8
RATE = 0.006
BIAS_SPEED = 10
SETS = DATA.parents[2] / "tests" / "data" / "risk"
MEASURED = ("tuning", "final", "fresh", "fresh2")  # of the last two nobody reads more than these sums


def source_hash() -> str:
    """The hash of all that decides the weights: templates, word lists, and how features are made."""
    room = DATA.parent
    sources = sorted(
        [
            *FOLDER.rglob("*.txt"),
            *DATA.glob("*.txt"),
            *(room / f"{name}.py" for name in ("tokens", "features", "patterns", "context")),
            Path(__file__),
            *(Path(__file__).with_name(f"{name}.py") for name in ("templates", "risk_texts")),
        ]
    )
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sources)).hexdigest()


@dataclass(frozen=True, slots=True)
class Trained:
    """One table before it is rounded."""

    weights: list[float]
    bias: float

    def weigh(self, features: Sequence[int]) -> float:
        return self.bias + sum(map(self.weights.__getitem__, features))


def halvings(count: int) -> float:
    """About the logarithm to base two, from sums and exact quotients alone."""
    whole = count.bit_length() - 1
    return whole + count / (1 << whole) - 1


def rarity(rows: Sequence[Row]) -> list[float]:
    """For each feature how much faster it learns: the fewer texts have it, the more it tells."""
    seen = Counter(number for row in rows for number in row)
    most = halvings(len(rows) + 1)
    return [(most - halvings(seen[number] + 1)) * 0.6931 + 1 for number in range(SIZE)]


def fit(rows: list[tuple[Row, bool]], *, seed: int) -> Trained:
    """Logistic regression by stochastic descent, its weights averaged over all steps."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same order each time)
    weights, total, bias, total_bias = [0.0] * SIZE, [0.0] * SIZE, 0.0, 0.0
    speed = rarity([numbers for numbers, _ in rows])
    order = list(range(len(rows)))
    step = 0
    for epoch in range(EPOCHS):
        rng.shuffle(order)
        rate = RATE / (1 + epoch)
        for place in order:
            numbers, risk = rows[place]
            step += 1
            wrong = (1.0 if risk else 0.0) - chance(bias + sum(map(weights.__getitem__, numbers)))
            if -0.02 < wrong < 0.02:
                continue
            change = rate * wrong
            bias += change * BIAS_SPEED
            total_bias += step * change * BIAS_SPEED
            late = step * change
            for number in numbers:
                weights[number] += change * speed[number]
                total[number] += late * speed[number]
    averaged = [weight - part / step for weight, part in zip(weights, total, strict=True)]
    return Trained(averaged, bias - total_bias / step)


def mean(fitted: Sequence[Trained]) -> Trained:
    """What several decide on average, as one."""
    count = len(fitted)
    weights = [sum(each) / count for each in zip(*(one.weights for one in fitted), strict=True)]
    return Trained(weights, sum(one.bias for one in fitted) / count)


def rounded(trained: Trained) -> tuple[bytes, dict[str, float]]:
    """The weights as bytes, and what to multiply their sum with."""
    scale = max(map(abs, trained.weights)) / 127
    values = array("b", [round(weight / scale) for weight in trained.weights])
    return values.tobytes(), {"bias": round(trained.bias, 6), "scale": round(scale, 9)}


def expected(texts: list[Example], rows: list[Row]) -> None:
    """Print how texts of templates that the model never saw are told apart."""
    found: list[float] = []
    quiet: list[float] = []
    for fold in range(FOLDS):
        model = fit(
            [
                (row, text.label is not None)
                for row, text in zip(rows, texts, strict=True)
                if text.template % FOLDS != fold
            ],
            seed=SEEDS[0],
        )
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
    if sha256((DATA / card["weights"]).read_bytes()).hexdigest() != card["sha256"]:
        print("app/safeguarding/data/risk.weights is not what its card names: make train-risk")
        return 1
    if source_hash() != card["made_from"]:
        print("app/safeguarding/data/risk.weights is stale: make train-risk")
        return 1
    return 0


def measured() -> dict[str, dict[str, float]]:
    """What the stored model, with the limits that stand now, finds in the labelled messages: sums alone."""
    classifier.stored.cache_clear()
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


def trained() -> tuple[dict[str, Trained], dict[str, int]]:
    """All tables, and how many texts they were learnt from.

    Two questions. Does it tell of any risk? Learnt from risks and as many texts that sound like one.
    Of this one? Learnt, for each category, from its risks and the bulk of everyday talk.
    """
    draws = [drawn(seed) for seed in SEEDS]
    fits = [
        fit([(row, label is not None) for row, label in labelled], seed=seed)
        for labelled, seed in zip(draws, SEEDS, strict=True)
    ]
    talk = everyday(SEEDS[0])
    quiet = [(row, False) for row, label in draws[0] if label is None] + [(row, False) for row in talk]
    tables = {"any": mean(fits)}
    for category in CATEGORIES:
        tables[category] = fit(
            [(row, True) for row, label in draws[0] if label == category] + quiet, seed=SEEDS[0]
        )
    texts = [label for labelled in draws for _, label in labelled]
    counts = {
        "texts": len(texts) + len(talk),
        "of_them_risk": sum(label is not None for label in texts),
        "of_them_everyday": len(talk),
    }
    return tables, counts


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
    fitted, counts = trained()
    weights, tables = b"", {}
    for name in TABLES:
        values, tables[name] = rounded(fitted[name])
        weights += values
    card = {
        "name": "risk",
        "kind": "logistic regression on hashed words and their neighbours; one table of bytes each",
        "trained_on": "templates of our own in training/risk; no text of a real person",
        "weights": "risk.weights",
        "sha256": sha256(weights).hexdigest(),
        "made_from": source_hash(),
        **counts,
        "seeds": SEEDS,
        "tables": tables,
    }
    (DATA / "risk.weights").write_bytes(weights)
    write(card)
    print(f"{counts['texts']} texts, sha256 {card['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
