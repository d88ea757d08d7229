"""Facts that few families share are masked: some generalised at once, some for a person to look at."""

import pytest

from app.anonymise import anonymise, detect
from app.anonymise.spans import CLASSES
from app.anonymise.uncommon import POLICY, uncommon


@pytest.mark.parametrize(
    ("text", "fact", "kind"),
    [
        ("he has Angelman syndrome and wont sleep", "Angelman syndrome", "RARE_CONDITION"),
        ("she has Teaselberg syndrome", "Teaselberg syndrome", "RARE_CONDITION"),
        ("shes got a 16p11.2 deletion", "16p11.2 deletion", "RARE_CONDITION"),
        ("mum of triplets here", "triplets", "FAMILY_SIZE"),
        ("we have seven kids in a 3 bed", "seven kids", "FAMILY_SIZE"),
        ("he's the youngest of nine", "nine", "FAMILY_SIZE"),
        ("my husband is the vicar", "vicar", "UNUSUAL_JOB"),
        ("his dad is a lighthouse keeper", "lighthouse keeper", "UNUSUAL_JOB"),
        ("it was in the newspaper last week", "was in the newspaper", "LOCAL_EVENT"),
        ("after the stabbing in the park", "the stabbing in the park", "LOCAL_EVENT"),
        ("she swims for the county", "swims for the county", "LOCAL_EVENT"),
    ],
)
def test_an_uncommon_fact_is_found(text: str, fact: str, kind: str) -> None:
    (span,) = uncommon(text)
    assert (text[span.start : span.end], span.type) == (fact, kind)
    assert span.reason
    assert 0 < span.score < 1


@pytest.mark.parametrize(
    "text",
    [
        "he has autism and adhd",
        "we have two kids and twins",
        "6 kids in his class have it",
        "I saw it on the news",
        "he is on his tv all day",
        "the judge said no",
        "my MP wont reply",
        "she won a certificate",
        "the school fire drill",
        "he has tourettes syndrome",
        "theres heart disease in the family",
    ],
)
def test_what_many_families_share_is_left(text: str) -> None:
    assert list(uncommon(text)) == []


def test_policy_says_what_a_person_has_to_look_at() -> None:
    assert POLICY.keys() <= CLASSES.keys()
    for text, doubtful in (("mum of triplets here", False), ("my husband is the vicar", True)):
        (span,) = detect(text)
        assert span.doubtful is doubtful
        assert (POLICY[span.type] == "review") is doubtful


def test_a_fact_is_replaced_by_what_kind_it_is() -> None:
    assert anonymise(["he has Angelman syndrome"]).texts == ["he has [RARE_CONDITION]"]
