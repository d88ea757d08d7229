"""Trains the model that reads ages, on our own templates and on the texts that the rules were improved on.

`make train-tagger` runs it. The same texts, clusters and program give the same model.
"""

import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pycrfsuite

from app.anonymise.age_reading import CARD, MODEL, features, may_be_age, words_of
from app.anonymise.age_words import NUMBERS
from app.anonymise.allowed import blanked
from app.anonymise.meanings import CLUSTERS
from app.anonymise.words import LEXICON, ROOM

HERE = Path(__file__).parent
TEMPLATES = HERE / "ages" / "numbers.txt"
SETS = HERE.parent / "tests" / "data" / "anon"
IMPROVED_ON = ("ages", "development", "everyday", "fifth", "final", "fourth", "sixth")
SEED = 31
EACH = 12
_CHOICE = re.compile(r"\[([^\[\]]*)\]")

Places = Sequence[tuple[int, int]]


def from_templates() -> Iterator[tuple[str, Places, Places]]:
    """Texts, the places of the ages in them, and of what a number may stand in without being an age."""
    rng = random.Random(SEED)  # noqa: S311 (no secret: it must give the same texts each time)
    for line in TEMPLATES.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("# Numbers"):
            continue
        for _ in range(EACH):
            yield filled(_CHOICE.sub(lambda match: rng.choice(match[1].split("|")), line), rng)


def filled(template: str, rng: random.Random) -> tuple[str, Places, Places]:
    """A template's text with a number for each # of it, those in angle brackets being ages."""
    text, ages = "", []
    for part in re.split(r"(<#>|#)", template):
        if part not in ("<#>", "#"):
            text += part
            continue
        value = rng.choice([*(rng.randrange(2, 19) for _ in range(6)), rng.randrange(19, 60)])
        said = NUMBERS[value - 1] if value < 19 and rng.random() < 0.25 else str(value)
        if part == "<#>":
            ages.append((len(text), len(text) + len(said)))
        text += said
    return text, ages, []


def from_sets() -> Iterator[tuple[str, Places, Places]]:
    """The labelled texts of the sets whose errors have been looked at; nothing of the others."""
    for name in IMPROVED_ON:
        for line in (SETS / name / "messages.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            ages = [(span["start"], span["end"]) for span in row["spans"] if span["type"] == "AGE"]
            other = [(span["start"], span["end"]) for span in row["spans"] if span["type"] != "AGE"]
            yield row["text"], ages, other


def _within(start: int, end: int, places: Places) -> bool:
    return any(first < end and start < last for first, last in places)


def examples() -> Iterator[tuple[list[str], str]]:
    """What is told of each number, and A for an age or N for none."""
    for text, ages, other in (*from_sets(), *from_templates()):
        words = words_of(blanked(text))
        for at, (start, end, word) in enumerate(words):
            if may_be_age(word) and not _within(start, end, other):
                yield features(words, at), "A" if _within(start, end, ages) else "N"


def source_hash() -> str:
    """The hash of all that decides the model."""
    sources = [
        TEMPLATES,
        *(SETS / name / "messages.jsonl" for name in IMPROVED_ON),
        CLUSTERS,
        LEXICON,
        ROOM / "age_reading.py",
        ROOM / "allowed.py",
        ROOM / "lists" / "sayings.txt",
        Path(__file__),
    ]
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sources)).hexdigest()


def fit(told: Sequence[tuple[list[str], str]], path: Path) -> None:
    """Train a model on these numbers and write it."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.0, "c2": 0.5, "max_iterations": 100, "feature.minfreq": 2})
    for features_of_one, label in told:
        trainer.append([features_of_one], [label])
    trainer.train(str(path))


def stale() -> int:
    """1 when the model is not the card's, or was made from something else than stands here."""
    card = json.loads(CARD.read_text(encoding="utf-8"))
    if sha256(MODEL.read_bytes()).hexdigest() != card["sha256"] or source_hash() != card["made_from"]:
        print("app/anonymise/model/ages.crfsuite is stale: make train-tagger")
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """Write model and card; with `--check`, only compare the stored model with its card."""
    if arguments == ["--check"]:
        return stale()
    told = list(examples())
    fit(told, MODEL)
    card = {
        "name": "ages",
        "kind": "logistic regression over a number, the words around it, and the clusters of these words",
        "trained_on": "templates of our own and invented messages that the rules were improved on",
        "sha256": sha256(MODEL.read_bytes()).hexdigest(),
        "made_from": source_hash(),
        "numbers": len(told),
        "ages": sum(label == "A" for _, label in told),
        "bytes": MODEL.stat().st_size,
        "seed": SEED,
    }
    CARD.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"{card['ages']} ages and {len(told)} numbers in all, {card['bytes']} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
