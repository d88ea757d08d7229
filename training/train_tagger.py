"""Trains the anonymiser's tagger on our own texts: `make train-tagger`.

The same texts, gazetteers and program give the same model.
"""

import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pycrfsuite

from app.anonymise.meanings import CLUSTERS
from app.anonymise.tagger import CARD, MODEL
from app.anonymise.tokens import Token, features, tokens_of
from app.anonymise.words import LEXICON, kept
from training import anon_texts, templates
from training.anon_texts import Labelled

ROOM = Path(__file__).parents[1] / "app" / "anonymise"
SEED = 31
MOST = 3_000_000  # bytes


def labels_of(tokens: Sequence[Token], spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """B-, I- and O for each token."""
    labels = ["O"] * len(tokens)
    for start, end, kind in spans:
        first = True
        for place, token in enumerate(tokens):
            if token.start < end and start < token.end:
                labels[place] = f"{'B' if first else 'I'}-{kind}"
                first = False
    return labels


def source_hash() -> str:
    """The hash of all that decides the model: texts, lists, gazetteers, and how features are made."""
    here = Path(__file__).parent
    sources = [
        *sorted(anon_texts.FOLDER.glob("*.txt")),
        *(templates.FOLDER / f"{name}.txt" for name in anon_texts.EVERYDAY),
        *(ROOM / "lists" / f"{name}.txt" for name in ("given_names", "ordinary_words", "word_names")),
        LEXICON,
        CLUSTERS,
        ROOM / "tokens.py",
        ROOM / "meanings.py",
        ROOM / "words.py",
        Path(__file__),
        here / "anon_texts.py",
        here / "templates.py",
    ]
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sources)).hexdigest()


def fit(texts: Sequence[Labelled], path: Path) -> None:
    """Train a model on these texts and write it."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {
            "c1": 0.25,
            "c2": 0.02,
            "max_iterations": 60,
            "feature.minfreq": 3,
            "feature.possible_transitions": True,
        }
    )
    for text in texts:
        tokens = tokens_of(text.text)
        if tokens:
            trainer.append(features(tokens), labels_of(tokens, text.spans))
    trainer.train(str(path))


def stale() -> int:
    """1 when the model is not the card's, or was made from something else than stands here."""
    card = json.loads(CARD.read_text(encoding="utf-8"))
    if sha256(MODEL.read_bytes()).hexdigest() != card["sha256"]:
        print("app/anonymise/model/tagger.crfsuite is not what its card names: make train-tagger")
        return 1
    if source_hash() != card["made_from"]:
        print("app/anonymise/model/tagger.crfsuite is stale: make train-tagger")
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """Write model and card; with `--check`, only compare the stored model with its card."""
    if arguments == ["--check"]:
        return stale()
    if any(map(kept, ("names", "schools", "health"))):
        print(
            "app/anonymise/data holds lists of your own (own_*.tsv): move them away, or they enter the model"
        )
        return 1
    texts = list(anon_texts.texts(seed=SEED, each=30, hard=30, elsewhere=27, everyday=6))
    MODEL.parent.mkdir(exist_ok=True)
    fit(texts, MODEL)
    if MODEL.stat().st_size > MOST:
        print(f"the model is too big: {MODEL.stat().st_size} bytes")
        return 1
    said = "\n".join(f"{text.text}\t{text.spans}" for text in texts)
    card = {
        "name": "tagger",
        "kind": "conditional random field over words, their classes and clusters, and their neighbours",
        "trained_on": "templates of our own in training/anon and training/risk; no text of a real person",
        "clusters_of": "GloVe's word vectors (Public Domain Dedication and License), by training.clusters",
        "sha256": sha256(MODEL.read_bytes()).hexdigest(),
        "made_from": source_hash(),
        "texts": len(texts),
        "texts_sha256": sha256(said.encode()).hexdigest(),
        "bytes": MODEL.stat().st_size,
        "seed": SEED,
    }
    CARD.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"{len(texts)} texts, {card['bytes']} bytes, sha256 {card['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
