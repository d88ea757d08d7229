"""A further layer joins for masking, and what only one layer finds goes to a person. `make evaluate-spacy`
shows it with spaCy itself.
"""

from collections.abc import Iterator

import pytest

from app.anonymise import detect
from app.anonymise.further import SETTING, PipelineMissing, beside, pipeline
from app.anonymise.spans import Span


@pytest.fixture
def fresh() -> Iterator[None]:
    """The pipeline is loaded anew, before and after."""
    pipeline.cache_clear()
    yield
    pipeline.cache_clear()


def test_without_the_setting_there_is_no_further_layer(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert pipeline() is None


def test_a_pipeline_that_is_missing_is_refused(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "en_nowhere")
    with pytest.raises(PipelineMissing, match="en_nowhere"):
        detect("we met Zorvella")


def test_where_layers_agree_nothing_is_disputed() -> None:
    own = Span(0, 4, "PERSON", 0.6, "tagger", "", disputed=True)
    (span,) = beside([own], [Span(0, 4, "PERSON", 0.6, "spacy", "")])
    assert not span.disputed


def test_what_one_layer_finds_alone_is_masked_and_disputed() -> None:
    own = Span(0, 4, "PERSON", 0.9, "names", "")
    known, alone = beside([own], [Span(9, 14, "PLACE", 0.6, "spacy", "")])
    assert not known.disputed
    assert alone.disputed


def test_two_types_for_one_word_are_disputed_unless_ours_is_sure() -> None:
    other = Span(0, 4, "PLACE", 0.6, "spacy", "")
    for score, disputed in ((0.6, True), (0.9, False)):
        (span,) = beside([Span(0, 4, "PERSON", score, "names", "")], [other])
        assert span.disputed is disputed
