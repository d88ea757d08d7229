"""Each kind of identifier, as parents write it; and what must stay."""

import pytest

from app.anonymise import anonymise, detect, find, leaks
from app.anonymise.ages import age_band


def found(text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.type) for span in detect(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("our postcode is sa99 1zz ok", ("sa99 1zz", "POSTCODE")),
        ("we live in SA99 near the sea", ("SA99", "POSTCODE")),
        ("its S1O 2ZZ i think", ("S1O 2ZZ", "POSTCODE")),
        ("ring me 07700 900123 thanks", ("07700 900123", "PHONE")),
        ("call 01632-960-123", ("01632-960-123", "PHONE")),
        ("+44 (0)20 7946 0123 is work", ("+44 (0)20 7946 0123", "PHONE")),
        ("text 0 7 7 0 0 9 0 0 5 5 1 not ring", ("0 7 7 0 0 9 0 0 5 5 1", "PHONE")),
        ("mail some.one+x@example.co.uk please", ("some.one+x@example.co.uk", "EMAIL")),
        ("email j tims 84 at hotmail dot com", ("j tims 84 at hotmail dot com", "EMAIL")),
        ("its tims.family@gmail ok", ("tims.family@gmail", "EMAIL")),
        ("on jtims<at>example<dot>com", ("jtims<at>example<dot>com", "EMAIL")),
        ("email j.tims(a)example.com", ("j.tims(a)example.com", "EMAIL")),
        ("crime number CR25 118822 it was", ("CR25 118822", "CASE_REF")),
        ("pupil number 8812", ("8812", "CASE_REF")),
        ("my reference: XJ 44 19 K", ("XJ 44 19 K", "CASE_REF")),
        ("its on https://example.org/x?y=1.", ("https://example.org/x?y=1", "URL")),
        ("follow @some_one99 there", ("@some_one99", "HANDLE")),
        ("snapchat name is some_one99", ("some_one99", "HANDLE")),
        ("NHS number 943 476 5919", ("943 476 5919", "NHS_NUMBER")),
        ("my NI is QQ 12 34 56 C", ("QQ 12 34 56 C", "NI_NUMBER")),
        ("UPN L370876301035 he has", ("L370876301035", "UPN")),
        ("a car reg zz12zzz outside", ("zz12zzz", "VEHICLE_REG")),
        ("crime ref 42/1234/26 they gave", ("42/1234/26", "CASE_REF")),
        ("she was seen on 3/4/22 there", ("3/4/22", "DATE")),
        ("the fight was on 7th June", ("7th June", "DATE")),
        ("he was born on 07-11-2013", ("07-11-2013", "DOB")),
        ("my 8 year old hides", ("8", "AGE")),
        ("shes 17", ("17", "AGE")),
        ("at 14 Larkspur Close now", ("14 Larkspur Close", "ADDRESS")),
        ("down Larkspur Gate she ran", ("Larkspur Gate", "ADDRESS")),
        ("they came to teasel lane at ten", ("teasel lane", "ADDRESS")),
        ("moved to 12 the paddocks then", ("12 the paddocks", "ADDRESS")),
        ("we live at thistle cottage now", ("thistle cottage", "ADDRESS")),
        ("it is on the 3rd of March we go", ("the 3rd of March", "DATE")),
        ("we hear by the 14th, they say", ("the 14th", "DATE")),
        ("letter dated 3/9 says so", ("3/9", "DATE")),
        ("told us friday 4th is fine", ("friday 4th", "DATE")),
        ("so torfaen council said no", ("torfaen council", "LOCAL_AUTHORITY")),
        ("rbkc wont pay", ("rbkc", "LOCAL_AUTHORITY")),
        ("the council in conwy is slow", ("conwy", "LOCAL_AUTHORITY")),
        ("but powys refused again", ("powys", "LOCAL_AUTHORITY")),
        ("we sat in airedale until two", ("airedale", "HEALTH_ORG")),
        ("st winefrides sent him home", ("st winefrides", "SCHOOL")),
        ("Elmfield Primary says no", ("Elmfield Primary", "SCHOOL")),
        ("he goes to elmfield primary school", ("elmfield primary school", "SCHOOL")),
        ("Ysgol Glan Elm rang", ("Ysgol Glan Elm", "SCHOOL")),
        ("he was seen at Elmdon Hospital", ("Elmdon Hospital", "HEALTH_ORG")),
        ("we moved to Wrexham", ("Wrexham", "PLACE")),
        ("I work at Brindles", ("Brindles", "EMPLOYER")),
        ("Elmshire Council said wait", ("Elmshire", "LOCAL_AUTHORITY")),
        ("the deputy Miss B-J shouted", ("B-J", "PERSON")),
        ("my son finlay mcallister hit me", ("finlay mcallister", "PERSON")),
        ("ed psych is called Dr Penhal-Wren", ("Penhal-Wren", "PERSON")),
        ("leos dad is no help", ("leo", "PERSON")),
        ("Will will not do his homework", ("Will", "PERSON")),
        ("i asked mark to mark it", ("mark", "PERSON")),
        ("i spoke to jan from early help", ("jan", "PERSON")),
        ("bruises from ivy", ("ivy", "PERSON")),
        ("April is eleven and April hates maths", ("April", "PERSON")),
        ("Thanks\nOrlagh x", ("Orlagh", "PERSON")),
    ],
)
def test_found(text: str, expected: tuple[str, str]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "ring Childline on 0800 1111 or Samaritans on 116 123",
        "call 999, or 111 if it can wait, or 101 for the police",
        "CAMHS said the SENCO must ask for an EHCP, so IPSEA and SENDIASS helped",
        "Ofsted came in year 9 before his GCSEs",
        "www.gov.uk and https://www.nhs.uk/conditions/ helped",
        "his dad doesn't believe in ADHD",
        "her attendance is 80% and they are threatening fines",
        "Monday mornings are the worst",
        "no one will choose to go out",
        "covid in 2020 was when it started",
        "bedtime is 8pm but she's up till 2am",
        "will he ever change? I hope so, may be in time",
        "I'd like to be an angel about it but I shouted",
        "he has 3 sisters and 2 brothers",
        "12 hours on the road to Wales",
        "it has been so since May, or was it April or August",
        "a letter from school came with his coat",
        "peppa pig all day, bob's your uncle",
        "she scored 7/10 and 3/5",
        "the student council at school is in the main road",
        "i cannot get close to him, no way",
        "in general his hospital appointment helps",
    ],
)
def test_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_name_found_once_is_found_in_both_sides_turns_in_any_case() -> None:
    texts = [
        "im Debra, aarons mum",
        "How is AARON today?",
        "aaron's fine, Debra Hale says hi",
        "the hale family",
    ]
    spans = find(texts)
    assert [[text[s.start : s.end] for s in found] for text, found in zip(texts, spans, strict=True)] == [
        ["Debra", "aaron"],
        ["AARON"],
        ["aaron", "Debra Hale"],
        ["hale"],
    ]


def test_a_long_number_found_once_is_found_however_it_is_spaced() -> None:
    texts = ["ring me on 07700 900123", "so 0 7 7 0 0 - 9 0 0 1 2 3 then", "it said brook-00072-98c8341 here"]
    outcome = anonymise(texts)
    assert not any(letter.isdigit() for text in outcome.texts[:2] for letter in text)
    assert outcome.texts[2] == "it said [CASE_REF] here"
    assert leaks(texts, outcome.spans, outcome.texts) == []


def test_known_names_are_found_without_a_cue() -> None:
    assert anonymise(["it was wrenna who helped"], known=["Wrenna Coach"]).texts == [
        "it was [PERSON_1] who helped"
    ]


def test_a_school_is_found_again_in_any_case() -> None:
    assert anonymise(["she is at Elmfield Primary", "i hate elmfield primary"]).texts == [
        "she is at [SCHOOL_1]",
        "i hate [SCHOOL_1]",
    ]


@pytest.mark.parametrize(
    ("surface", "band"),
    [
        ("3", "0_4"),
        ("18 months", "0_4"),
        ("30 months", "0_4"),
        ("10 weeks", "0_4"),
        ("4½", "0_4"),
        ("7", "5_7"),
        ("eight", "8_10"),
        ("13", "11_13"),
        ("14", "14_16"),
        ("17", "17_19"),
        ("25", "20_25"),
        ("41", "26_99"),
    ],
)
def test_ages_become_bands(surface: str, band: str) -> None:
    assert age_band(surface) == band
