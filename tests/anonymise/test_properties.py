"""What must hold of every conversation, whatever stands in it."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from app.anonymise import anonymise, detect, detect_conversation, find, leaks
from app.anonymise.allowed import PSEUDONYM
from app.anonymise.spans import CLASSES

NAMES = ("Tomos", "Aoife", "kwame", "Zofia Nowak", "MARLON", "Khadijah", "Finlay McAllister", "Rose", "Will")
SCHOOLS = ("Elmfield Primary", "St Brannock's", "the tanglewood academy", "Coppice Community School")
NUMBERS = ("07700 900123", "01632 960 444", "+44 7700 900555", "0 7 7 0 0 9 0 0 5 5 1")
SENTENCES = (
    "my son {name} wont go to {school}",
    "{name}'s teacher rang me on {number} yesterday.",
    "Hi {name}, how are you today?",
    "we live at 14 Larkspur Close, SA99 1ZZ and {name} is 9 years old",
    "I spoke to Mrs {name} about it and she said to ring {number}!",
    "{name} was born 07-11-2013, email me at someone_99@example.org",
    "what does {name} enjoy?",
    "is it normal that he cries every morning",
    "{name} said nobody at {school} listens. see www.example.org/{name}",
    "[PERSON_1] and {name} fell out",
)
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    template = draw(st.sampled_from(SENTENCES))
    text = template.format(
        name=draw(st.sampled_from(NAMES)),
        school=draw(st.sampled_from(SCHOOLS)),
        number=draw(st.sampled_from(NUMBERS)),
    )
    return draw(st.sampled_from((text, text.lower(), text.upper(), draw(WORDS) + " " + text, draw(WORDS))))


CONVERSATIONS = st.lists(sentences(), min_size=1, max_size=5)


@settings(max_examples=120, deadline=None)
@given(texts=CONVERSATIONS)
def test_spans_are_in_order_inside_the_text_and_apart(texts: list[str]) -> None:
    for text, spans in zip(texts, find(texts), strict=True):
        end = 0
        for span in spans:
            assert end <= span.start < span.end <= len(text)
            assert span.type in CLASSES
            assert span.cls in ("direct", "quasi")
            assert 0 < span.score <= 1
            end = span.end


@settings(max_examples=120, deadline=None)
@given(texts=CONVERSATIONS)
def test_the_output_is_the_text_with_its_spans_replaced(texts: list[str]) -> None:
    outcome = anonymise(texts)
    for text, spans, words, output in zip(
        texts, outcome.spans, outcome.replacements, outcome.texts, strict=True
    ):
        parts, at = [], 0
        for span, word in zip(spans, words, strict=True):
            assert PSEUDONYM.fullmatch(word)
            parts += [text[at : span.start], word]
            at = span.end
        assert "".join([*parts, text[at:]]) == output


@settings(max_examples=120, deadline=None)
@given(texts=CONVERSATIONS)
def test_anonymising_again_changes_nothing(texts: list[str]) -> None:
    output = anonymise(texts).texts
    again = anonymise(output)
    assert again.texts == output
    assert not any(again.spans)


@settings(max_examples=120, deadline=None)
@given(texts=CONVERSATIONS)
def test_what_was_masked_stands_nowhere_in_the_output(texts: list[str]) -> None:
    outcome = anonymise(texts)
    everything = " ".join(PSEUDONYM.sub("|", output) for output in outcome.texts)
    for text, spans in zip(texts, outcome.spans, strict=True):
        for span in spans:
            surface = text[span.start : span.end]
            if span.cls == "direct" and surface.casefold() not in ("will", "rose") and len(surface) > 1:
                exact = re.compile(rf"(?<![^\W_]){re.escape(surface)}(?![^\W_])")
                assert exact.search(everything) is None


@given(text=sentences())
def test_a_text_alone_is_a_conversation_of_one(text: str) -> None:
    assert detect(text) == find([text])[0]


@given(name=st.sampled_from(NAMES[:7]), other=st.sampled_from(NAMES[:7]))
def test_a_person_keeps_one_pseudonym_and_shares_it_with_nobody(name: str, other: str) -> None:
    texts = [
        f"my daughter {name.title()} is sad",
        f"my friend {other.title()} says so",
        f"poor {name.lower()}!",
    ]
    first, second, third = anonymise(texts).texts
    masks = [set(re.findall(r"\[PERSON_\d+\]", text)) for text in (first, second, third)]
    assert len(masks[0]) == 1
    assert masks[0] == masks[2]
    assert (masks[0] == masks[1]) == (name == other)


def test_two_conversations_share_nothing() -> None:
    one = anonymise(["my son Tomos is sad", "and Aoife too"]).texts
    two = anonymise(["Aoife is here", "not tomos"]).texts
    assert one == ["my son [PERSON_1] is sad", "and [PERSON_2] too"]
    assert two == ["[PERSON_1] is here", "not [PERSON_2]"]


def test_pseudonyms_that_stand_there_keep_their_numbers() -> None:
    assert anonymise(["[PERSON_2] met Tomos"]).texts == ["[PERSON_2] met [PERSON_3]"]


def test_the_leak_check_finds_what_was_left() -> None:
    """Its negative control: outputs in which something was left on purpose."""
    texts = ["my son Tomos goes to Elmfield Primary", "ring 07700 900123"]
    outcome = anonymise(texts)
    assert leaks(texts, outcome.spans, outcome.texts) == []
    for planted, kind in (
        ("poor tomos", "PERSON"),
        ("at ELMFIELD PRIMARY", "SCHOOL"),
        ("0, 7700, then 900 123", "PHONE"),
        ("write to someone@example.org", "EMAIL"),
    ):
        found = leaks(texts, outcome.spans, [outcome.texts[0], f"{outcome.texts[1]} {planted}"])
        assert kind in {leak.type for leak in found}, planted
        assert {leak.message for leak in found} == {1}


def test_a_leak_says_nothing_of_what_leaked() -> None:
    texts = ["my son Tomos"]
    (leak, *_) = leaks(texts, anonymise(texts).spans, texts)
    assert "tomos" not in repr(leak).casefold()
    assert "Tomos" not in repr(anonymise(texts))


def test_plain_data_says_which_spans_are_for_a_person_to_look_at() -> None:
    ((sure,), (unsure,)) = detect_conversation(["ring 07700 900123", "we all fear the Zorbit"])
    assert (sure["type"], sure["class"], sure["start"], sure["end"]) == ("PHONE", "direct", 5, 17)
    assert (sure["doubtful"], unsure["doubtful"]) == (False, True)
