"""Changes to masked texts: masks and quotes stand afterwards where the same words stand."""

from hypothesis import given
from hypothesis import strategies as st

from app.export.editing import MASK, Edit, edited, masked_more, masking, moved, touches, unmasked


def test_words_are_masked_whole_in_any_case_and_spacing_and_outside_of_masks() -> None:
    spans = [{"start": 4, "end": 14}]
    text = "the [ROWING_1] Rowing  Club, rowing\nclub; rowingclub"
    after, masks = masked_more(text, spans, "rowing club")
    assert after == f"the [ROWING_1] {MASK}, {MASK}; rowingclub"
    assert [(mask["start"], mask["end"]) for mask in masks] == [(4, 14), (15, 23), (25, 33)]


def test_a_mask_that_is_taken_off_moves_what_follows() -> None:
    spans = [{"start": 0, "end": 10}, {"start": 15, "end": 25}]
    after, left = unmasked("[PERSON_1] and [PERSON_2]", spans, at=0, shown="Will")
    assert after == "Will and [PERSON_2]"
    assert [(mask["start"], mask["end"]) for mask in left] == [(9, 19)]


def test_a_quote_takes_in_what_an_edit_cuts_into() -> None:
    text = "he loves the rowing club here"
    edits = masking(text, [], "rowing club")
    for start, end, words in (
        (0, 8, "he loves"),
        (9, 19, f"the {MASK}"),
        (20, 29, f"{MASK} here"),
        (13, 24, MASK),
        (25, 29, "here"),
    ):
        since, until = moved(start, end, edits)
        assert edited(text, edits)[since:until] == words
        assert touches(start, end, edits) == (MASK in words)


@given(st.lists(st.sampled_from(["a", "bb", " "]), max_size=12).map("".join), st.data())
def test_what_no_edit_touches_reads_the_same(text: str, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    edits = [
        Edit(start, end, data.draw(st.sampled_from(["", "x", "longer"])))
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    after = edited(text, edits)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            since, until = moved(start, end, edits)
            assert 0 <= since <= until <= len(after)
            if not touches(start, end, edits):
                assert after[since:until] == text[start:end]
