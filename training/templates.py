"""Texts from templates: [a|b] is either; what people write around it, slips and the other sex vary."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "risk"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SWAPS = {
    "he": "she", "hes": "shes", "he's": "she's", "him": "her", "his": "her", "himself": "herself",
    "son": "daughter", "lad": "lass", "boy": "girl", "sons": "daughters", "husband": "wife",
    "he'd": "she'd", "he'll": "she'll", "stepson": "stepdaughter", "grandson": "granddaughter",
    "nephew": "niece",
}  # fmt: skip
_ACCENTS = {
    "nothing": ["nowt", "nothin"], "something": ["summat", "smth"], "anything": ["owt"], "my": ["me"],
    "myself": ["meself"], "because": ["cos", "bc"], "you": ["u"], "and": ["n", "&"], "to": ["2", "tae"],
    "with": ["wi"], "from": ["fae"], "of": ["ae"], "little": ["wee"], "child": ["bairn", "wean"],
    "kids": ["bairns", "weans"], "dont": ["dinnae", "dont"], "didnt": ["didnae"], "hasnt": ["hasnae"],
    "cant": ["cannae"], "isnt": ["isnae", "aint"], "your": ["ur"], "scared": ["feart", "scard"],
    "going": ["goin", "gonna"], "mum": ["mam", "mom", "mummy"], "dad": ["da", "daddy"],
    "boyfriend": ["bf", "fella"], "husband": ["hubby", "partner"], "son": ["lad", "boy"],
    "daughter": ["girl", "lass"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what it tells of (None: no risk), and the template that it came from."""

    text: str
    label: str | None
    template: int


def read_templates(name: str) -> list[str]:
    """The templates of one file, without remarks and the names of subjects."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "="))]


def written(template: str, rng: random.Random) -> str:
    """One text of a template."""
    return " ".join(_CHOICE.sub(lambda match: rng.choice(match[1].split("|")), template).split())


def ways(template: str) -> int:
    """How many texts a template has."""
    count = 1
    for match in _CHOICE.finditer(template):
        count *= match[1].count("|") + 1
    return count


def varied(text: str, rng: random.Random, before: list[str], after: list[str]) -> str:
    """The text as another person might have typed it."""
    words = text.split()
    if rng.random() < 0.5:
        words = [_SWAPS.get(word, word) for word in words]
    if rng.random() < 0.3:
        words = [
            rng.choice(_ACCENTS[word]) if word in _ACCENTS and rng.random() < 0.5 else word for word in words
        ]
    if rng.random() < 0.3:
        place = rng.randrange(len(words))
        words[place] = _slipped(words[place], rng)
    if rng.random() < 0.3:
        words.insert(0, rng.choice(before) + rng.choice([",", ".", ""]))
    if rng.random() < 0.3:
        words.append(rng.choice(["", ". "]) + rng.choice(after))
    return " ".join(words)


def _slipped(word: str, rng: random.Random) -> str:
    """A word of five letters or more with one slip: a letter gone, doubled, or two exchanged."""
    if len(word) < 5:
        return word
    at = rng.randrange(1, len(word) - 2)
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def examples(labels: dict[str, str | None], *, seed: int, each: dict[str, int]) -> Iterator[Example]:
    """Up to `each[name]` texts of every template of every file; the same seed gives the same texts."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    around = read_templates("around")
    before = [line[2:] for line in around if line.startswith("<")]
    after = [line[2:] for line in around if line.startswith(">")]
    number = 0
    for name, label in labels.items():
        for template in read_templates(name):
            number += 1
            texts = {written(template, rng): None for _ in range(min(each[name], 2 * ways(template)))}
            for text in texts:
                yield Example(varied(text, rng, before, after), label, number)
            yield Example(next(iter(texts)), label, number)
