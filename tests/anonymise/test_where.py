"""Schools, hospitals, houses and estates in the sentences in which parents name them; and words alike."""

import pytest

from app.anonymise import detect
from app.anonymise.places import placed


def masked(text: str) -> str:
    """The letters that are masked, in order."""
    places = {place for span in detect(text) for place in range(span.start, span.end)}
    return "".join(text[place] for place in sorted(places))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("under gosh for his kidneys", "gosh"),
        ("Royal Manchester Children's said so", "Royal Manchester Children's"),
        ("hes been on teasel ward for 3 weeks", "teasel ward"),
        ("admitted to Ward 12 again", "Ward 12"),
        ("spoke to Teasel Vale Healthcare", "Teasel Vale Healthcare"),
        ("teasel childrens centre shut down", "teasel childrens centre"),
        ("teasel street clinic was kind", "teasel street clinic"),
        ("at ysbyty glan clwyd all night", "ysbyty glan clwyd"),
        ("dr teasels surgery wont refer", "dr teasels surgery"),
        ("his nursery, Teasel Tots, said no", "Teasel Tots"),
        ("teasel hill excluded him", "teasel hill"),
        ("little acorns pre-school said so", "little acorns pre-school"),
        ("SS Peter and Paul is full", "SS Peter and Paul"),
        ("Our Lady's is oversubscribed", "Our Lady's"),
        ("dixons trinity said no", "dixons trinity"),
        ("on the Teasel estate so you see", "Teasel"),
        ("at the old forge now", "the old forge"),
        ("up Church Brow he ran", "Church Brow"),
        ("at 14 heol y bryn", "14 heol y bryn"),
        ("lives at 32 with his nan", "32"),
        ("im in flat 3b, Teasel Court", "flat 3b, Teasel Court"),
        ("at 14 teasel clse", "14 teasel clse"),
        ("Teaselmere have been awful", "Teaselmere"),
        ("i rang the Grange and no one came", "the Grange"),
        ("the nurse at Teasel House", "Teasel House"),
        ("off sick from Teasel Foods", "Teasel Foods"),
        ("he works for teaselcorp", "teaselcorp"),
        ("i'm on the tills in lidl", "lidl"),
    ],
)
def test_found(text: str, name: str) -> None:
    assert name.replace(" ", "") in masked(text).replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "the childrens ward was full",
        "he wants to quit college",
        "we waited in the walk in centre",
        "happy days and small steps",
        "on the council estate near us",
        "the car park is full",
        "it is a mental health trust",
        "he walks down the wrong road",
        "knee surgery is tomorrow",
        "we live in a tower block",
        "Teachers have given up",
        "The Judge said no",
        "he works for himself, she works in HR",
        "a 20 minute walk",
        "(15M) wont talk",
    ],
)
def test_left_alone(text: str) -> None:
    assert not [span for span in placed(text) if span.type in ("SCHOOL", "HEALTH_ORG", "ADDRESS")]
