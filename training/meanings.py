"""Teaches the net over word vectors that the risk check weighs beside its sums: `make train-risk` does.

Words start from published vectors, and those of our texts may move from there. With numpy alone, in floats:
the same machine makes the same net again, another one nearly the same.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.safeguarding.meanings import BETWEEN, COLUMNS, EACH, KINDS, PLACES, ROOM, UNKNOWN
from app.safeguarding.tokens import CLASSES, Window
from training.risk_texts import CATEGORIES, Told
from training.word_vectors import WIDE, read_vectors

EPOCHS = 3
AT_ONCE = 128  # windows that one step learns from
SORTED = 20  # steps' worth of windows that are put in order, so that like lengths are learnt from together
RATE = 0.004
RISING = 0.1  # of the way, until steps are at their longest
FORGETTING, SLOWLY = 0.9, 0.999  # of past steps, and of their squares
UNSEEN = 0.05  # of words that are hidden, so that it knows what to do with unknown ones
DROPPED = 0.5  # of kinds of run that a step does without
STAYING = 0.003  # how strongly words are held where they start
KNOWN_FROM = 5  # times that a word without a published vector must be seen
CLASS_WIDE = 8
ASIDE = 0.3  # of what it learns from which risk it is, beside whether it is one
SURE = 0.97  # how sure it is to be of what is told, so that it is never far from saying otherwise
SHARE = 0.8  # of what it says that is weighed beside the sum of the classifier
FURTHEST = 6.0  # of the numbers of a word, in bytes

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words that the net knows: their rows, where each starts, its class, and where it has moved to."""

    rows: dict[str, int]
    start: Floats
    classes: Numbers
    moved: Numbers  # the row of `Net.moves`; those that our texts do not hold share one that never moves

    @property
    def wide(self) -> int:
        return WIDE + CLASS_WIDE


@dataclass(slots=True, eq=False)
class Learner:
    """What is learnt, by name, and how each part has changed so far."""

    words: Words
    parts: dict[str, Floats]
    speed: dict[str, Floats]
    squares: dict[str, Floats]
    dice: np.random.Generator
    step: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Some windows as the net sees them: which of `words` stands where, and the best run of each kind."""

    at: Numbers
    words: Numbers
    vectors: Floats
    ends: Numbers
    best: Floats


def words_of(texts: Sequence[Told]) -> Words:
    """The published words and those of our texts; the first two rows are no word and an unknown one."""
    counted = Counter(token.word for window, _ in texts for token in window.tokens)
    published, vectors = read_vectors()
    known = set(published)
    ours = sorted(word for word, count in counted.items() if count >= KNOWN_FROM and word not in known)
    listed = [*published, *ours]
    rows = {word: row for row, word in enumerate(listed, start=UNKNOWN + 1)}
    names = {name: at for at, name in enumerate(sorted(set(CLASSES.values())), start=1)}
    classes = [0, 0, *(names.get(CLASSES.get(word, ""), 0) for word in listed)]
    moved, number = [0, 1], 1
    for word in listed:
        number += word in counted
        moved.append(number if word in counted else 0)
    start = np.zeros((len(listed) + 2, WIDE), dtype=np.float32)
    start[2 : 2 + len(published)] = vectors
    return Words(rows, start, np.array(classes), np.array(moved))


def new_learner(words: Words, *, seed: int) -> Learner:
    """A net that knows nothing yet but where words start."""
    dice = np.random.default_rng(seed)
    runs = [
        dice.standard_normal((words.wide, EACH)) / np.sqrt(words.wide * (kinds // EACH + back))
        for back, kinds, _ in PLACES
        for _ in range(kinds // EACH)
    ]
    answers = 1 + len(CATEGORIES)
    parts = {
        "moves": np.zeros((int(words.moved.max()) + 1, WIDE)),
        "classes": dice.standard_normal((int(words.classes.max()) + 1, CLASS_WIDE)) / 10,
        "runs": np.concatenate(runs, axis=1),
        "bars": np.zeros(KINDS),
        "out": dice.uniform(-1, 1, (KINDS, answers)) / np.sqrt(KINDS),
        "bias": np.zeros(answers),
    }
    floats = {name: part.astype(np.float32) for name, part in parts.items()}
    return Learner(
        words,
        floats,
        {name: np.zeros_like(part) for name, part in floats.items()},
        {name: np.zeros_like(part) for name, part in floats.items()},
        dice,
    )


def _vectors(learner: Learner, rows: Numbers) -> Floats:
    words, parts = learner.words, learner.parts
    own = words.start[rows] + parts["moves"][words.moved[rows]]
    both = np.concatenate((own, parts["classes"][words.classes[rows]]), axis=1)
    return both * (rows > 0)[:, None]


def _seen(learner: Learner, placed: Numbers) -> Seen:
    """The windows, a row each, with empty places before and after."""
    words, at = np.unique(placed, return_inverse=True)
    at = at.reshape(placed.shape)
    vectors = _vectors(learner, words)
    brought = vectors @ learner.parts["runs"]
    length = placed.shape[1]
    runs = np.zeros((len(placed), length - BETWEEN, KINDS), dtype=np.float32)
    for back, kinds, first in PLACES:
        own = np.ascontiguousarray(brought[:, first : first + kinds])
        runs[:, :, -kinds:] += own.take(at[:, BETWEEN - back : length - back], axis=0)
    ends = runs.argmax(axis=1)
    best = np.take_along_axis(runs, ends[:, None], axis=1)[:, 0]
    return Seen(at, words, vectors, ends + BETWEEN, best)


def _learn(learner: Learner, placed: Numbers, told: Floats, rate: float) -> None:
    """One step: by how much each part made the answers wrong, it changes against that."""
    parts, words, dice = learner.parts, learner.words, learner.dice
    hidden = (dice.random(placed.shape) < UNSEEN) & (placed > 0)
    seen = _seen(learner, np.where(hidden, UNKNOWN, placed))
    kept = (dice.random(seen.best.shape) >= DROPPED).astype(np.float32) / np.float32(1 - DROPPED)
    above = np.maximum(seen.best + parts["bars"], 0)
    counted = above * kept
    wrong = _chances(counted @ parts["out"] + parts["bias"]) - told
    wrong[:, 1:] *= np.float32(ASIDE / len(CATEGORIES))
    wrong /= len(placed)
    by_run = (wrong @ parts["out"].T) * kept * (above > 0)
    by_column = _by_column(seen, by_run)
    by_vector = (by_column @ parts["runs"].T) * (seen.words > 0)[:, None]
    moved, classes = words.moved[seen.words], words.classes[seen.words]
    often = np.bincount(seen.at.ravel(), minlength=len(seen.words)) * (seen.words > 0) / len(placed)
    by_class = np.zeros_like(parts["classes"])
    np.add.at(by_class, classes, by_vector[:, WIDE:])
    slopes = {
        "moves": by_vector[:, :WIDE] + 2 * STAYING * often[:, None] * parts["moves"][moved],
        "classes": by_class,
        "runs": seen.vectors.T @ by_column,
        "bars": by_run.sum(axis=0),
        "out": counted.T @ wrong,
        "bias": wrong.sum(axis=0),
    }
    learner.step += 1
    for name, slope in slopes.items():
        _move(learner, name, slope, rate, moved if name == "moves" else slice(None))


def _by_column(seen: Seen, by_run: Floats) -> Floats:
    """How wrong what each word brings is: only the best run of each kind has been counted."""
    window = np.arange(len(seen.at))[:, None]
    places, slopes = [], []
    for back, kinds, first in PLACES:
        word = seen.at[window, seen.ends[:, -kinds:] - back]
        places.append((word * COLUMNS + first + np.arange(kinds)).ravel())
        slopes.append(by_run[:, -kinds:].ravel())
    count = len(seen.words)
    summed = np.bincount(np.concatenate(places), np.concatenate(slopes), minlength=count * COLUMNS)
    return summed.reshape(count, COLUMNS).astype(np.float32)


def _move(learner: Learner, name: str, slope: Floats, rate: float, rows: Numbers | slice) -> None:
    """Change these rows of a part, by steps of like length however steep the slope (Adam)."""
    part, speed, squares = learner.parts[name], learner.speed[name], learner.squares[name]
    slope = slope.astype(np.float32)
    speed[rows] += (1 - FORGETTING) * (slope - speed[rows])
    squares[rows] += (1 - SLOWLY) * (slope * slope - squares[rows])
    steep = np.sqrt(squares[rows] / (1 - SLOWLY**learner.step)) + 1e-8
    part[rows] -= (rate / (1 - FORGETTING**learner.step) * speed[rows] / steep).astype(np.float32)


def _chances(weights: Floats) -> Floats:
    chances: Floats = (1 / (1 + np.exp(-weights))).astype(np.float32)
    return chances


def _placed(rows: Sequence[Sequence[int]]) -> Numbers:
    placed = np.zeros((len(rows), max(map(len, rows)) + 2 * BETWEEN), dtype=np.int64)
    for each, own in zip(placed, rows, strict=True):
        each[BETWEEN : BETWEEN + len(own)] = own
    return placed


def _batches(lengths: Sequence[int], rng: random.Random) -> Iterable[list[int]]:
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), AT_ONCE * SORTED):
        some = sorted(order[start : start + AT_ONCE * SORTED], key=lambda at: lengths[at])
        batches += [some[at : at + AT_ONCE] for at in range(0, len(some), AT_ONCE)]
    rng.shuffle(batches)
    return batches


def taught(texts: Sequence[Told], *, seed: int) -> Learner:
    """A net that has learnt from these windows whether they tell of any risk, and of which."""
    learner = new_learner(words_of(texts), seed=seed)
    rows = [rows_of(learner.words, window) for window, _ in texts]
    told = np.full((len(texts), 1 + len(CATEGORIES)), 1 - SURE, dtype=np.float32)
    for at, (_, label) in enumerate(texts):
        if label:
            told[at, [0, 1 + CATEGORIES.index(label)]] = SURE
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same order each time)
    lengths = [len(each) for each in rows]
    steps = EPOCHS * -(-len(rows) // AT_ONCE)
    for _ in range(EPOCHS):
        for batch in _batches(lengths, rng):
            way = learner.step / steps
            rate = RATE * (way / RISING if way < RISING else (1 - way) / (1 - RISING))
            _learn(learner, _placed([rows[at] for at in batch]), told[batch], rate)
    return learner


def rows_of(words: Words, window: Window) -> list[int]:
    """The rows of the words of a window."""
    return [words.rows.get(token.word, UNKNOWN) for token in window.tokens]


def rounded(learner: Learner) -> tuple[bytes, bytes, dict[str, Any]]:
    """The words, all numbers of the net in bytes, and what its card must say to read them."""
    parts = learner.parts
    vectors = _vectors(learner, np.arange(len(learner.words.start)))
    step = FURTHEST / 127
    words = np.rint(vectors / step).clip(-127, 127)
    runs_step = float(np.abs(parts["runs"]).max()) / 127
    runs = np.rint(parts["runs"] / runs_step)
    shift = max(0, int(np.abs(words @ runs).max() / ROOM).bit_length())
    out_step = float(np.abs(parts["out"][:, 0]).max()) / 127
    out = np.rint(parts["out"][:, 0] / out_step)
    one = step * runs_step * (1 << shift)
    weights = b"".join(each.astype(np.int8).tobytes() for each in (words, runs.T, out))
    listed = ("\n".join(learner.words.rows) + "\n").encode()
    return listed, weights, {
        "words": "risk.words",
        "weights": "risk.meanings",
        "sha256": sha256(listed + weights).hexdigest(),
        "wide": learner.words.wide,
        "shift": shift,
        "bars": [round(-float(bar) / one) for bar in parts["bars"]],
        "bias": round(SHARE * float(parts["bias"][0]), 6),
        "scale": float(f"{SHARE * one * out_step:.9g}"),
    }  # fmt: skip
