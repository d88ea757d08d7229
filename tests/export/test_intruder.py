"""Fifty planted families, and an intruder who knows five things of each and looks for them in an export.

He reads every row. One whose text or columns contradict what he knows is out; he has found his family where
it is among the two at most that are left.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass, replace

import pytest

from app.anonymise import anonymise, find
from app.anonymise.spans import Span
from app.export.generalising import Facts, generalise
from tests.export.conversations import CODEBOOK

SEED = 20260404
PLANTED, OTHERS = 50, 350
AGES = {"5-7": (5, 6, 7), "8-10": (8, 9, 10), "11-13": (11, 12, 13), "14-16": (14, 15, 16)}
PLACES = {
    "wales": ("Wrexham", "Swansea", "Bangor", "Llanelli"),
    "north-west": ("Carlisle", "Blackburn", "Preston", "Bolton"),
    "south-west": ("Exeter", "Truro", "Taunton", "Gloucester"),
    "london": ("Croydon", "Hackney", "Islington", "Camden"),
}
EMPLOYERS = ("Tesco", "Argos", "Asda", "Sainsbury's", "Greggs", "Boots")
COUNCILS = ("Flintshire", "Cumbria", "Devon", "Conwy", "Kent", "Powys")
MONTHS = ("January", "March", "April", "June", "September", "November")
NATIONS = {code.id: code.nation for code in CODEBOOK.regions if code.nation}


@dataclass(frozen=True, slots=True)
class Family:
    """What a neighbour knows: the child's age, where they live, the employer, the council, since when."""

    age: int
    place: str
    employer: str
    council: str
    since: str
    facts: Facts

    def texts(self) -> list[str]:
        return [
            f"Hello, my child is {self.age} years old and we live in {self.place}.",
            f"I work at {self.employer} and it all began on {self.since}.",
            f"{self.council} council has turned us down twice.",
        ]

    def known(self) -> dict[str, str]:
        return {
            "age": str(self.age),
            "place": self.place,
            "employer": self.employer,
            "council": self.council,
            "since": self.since,
        }


# What each of the five says where it stands as it is; where none matches, the text does not tell it.
TOLD = {
    "age": re.compile(r"my child is (\d+) years"),
    "place": re.compile(r"we live in ([A-Z][a-z]+)"),
    "employer": re.compile(r"I work at ([A-Z][a-z']+)"),
    "council": re.compile(r"^([A-Z][a-z]+) council", re.MULTILINE),
    "since": re.compile(r"it all began on (\d+ [A-Z][a-z]+ \d+)"),
}


def family(chance: random.Random) -> Family:
    band = chance.choice(list(AGES))
    region = chance.choice(list(PLACES))
    age = chance.choice(AGES[band])
    stage = "primary" if age < 12 else "secondary"
    since = f"{chance.randint(1, 28)} {chance.choice(MONTHS)} {chance.randint(2023, 2025)}"
    topic = chance.choice(["send/autism", "sleep", "school-attendance/school-refusal", "bullying"])
    send, attendance = chance.choice(["yes", "no", None]), chance.choice(["full", "low", "none"])
    facts = Facts("2026-03", topic, stage, region, NATIONS[region], band, send, attendance, "en")
    return Family(
        age, chance.choice(PLACES[region]), chance.choice(EMPLOYERS), chance.choice(COUNCILS), since, facts
    )


def generalised(families: list[Family]) -> list[tuple[str, Facts]]:
    """As the service lets them out: masked, and told of ten at least."""
    told = generalise(Counter(each.facts for each in families))
    return [("\n".join(anonymise(each.texts()).texts), told[each.facts].facts) for each in families]


def named_only(families: list[Family]) -> list[tuple[str, Facts]]:
    """The control: names and contact details are masked, and nothing is made more general."""
    rows = []
    for each in families:
        texts = each.texts()
        masked = [
            _without(text, [span for span in spans if span.cls == "direct"])
            for text, spans in zip(texts, find(texts), strict=True)
        ]
        rows.append(("\n".join(masked), each.facts))
    return rows


def _without(text: str, spans: list[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]}[{span.type}]{text[span.end :]}"
    return text


def agrees(known: Family, row: tuple[str, Facts]) -> bool:
    text, told = row
    for name, value in known.known().items():
        said = TOLD[name].search(text)
        if said is not None and said[1] != value:
            return False
    band = re.search(r"\[AGE_(\d+)_(\d+)\]", text)
    if band and not int(band[1]) <= known.age <= int(band[2]):
        return False
    facts = (("stage", known.facts.stage), ("region", known.facts.region), ("nation", known.facts.nation))
    return all(
        getattr(told, name) in (None, value) for name, value in (*facts, ("age_band", known.facts.age_band))
    )


def found(families: list[Family], rows: list[tuple[str, Facts]]) -> int:
    """How many of the planted families the intruder finds."""
    wins = 0
    for planted, own in zip(families[:PLANTED], rows[:PLANTED], strict=True):
        left = [row for row in rows if agrees(planted, row)]
        wins += len(left) <= 2 and any(row is own for row in left)
    return wins


@pytest.fixture(scope="module")
def families() -> list[Family]:
    chance = random.Random(SEED)
    return [family(chance) for _ in range(PLANTED + OTHERS)]


def test_nobody_is_found(families: list[Family]) -> None:
    assert found(families, generalised(families)) == 0


def test_without_generalising_nearly_everybody_is(families: list[Family]) -> None:
    assert found(families, named_only(families)) >= 40


def test_the_columns_alone_would_give_some_away(families: list[Family]) -> None:
    """A second control: the same masked texts beside columns that tell all that is known."""
    few = families[: PLANTED + 30]
    texts = [text for text, _ in generalised(few)]
    columns = [replace(each.facts) for each in few]
    assert found(few, list(zip(texts, columns, strict=True))) > 0
