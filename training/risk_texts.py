"""What the risk check learns from: texts of our own in training/risk, each told in several ways.

Most of what a service reads is everyday talk, so most of this is: among it some risks, and many texts that
sound like one and are none.
"""

import random
import re
from collections.abc import Iterator, Sequence

import numpy as np

from app.safeguarding.context import marks
from app.safeguarding.features import Numbers, each_once, of_windows
from app.safeguarding.patterns import hits
from app.safeguarding.rules import Category
from app.safeguarding.tokens import Window, places, windows
from training.templates import FOLDER, Example, examples, read_templates, varied, written

CATEGORIES = [category.value for category in Category]
LABELS: dict[str, str | None] = {
    **{category: category for category in CATEGORIES},
    "none_hard": None,
    "none_everyday": None,
    "long_everyday": None,
}
EACH = dict.fromkeys(LABELS, 10) | {"none_hard": 16, "none_everyday": 14, "long_everyday": 16}
SIDEWAYS = {f"sideways/{category}": category for category in CATEGORIES}
EVERYDAY = sorted(f"everyday/{path.stem}" for path in (FOLDER / "everyday").glob("*.txt"))
NEAR = [name for name in EVERYDAY if name.startswith("everyday/near")]  # in the turns of phrase of a risk
LONG = ("long_everyday", "none_everyday", "long/everyday")  # of these, too, long texts are made
BESIDE = sorted(f"beside/{path.stem}" for path in (FOLDER / "beside").glob("*.txt"))
PAIRS = sorted(f"pairs/{path.stem}" for path in (FOLDER / "pairs").glob("*.txt"))
AT_ONCE = 500  # windows
TIMES = 6  # that each line of the newer files is told
FEW = 2  # of these tellings that what the first question is learnt from holds
PAIRED = 4  # times that each of the pairs is told
PASSAGES = 8000  # of a few everyday sentences
LONG_TEXTS = 2500  # of each kind: quiet ones, and ones that tell of a risk in one place
KEPT = 3  # windows of each quiet one
_SHORT = {
    "he is": "hes", "she is": "shes", "it is": "its", "i am": "im", "we are": "were", "you are": "youre",
    "they are": "theyre", "he has": "hes", "she has": "shes", "i have": "ive", "we have": "weve",
    "they have": "theyve", "i will": "ill", "i would": "id", "do not": "dont", "does not": "doesnt",
    "did not": "didnt", "is not": "isnt", "was not": "wasnt", "has not": "hasnt", "have not": "havent",
    "will not": "wont", "cannot": "cant", "would not": "wouldnt", "could not": "couldnt", "that is": "thats",
    "there is": "theres", "what is": "whats",
}  # fmt: skip
_LONG = {short: long for long, short in _SHORT.items() if short not in {"its", "were", "ill", "id"}}

Row = Numbers
Told = tuple[Window, str | None]  # a window of a text, and what it tells of (None: no risk)


def rows_of(read: Sequence[Window]) -> list[Row]:
    """The features of windows, in an order that is the same on every machine."""
    rows: list[Row] = []
    for start in range(0, len(read), AT_ONCE):
        some = [window.tokens for window in read[start : start + AT_ONCE]]
        numbers, window = each_once(of_windows(some), [marks(tokens, hits(tokens)) for tokens in some])
        ends = np.searchsorted(window, np.arange(1, len(some)))
        rows += np.split(numbers, ends)
    return rows


def spoken(text: str, rng: random.Random) -> str:
    """The text with its verbs drawn together, written out, or as they are: that tells of nothing."""
    dice = rng.random()
    forms = _SHORT if dice < 0.4 else _LONG if dice < 0.65 else {}
    if not forms:
        return text
    found = re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE)
    return found.sub(lambda match: forms[match[0].lower()], text.replace("'", ""))


def told(seed: int) -> list[Example]:
    """Texts of all templates that the first question is learnt from, but the pairs."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    texts = [
        Example(spoken(text.text, rng), text.label, text.template)
        for text in examples(LABELS, seed=seed, each=EACH)
    ]
    number = max(text.template for text in texts)
    for name, label in {**SIDEWAYS, **dict.fromkeys(BESIDE), **dict.fromkeys(EVERYDAY)}.items():
        if name in NEAR:
            continue
        for template in read_templates(name):
            number += 1
            times = FEW if name in EVERYDAY else TIMES
            texts += [Example(retold(template, rng), label, number) for _ in range(times)]
    return texts


def retold(template: str, rng: random.Random) -> str:
    """One text of a template as another person might have typed it, or as it stands."""
    text = written(template, rng)
    return spoken(varied(text, rng, *AROUND) if rng.random() < 0.8 else text, rng)


def drawn(seed: int) -> list[Told]:
    """All that the first question is learnt from: whole texts, windows of long ones, what each tells of."""
    texts = told(seed)
    return [(windows(text.text)[0], text.label) for text in texts] + list(_long_texts(texts, seed))


def paired(seed: int) -> list[Told]:
    """Messages of which one tells of a risk and the next, in much the same words, of none.

    For what words mean; the sums of hashed words tell hardly anything by them.
    """
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    read: list[Told] = []
    for name in PAIRS:
        label = None
        for line in read_templates(name):
            if line.startswith("["):
                label = line.strip("[]")
                continue
            sign, template = line.split(" ", 1)
            tells = label if sign == "+" else None
            read += [(windows(retold(template, rng))[0], tells) for _ in range(PAIRED)]
    return read


def everyday(seed: int) -> list[Row]:
    """What the second question is learnt from besides, the bulk of what a service reads.

    Every line many times, with those that say of something else what a risk would say, and short passages.
    """
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    talk = [template for name in EVERYDAY for template in read_templates(name)]
    texts = [retold(template, rng) for template in talk for _ in range(TIMES)]
    texts += [spoken(_passage(talk, rng, count=rng.choice([2, 2, 3])), rng) for _ in range(PASSAGES)]
    return rows_of([rng.choice(windows(text)) for text in texts])


def _long_texts(texts: Sequence[Example], seed: int) -> Iterator[Told]:
    """Windows of long texts, as the service cuts them: some of quiet ones, the one that holds most of a risk.

    Without them the classifier would know whole texts alone, and take pieces of small talk for risks.
    """
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    talk = [template for name in LONG for template in read_templates(name)]
    risks = [text for text in texts if text.label]
    for _ in range(LONG_TEXTS):
        cut = windows(_passage(talk, rng, count=rng.randrange(4, 8)))
        for window in rng.sample(cut, min(KEPT, len(cut))):
            yield window, None
        risk = rng.choice(risks)
        before = _passage(talk, rng, count=rng.randrange(1, 4))
        start, end = len(before), len(before) + len(risk.text)
        whole = before + risk.text + rng.choice([". ", ", ", "\n"]) + _passage(talk, rng, count=3)
        stand = places(whole)
        most = max(windows(whole), key=lambda window: _within(window, stand, start, end))
        yield most, risk.label


def _within(window: Window, stand: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """How many words of a window begin within a stretch of the text."""
    own = stand[window.before : window.before + len(window.tokens)]
    return sum(start <= word < end for word, _ in own)


def _passage(talk: Sequence[str], rng: random.Random, *, count: int) -> str:
    """So many sentences of small talk, with or without full stops."""
    stop = rng.choice([". ", ". ", ". ", ", ", " and "])
    return "".join(written(rng.choice(talk), rng) + stop for _ in range(count))


def _around() -> tuple[list[str], list[str]]:
    lines = read_templates("around")
    return [line[2:] for line in lines if line.startswith("<")], [
        line[2:] for line in lines if line.startswith(">")
    ]


AROUND = _around()


def all_words() -> set[str]:
    """The words of all templates, in one spelling."""
    names = [*LABELS, *SIDEWAYS, *BESIDE, *EVERYDAY, *LONG, *PAIRS, "around"]
    lines = [re.sub(r"[][|]", " ", line) for name in names for line in read_templates(name)]
    return {token.word for line in lines for window in windows(line) for token in window.tokens}
