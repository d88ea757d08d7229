"""Invented conversations that must come out clean before anything is exported: the anonymiser's own alarm.

A gazetteer that was not built, a model that does not load or a rule that broke would leave them standing.
"""

from random import Random

from app.anonymise import anonymise
from app.errors import Conflict

COUNT = 8
_NAMES = (
    "Oliver",
    "Khadijah",
    "Aoife",
    "Zofia",
    "Chukwuemeka",
    "Rhiannon",
    "Harpreet",
    "Mohammed",
    "Callum",
    "Priya",
)
_FAMILIES = ("Pritchard", "Okonkwo", "Kowalski", "Hussain", "MacDonald", "Whitlock", "Singh", "Griffiths")
_PLACES = ("Wrexham", "Nuneaton", "Huddersfield", "Lowestoft", "Kirkcaldy", "Swindon")
_SCHOOLS = ("Teasel Hill Primary", "Larkmoor High School", "St Winefride's Academy", "Ysgol Glan Elm")


def planted(seed: int) -> tuple[list[str], list[str]]:
    """One conversation, and what identifies in it; the same seed gives the same."""
    chance = Random(seed)  # noqa: S311 (it must be the same each time)
    child, family = chance.choice(_NAMES), chance.choice(_FAMILIES)
    place, school = chance.choice(_PLACES), chance.choice(_SCHOOLS)
    number = f"07700 900{chance.randrange(1000):03}"
    mail = f"{child.casefold()}.{family.casefold()}@example.org"
    street = f"{chance.randrange(2, 90)} Larkspur Close"
    texts = [
        f"my son {child} wont go to {school}",
        f"How is {child} today?",
        f"{child.casefold()}s in bed. we live at {street} in {place}, my number is {number}",
        f"Thank you. May I write to {mail}? I will ask Mrs {family} as well.",
        f"yes. {school.casefold()} know {child.upper()} and mrs {family.casefold()}",
    ]
    return texts, [child, family, place, school, number, mail, "Larkspur"]


def left_standing(seed: int) -> list[str]:
    """What of the planted conversation the anonymiser left standing, in any case."""
    texts, told = planted(seed)
    outcome = "\n".join(anonymise(texts).texts).casefold()
    return [surface for surface in told if surface.casefold() in outcome]


def clean(seed: int) -> bool:
    """Whether the planted conversations come out clean."""
    return not any(left_standing(seed + number) for number in range(COUNT))


def require_clean(seed: int) -> None:
    """Refuse to export where one of the planted conversations does not come out clean."""
    if not clean(seed):
        raise Conflict(
            "The anonymiser left standing what was planted for it to find. Nothing was written.",
            next_step="Tell whoever runs the service: make setup builds its lists again.",
        )
