"""Trains the classifier of the risk check on our own texts: `make train-risk`.

Plain Python and no function whose last digit differs between machines, so that training again gives the same
weights anywhere. With `--held-back` it prints what is expected on unseen texts: every fifth template held
back, five times over.
"""

import json
import random
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.safeguarding.classifier import TABLES, chance
from app.safeguarding.context import marks
from app.safeguarding.features import SIZE, of_window
from app.safeguarding.patterns import hits
from app.safeguarding.risk import FLAGGED_FROM
from app.safeguarding.rules import Category
from app.safeguarding.tokens import Token, Window, places, windows
from training.templates import FOLDER, Example, examples, read_templates, written

DATA = Path(__file__).parents[1] / "app" / "safeguarding" / "data"
SEEDS = (20, 21, 22)  # each draws its own texts; the mean of what they teach hangs less on the draw
FOLDS = 5
EPOCHS = 6
NAMING_EPOCHS = 3  # which category it is, once it is a risk, is the easier question
RATE = 0.001
BIAS_SPEED = 10
LABELS: dict[str, str | None] = {
    **{category.value: category.value for category in Category},
    "none_hard": None,
    "none_everyday": None,
    "long_everyday": None,
}
EACH = dict.fromkeys(LABELS, 10) | {"none_hard": 16, "none_everyday": 14, "long_everyday": 16}


EVERYDAY = ("long_everyday", "none_everyday", "long/everyday")  # of these long texts are made
LONG_TEXTS = 2500  # of each kind: quiet ones, and ones that tell of a risk in one place
KEPT = 3  # windows of each quiet one


def source_hash() -> str:
    """The hash of all that decides the weights: templates, word lists, and how features are made."""
    room = DATA.parent
    sources = sorted(
        [
            *FOLDER.rglob("*.txt"),
            *DATA.glob("*.txt"),
            *(room / f"{name}.py" for name in ("tokens", "features", "patterns", "context")),
            Path(__file__),
            Path(__file__).with_name("templates.py"),
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


Row = tuple[int, ...]


def numbers_of(tokens: Sequence[Token]) -> Row:
    """The features of a window, in an order that is the same on every machine."""
    return of_window(tokens, marks(tokens, hits(tokens)))


def of_long_texts(texts: Sequence[Example], seed: int) -> Iterator[tuple[Row, str | None]]:
    """Windows of long texts, as the service cuts them: some of quiet ones, the one that holds most of a risk.

    Without them the classifier would know whole texts alone, and take pieces of small talk for risks.
    """
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    talk = [template for name in EVERYDAY for template in read_templates(name)]
    risks = [text for text in texts if text.label]
    for _ in range(LONG_TEXTS):
        cut = windows(_passage(talk, rng, count=rng.randrange(4, 8)))
        for window in rng.sample(cut, min(KEPT, len(cut))):
            yield numbers_of(window.tokens), None
        risk = rng.choice(risks)
        before = _passage(talk, rng, count=rng.randrange(1, 4))
        start, end = len(before), len(before) + len(risk.text)
        whole = before + risk.text + rng.choice([". ", ", ", "\n"]) + _passage(talk, rng, count=3)
        cut = windows(whole)
        stand = places(whole)
        most = max(cut, key=lambda window: _within(window, stand, start, end))
        yield numbers_of(most.tokens), risk.label


def _within(window: Window, stand: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """How many words of a window begin within a stretch of the text."""
    own = stand[window.before : window.before + len(window.tokens)]
    return sum(start <= word < end for word, _ in own)


def _passage(talk: Sequence[str], rng: random.Random, *, count: int) -> str:
    """So many sentences of small talk, with or without full stops."""
    stop = rng.choice([". ", ". ", ". ", ", ", " and "])
    return "".join(written(rng.choice(talk), rng) + stop for _ in range(count))


def halvings(count: int) -> float:
    """About the logarithm to base two, from sums and exact quotients alone."""
    whole = count.bit_length() - 1
    return whole + count / (1 << whole) - 1


def rarity(rows: Sequence[Row]) -> list[float]:
    """For each feature how much faster it learns: the fewer texts have it, the more it tells."""
    seen = Counter(number for row in rows for number in row)
    most = halvings(len(rows) + 1)
    return [((most - halvings(seen[number] + 1)) * 0.6931 + 1) ** 2 for number in range(SIZE)]


def fit(rows: list[tuple[Row, bool]], *, seed: int, epochs: int = EPOCHS) -> Trained:
    """Logistic regression by stochastic descent, its weights averaged over all steps."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same order each time)
    weights, total, bias, total_bias = [0.0] * SIZE, [0.0] * SIZE, 0.0, 0.0
    speed = rarity([numbers for numbers, _ in rows])
    order = list(range(len(rows)))
    step = 0
    for epoch in range(epochs):
        rng.shuffle(order)
        rate = RATE / (1 + epoch)
        for place in order:
            numbers, told = rows[place]
            step += 1
            wrong = (1.0 if told else 0.0) - chance(bias + sum(map(weights.__getitem__, numbers)))
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


def drawn(seed: int) -> list[tuple[Row, str | None]]:
    """All that one fit learns from: whole texts and windows of long ones, each with what it tells of."""
    texts = list(examples(LABELS, seed=seed, each=EACH))
    whole = [(numbers_of(windows(text.text)[0].tokens), text.label) for text in texts]
    return [*whole, *of_long_texts(texts, seed)]


def rounded(trained: Trained) -> tuple[bytes, dict[str, float]]:
    """The weights as bytes, and what to multiply their sum with."""
    scale = max(map(abs, trained.weights)) / 127
    values = array("b", [round(weight / scale) for weight in trained.weights])
    return values.tobytes(), {"bias": round(trained.bias, 6), "scale": round(scale, 9)}


def expected(texts: list[Example], rows: list[Row]) -> None:
    """Print how texts of templates that the model never saw are told apart."""
    told: list[float] = []
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
                (quiet if text.label is None else told).append(model.weigh(row))
    for limit in (FLAGGED_FROM - 0.5, FLAGGED_FROM, FLAGGED_FROM + 0.5):
        found = sum(weight >= limit for weight in told) / len(told)
        false = sum(weight >= limit for weight in quiet) / len(quiet)
        print(f"from {limit:+.1f}: {found:.3f} of the risks found, {false:.3f} of the others flagged")


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


def main(arguments: list[str]) -> int:
    """Write weights and card; with `--held-back`, print instead what is expected of unseen texts.

    With `--check`, only compare the stored model with its card.
    """
    if arguments == ["--check"]:
        return stale()
    if arguments == ["--held-back"]:
        texts = list(examples(LABELS, seed=SEEDS[0], each=EACH))
        expected(texts, [numbers_of(windows(text.text)[0].tokens) for text in texts])
        return 0
    draws = [drawn(seed) for seed in SEEDS]
    fits = [
        fit([(row, label is not None) for row, label in labelled], seed=seed)
        for labelled, seed in zip(draws, SEEDS, strict=True)
    ]
    fitted = {"any": mean(fits)}
    risks = [(row, label) for row, label in draws[0] if label]
    for category in Category:
        told = [(row, label == category) for row, label in risks]
        fitted[category] = fit(told, seed=SEEDS[0], epochs=NAMING_EPOCHS)
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
        "texts": sum(map(len, draws)),
        "of_them_risk": sum(label is not None for labelled in draws for _, label in labelled),
        "seeds": SEEDS,
        "tables": tables,
    }
    (DATA / "risk.weights").write_bytes(weights)
    (DATA / "risk.card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"{card['texts']} texts, sha256 {card['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
