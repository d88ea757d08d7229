"""Labelled texts of British parent chat for the tagger, from templates and name lists of our own."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.anonymise.allowed import BLANK
from app.anonymise.words import GIVEN_NAMES, WORD_NAMES, lexicon
from training import templates

FOLDER = Path(__file__).parent / "anon"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([A-Z]+)\}")
TYPES = {
    "P": "PERSON", "F": "PERSON", "S": "PERSON", "I": "PERSON", "N": "PERSON", "SC": "SCHOOL",
    "H": "HEALTH_ORG", "A": "ADDRESS", "L": "PLACE", "LA": "LOCAL_AUTHORITY", "E": "EMPLOYER",
}  # fmt: skip
_CONSONANTS = [
    *("b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t"),
    *("v", "w", "y", "z", "th", "sh", "kh", "br", "dr", "kw", "ch", "ph", "st", "tr"),
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ee", "ia", "ou", "y", "ay", "ie"]
_ENDS = [
    *("n", "a", "ie", "y", "h", "r", "l", "sha", "lyn", "ton", "ra", "m", "x", "s", "d"),
    *("o", "ya", "wen", "leigh"),
]

# Files of the risk check's texts: by name, so that a new one there leaves this model as it is.
EVERYDAY = (
    *("abuse_neglect", "domestic_abuse", "harm_to_baby", "harm_to_others", "long_everyday", "missing_child"),
    *("none_everyday", "none_hard", "sexual_abuse", "suicide_self_harm"),
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and what identifies in it: start, end, type."""

    text: str
    spans: list[tuple[int, int, str]]


def _lines(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


class Filler:
    """Fills the braces of a template; everything by one generator of random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kinds = {
            kind: [word.replace("_", " ").replace("~", "") for word in words.split()]
            for kind, words in (line.split(": ", 1) for line in _lines("fillers"))
        }
        words = lexicon()
        self.frequent = sorted(GIVEN_NAMES)
        self.rare = sorted(
            w for w, (_, flags) in words.items() if "G" in flags and "O" not in flags and w.isalpha()
        )
        self.word_names = sorted(WORD_NAMES)
        self.surnames = sorted(w for w, (_, flags) in words.items() if "S" in flags and w.isalpha())
        self.ordinary_surnames = [w for w in self.surnames if "O" in words[w][1]]
        self.ordinary = sorted(w for w, (common, flags) in words.items() if flags == "O" and 3 <= common <= 4)
        self.places = sorted(w for w, (_, flags) in words.items() if "P" in flags)

    def given(self) -> str:
        dice = self.rng.random()
        if dice < 0.42:
            return self.rng.choice(self.frequent)
        if dice < 0.58:
            return self.rng.choice(self.rare)
        if dice < 0.73:
            return self.rng.choice(self.word_names)
        if dice < 0.80:
            return self._slipped(self.rng.choice(self.frequent))
        if dice < 0.84:
            return self._short(self.rng.choice(self.frequent))
        if dice < 0.87:
            return f"{self.rng.choice(self.frequent)}-{self.rng.choice(self.kinds['SECOND'])}"
        if dice < 0.90:
            return self.rng.choice(self.kinds["NICK"])
        return self.invented()

    def invented(self) -> str:
        parts = [self.rng.choice(_CONSONANTS), self.rng.choice(_VOWELS)]
        if self.rng.random() < 0.5:
            parts += [self.rng.choice(_CONSONANTS), self.rng.choice(_VOWELS)]
        return "".join(parts) + self.rng.choice(_ENDS)

    def _slipped(self, word: str) -> str:
        if len(word) < 4:
            return word
        at = self.rng.randrange(1, len(word) - 1)
        return self.rng.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )

    def _short(self, word: str) -> str:
        stem = word[: self.rng.choice([3, 4])]
        return stem + self.rng.choice(["y", "ie", "s", "z", "o", "", "a", "ers", "zy", "bob"])

    def surname(self) -> str:
        dice = self.rng.random()
        if dice < 0.6:
            return self.rng.choice(self.surnames)
        if dice < 0.7:
            return self.rng.choice(self.ordinary_surnames)
        if dice < 0.8:
            return f"{self.rng.choice(self.surnames)}-{self.rng.choice(self.surnames)}"
        if dice < 0.88:
            return self.rng.choice(["mc", "mac", "o'", "fitz"]) + self.rng.choice(self.surnames)
        return self.invented() + self.rng.choice(
            ["son", "ley", "ski", "wood", "well", "by", "man", "ova", "field", ""]
        )

    def place(self) -> str:
        dice = self.rng.random()
        if dice < 0.85:
            return self.rng.choice(self.places)
        first = self.rng.choice(
            self.kinds["STREET"] + ["nether", "upper", "lower", "great", "little", "new", "old"]
        )
        return first + self.rng.choice(self.kinds["PLACEEND"])

    def school(self) -> str:
        dice = self.rng.random()
        if dice > 0.97:
            return self.rng.choice(self.kinds["NURSERY" if self.rng.random() < 0.5 else "UNITSCHOOL"])
        stem = self.rng.choice(self.kinds["STEM"]) if self.rng.random() < 0.6 else self.place()
        if self.rng.random() < 0.08:
            first = self.rng.choice([*self.kinds["STREET"], self.rng.choice(self.ordinary)])
            stem = f"{first} {self.rng.choice(self.kinds['SCHOOLEND'])}"
        kind = self.rng.choice(
            self.kinds["SCHOOLKIND"]
        )  # fmt: skip
        saint = f"{self.rng.choice(['st', 'st', 'st.', 'saint'])} {self.rng.choice(self.kinds['SAINT'])}"
        if dice < 0.62:
            return f"{stem} {kind}"
        if dice < 0.80:
            return f"{saint}{self.rng.choice(self.kinds['SAINTKIND'])}"
        if dice < 0.86:
            return f"the {stem} {self.rng.choice(['academy', 'school', 'centre', 'pru'])}"
        if dice < 0.91:
            return f"ysgol {self.rng.choice(self.kinds['YSGOL'])} {self.place()}"
        if dice < 0.95:
            return self.rng.choice(self.kinds["HOLY"]) + self.rng.choice(["", " primary", " rc", " school"])
        return stem

    def health(self) -> str:
        dice = self.rng.random()
        if dice < 0.4:
            return self.rng.choice(self.kinds["HOSP"])
        if dice > 0.92:
            return f"{self.rng.choice(self.kinds['WARD'])} {self.rng.choice(self.kinds['WARDKIND'])}"
        if dice > 0.86:
            return f"{self.place()} {self.rng.choice(self.kinds['TRUSTKIND'])}"
        if dice < 0.7:
            return f"{self.place()} {self.rng.choice(self.kinds['HOSPKIND'])}"
        stem = self.rng.choice(self.kinds["STEM"] + self.kinds["STREET"])
        return f"{stem} {self.rng.choice(self.kinds['SURGERY'])}"

    def address(self) -> str:
        dice = self.rng.random()
        stem = self.rng.choice(self.kinds["STREET"]) if dice < 0.6 else self.place()
        if dice > 0.9:
            stem = f"{self.rng.choice(self.ordinary)} {self.rng.choice(self.kinds['ENDING'])}"
        if self.rng.random() < 0.15:
            return f"{stem} {self.rng.choice(self.kinds['BLOCK'])}"
        street = f"{stem} {self.rng.choice(self.kinds['ROAD'])}"
        if self.rng.random() < 0.65:
            number = f"{self.rng.randrange(1, 250)}{self.rng.choice(['', '', '', 'a', 'b'])}"
            street = f"{number}{self.rng.choice([' ', ' ', ', '])}{street}"
        if self.rng.random() < 0.15:
            street = f"flat {self.rng.randrange(1, 60)}{self.rng.choice([' ', ', '])}{street}"
        return street

    def employer(self) -> str:
        if self.rng.random() < 0.75:
            return self.rng.choice(self.kinds["EMP"])
        stem = self.surname()
        return f"{stem}{self.rng.choice(self.kinds['FIRM'])}"

    def initials(self) -> str:
        letters = [self.rng.choice("ABCDEFGHJKLMNOPRSTWYZ") for _ in range(self.rng.choice([1, 1, 2, 2, 3]))]
        return self.rng.choice(["", ".", "-", ". "]).join(letters) + self.rng.choice(["", "", "."])

    def of(self, slot: str) -> str:
        if slot == "P":
            dice = self.rng.random()
            if dice < 0.10:
                return f"{self.given()} {self.surname()}"
            return self.initials() if dice < 0.12 else self.given()
        if slot == "F":
            return f"{self.given()} {self.surname()}"
        made = {
            "S": self.surname, "I": self.initials, "SC": self.school, "H": self.health,
            "A": self.address, "L": self.place, "E": self.employer,
        }  # fmt: skip
        if slot in made:
            return made[slot]()
        return self.rng.choice(self.kinds["NICK" if slot == "N" else slot])


def _titled(value: str) -> str:
    small = {"and", "of", "the", "upon", "on", "in", "le", "with"}
    words = value.split(" ")
    return (
        " ".join(
            word
            if word in small and place
            else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
            for place, word in enumerate(words)
        )
        .replace("O'", "O'")
        .replace("Bt", "BT")
    )


def _register(rng: random.Random) -> str:
    return rng.choices(["lower", "proper", "mixed", "names", "shout", "title"], [42, 28, 10, 15, 3, 2])[0]


def labelled(template: str, filler: Filler) -> Labelled:
    """One text of a template."""
    rng = filler.rng
    text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), template)
    text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
    register = _register(rng)
    bare = rng.random() < 0.5  # no apostrophes
    blank = rng.random() < 0.12  # some names are masked already
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = at = 0

    def add(piece: str) -> None:
        nonlocal length
        parts.append(piece)
        length += len(piece)

    for match in _SLOT.finditer(text):
        add(text[at : match.start()])
        at = match.end()
        slot = match[1]
        value = filler.of(slot)
        if slot in TYPES and blank and rng.random() < 0.7:
            add(BLANK)
            continue
        if bare:
            value = value.replace("'", "")
        if register in ("proper", "names", "title") or (register == "mixed" and rng.random() < 0.5):
            value = (
                value if slot in ("MED", "FOOD", "COND", "YEAR") and rng.random() < 0.6 else _titled(value)
            )
        if slot in TYPES:
            spans.append((length, length + len(value), TYPES[slot]))
        add(value)
    add(text[at:])
    text = "".join(parts)
    if bare:
        text, spans = _without_apostrophes(text, spans)
    text = _in_register(text, register, rng)
    if rng.random() < 0.35:
        text += rng.choice([".", "!", "?", "...", " x", "..", " :(", " xx"])
    return Labelled(text, spans)


def _in_register(text: str, register: str, rng: random.Random) -> str:
    if register == "proper":
        text = re.sub(r"(^|[.!?] )([a-z])", lambda m: m[1] + m[2].upper(), text)
        return re.sub(r"\b(i)(?='|\b)", "I", text) if rng.random() < 0.9 else text
    if register == "names" and rng.random() < 0.3:
        return text[:1].upper() + text[1:]
    if register == "shout":
        return text.upper()
    if register == "title":
        return re.sub(r"\b[a-z](?=[a-z]{2})", lambda m: m[0].upper(), text)
    return text.lower() if register == "lower" else text


def _without_apostrophes(
    text: str, spans: list[tuple[int, int, str]]
) -> tuple[str, list[tuple[int, int, str]]]:
    places = [place for place, letter in enumerate(text) if letter == "'"]
    return text.replace("'", ""), [
        (start - sum(p < start for p in places), end - sum(p < end for p in places), kind)
        for start, end, kind in spans
    ]


def joined(one: Labelled, other: Labelled, between: str) -> Labelled:
    """Two texts as one message."""
    shift = len(one.text) + len(between)
    spans = [*one.spans, *((start + shift, end + shift, kind) for start, end, kind in other.spans)]
    return Labelled(one.text + between + other.text, spans)


_SOMEBODY: tuple[tuple[re.Pattern[str], dict[str, str]], ...] = (
    (
        re.compile(r"^(?:he|she|hes|shes|he's|she's)\b"),
        {"hes": "{P} is", "shes": "{P} is", "he's": "{P}'s", "she's": "{P}'s"},
    ),
    (re.compile(r"\b(?:he|she)\b(?= [a-z])"), {}),
    (re.compile(r"\b(?:him)\b"), {}),
    (re.compile(r"\b(?:my son|my daughter|my husband|my partner|my boyfriend|my mum|my lad|my teen)\b"), {}),
    (re.compile(r"\bhis\b(?= [a-z])"), {"his": "{P}'s"}),
)


def with_people(text: str, rng: random.Random) -> str:
    """A text in which one of those who are spoken of gets a name."""
    pattern, said = _SOMEBODY[rng.randrange(len(_SOMEBODY))]
    matches = list(pattern.finditer(text))
    if not matches:
        return text
    match = rng.choice(matches)
    put = said.get(match[0], "{P}")
    if match[0].startswith("my ") and rng.random() < 0.5:
        put = match[0] + " {P}"
    if put == "{P}'s" and rng.random() < 0.5:
        put = "{P}s"
    return text[: match.start()] + put + text[match.end() :]


def texts(*, seed: int, each: int, hard: int, elsewhere: int, everyday: int) -> Iterator[Labelled]:
    """All training texts; the same seed gives the same texts."""
    rng = random.Random(seed)  # noqa: S311 (no secret: it must give the same texts each time)
    filler = Filler(rng)
    clean = [line for name in EVERYDAY for line in templates.read_templates(name)]
    recent: list[Labelled] = []
    for lines, count in (
        (_lines("texts"), each),
        (_lines("hard"), hard),
        (_lines("elsewhere"), elsewhere),
        (_lines("shapes"), hard),
        (_lines("where"), hard),
    ):
        for line in lines:
            for _ in range(count):
                made = labelled(line, filler)
                recent.append(made)
                yield made
    for line in clean:
        for number in range(everyday):
            text = templates.written(line, rng)
            made = labelled(with_people(text, rng) if number % 2 else text, filler)
            recent.append(made)
            yield made
    yield from _long(recent, rng)
    for _ in range(len(recent) // 4):
        yield joined(
            rng.choice(recent),
            rng.choice(recent),
            rng.choice([". ", " ", ", ", " and ", " but ", "\n", "! ", " - ", "... "]),
        )


def _long(texts: list[Labelled], rng: random.Random) -> Iterator[Labelled]:
    """Long messages of which most hold nothing, and the others a name in one of their sentences."""
    plain = [text for text in texts if not text.spans]
    telling = [text for text in texts if len(text.spans) == 1]
    for _ in range(len(texts) // 16):
        parts = [rng.choice(plain) for _ in range(rng.randrange(3, 7))]
        if rng.random() < 0.6:
            parts[rng.randrange(len(parts))] = rng.choice(telling)
        whole = parts[0]
        for part in parts[1:]:
            whole = joined(whole, part, rng.choice([". ", ". ", " ", ", ", " and ", "\n", ". then "]))
        yield whole
