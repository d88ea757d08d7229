"""Ages are found however they are written, and numbers that count something else are left."""

import pytest

from app.anonymise.ages import age_band, aged


def found(text: str) -> list[str]:
    return sorted({text[span.start : span.end] for span in aged(text)}, key=text.index)


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("my 7yo wont sleep", ["7"]),
        ("a 9-year-old and an 11 yr old", ["9", "11"]),
        ("she's seven", ["seven"]),
        ("he was only four the first time", ["four"]),
        ("nearly nine and a half, and tall", ["nine and a half"]),
        ("6 and a half and still up at night", ["6 and a half"]),
        ("she turns 11 in a fortnight", ["11"]),
        ("my eldest (14) is out all night", ["14"]),
        ("boy 11 yrs, girl 8 yrs", ["11", "8"]),
        ("they are 13, 10 and 2 and want me at once", ["13", "10", "2"]),
        ("DS8 and DD5 fight", ["8", "5"]),
        ("both mine are under 5 and wild", ["5"]),
        ("hes 12 going on 20, honestly", ["12", "20"]),
        ("LO is 22 months and wont walk", ["22 months"]),
        ("kai 9 and mia 6", ["9", "6"]),
        ("still wets the bed at 11", ["11"]),
        ("a mental age of about 5", ["5"]),
        ("her thirteenth birthday", ["thirteenth"]),
        ("shes coming up 5", ["5"]),
        ("kids are 2 4 and 7", ["2", "4", "7"]),
        ("my 20mo wont nap", ["20mo"]),
        ("eldest 12 youngest 8", ["12", "8"]),
        ("she just had her 13th", ["13th"]),
        ("her boyfriend's 19", ["19"]),
        ("grandma (71) helps", ["71"]),
        ("he is 7 (nearly 8)", ["7", "8"]),
        ("she has just gone 12", ["12"]),
        ("at 12 he should know better", ["12"]),
        ("I have three: 2, 5 and 9.", ["2", "5", "9"]),
        ("big lad for 9", ["9"]),
        ("my boy 15 is out again", ["15"]),
        ("hes 4yrs 3 months", ["4", "3 months"]),
        ("he is only two how can they expel him", ["two"]),
        ("my son whose 10 with adhd", ["10"]),
        ("he might be 17 but hes mine", ["17"]),
        ("he said he was 16 turns out hes 31", ["16", "31"]),
        ("Orla is 12 so is her mate", ["12"]),
        ("orla 7 and finn 4 share a room", ["7", "4"]),
        ("the boy who pushed him is 14", ["14"]),
        ("kids 4/6/9", ["4", "6", "9"]),
        ("my 7- and 9-year-olds", ["7", "9"]),
        ("ds1 (9) ds2 (6)", ["9", "6"]),
        ("could only say three words at 2", ["2"]),
        ("i left school at 14", ["14"]),
        ("walked at 11 months", ["11 months"]),
        ("is 9 too old for a buggy", ["9"]),
        ("emotionally shes about 4", ["4"]),
        ("its her 16th next week", ["16th"]),
        ("shes nearly one", ["one"]),
        ("8. he's 8!", ["8"]),
        ("fy mab 11 oed", ["11"]),
        ("mae hi'n saith oed", ["saith"]),
        ("hes12 and taller than me", ["12"]),
        ("a lad thats only 9", ["9"]),
        ("still in nappies, no words at 3", ["3"]),
        ("was the same at 4", ["4"]),
        ("son: 9, girl: 7", ["9", "7"]),
    ],
)
def test_an_age_is_found(text: str, ages: list[str]) -> None:
    assert found(text) == ages


@pytest.mark.parametrize(
    "text",
    [
        "I am a single dad of three",
        "his score was 9",
        "she goes to bed at 8",
        "they gave him 12 weeks",
        "he is one of 7 on the list",
        "the wait is two years now",
        "she is 3 weeks late with the form",
        "at eight he starts with the tummy ache",
        "there were eight of them and one of me",
        "he has had 4 schools and 2 nurseries",
        "it was 6 miles, in room 12 at ten past two",
        "she got 11 out of 20",
        "one old boy told me off",
        "hes 10 points off a reward",
        "she was two minutes behind me",
        "orla is 5 minutes late",
        "im 3 coffees in",
        "hes 5 in the queue",
        "they are 30 in a class",
        "tea is 5 and bedtime is 8",
        "turned 3 shades of red",
        "he walked home at 4",
        "still awake at 2",
        "minimum age 16",
        "hes one in a million",
    ],
)
def test_what_counts_something_else_is_no_age(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("surface", "band"),
    [
        ("6 and a half", "5_7"),
        ("2.5", "0_4"),
        ("18mths", "0_4"),
        ("thirteenth", "11_13"),
        ("twenty one", "20_25"),
        ("forty-two", "26_99"),
        ("pump", "5_7"),
    ],
)
def test_an_age_in_words_has_its_band(surface: str, band: str) -> None:
    assert age_band(surface) == band
