"""A further layer for whoever installs it: names that a spaCy pipeline of the operator's choice finds."""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from threading import Lock
from typing import Any

from app.anonymise.allowed import BLANK
from app.anonymise.spans import SURE, Span
from app.anonymise.words import NOBODY

SETTING = "EARSHOT_SPACY_PIPELINE"
KINDS = {
    **dict.fromkeys(("PERSON", "PER"), "PERSON"),
    **dict.fromkeys(("GPE", "LOC", "FAC"), "PLACE"),
    "ORG": "EMPLOYER",
}
SCORE = 0.6
DETECTOR = "spacy"  # what it alone finds is no name to be remembered word by word
_alone = Lock()  # no pipeline promises to read two texts at once
_UNUSED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter")


class PipelineMissing(Exception):
    """The setting names a pipeline that cannot be loaded."""


@cache
def pipeline() -> Callable[[str], Any] | None:
    """The pipeline that the setting names, loaded once; None where it names none.

    A name is that of an installed pipeline, or a folder that holds one. One that cannot be loaded is refused:
    nothing may be anonymised by fewer layers than the operator asked for.
    """
    name = os.environ.get(SETTING, "")
    if not name:
        return None
    try:
        spacy = importlib.import_module("spacy")
    except ImportError:
        raise PipelineMissing(
            f"{SETTING} names {name}, but spaCy is not installed: pip install 'earshot[spacy]'"
        ) from None
    try:
        loaded: Callable[[str], Any] = spacy.load(name, exclude=_UNUSED)
    except OSError as error:
        raise PipelineMissing(
            f"{SETTING} names {name}, and spaCy finds no pipeline and no folder of that name"
        ) from error
    return loaded


def further(text: str) -> Iterator[Span]:
    """What the pipeline takes for a person, a place or an organisation; nothing without one."""
    read = pipeline()
    if read is None:
        return
    with _alone:
        entities = read(text.replace(BLANK, " ")).ents
    for entity in entities:
        start, end, kind = entity.start_char, entity.end_char, KINDS.get(entity.label_)
        surface = text[start:end]
        if kind is None or BLANK in surface or set(surface.casefold().split()) <= NOBODY:
            continue
        yield Span(start, end, kind, SCORE, DETECTOR, f"{entity.label_.casefold()} in the spaCy pipeline")


def beside(found: Sequence[Span], more: Sequence[Span]) -> list[Span]:
    """Both layers' finds. Where they agree, nothing is disputed any more; what only the further one found is.

    So is what both found under different types, unless our own find is sure.
    """
    joined = []
    for span in found:
        over = [other for other in more if other.start < span.end and span.start < other.end]
        alike = any(other.type == span.type for other in over)
        disputed = not alike and (span.disputed or (bool(over) and span.score < SURE))
        joined.append(replace(span, disputed=disputed))
    alone = [span for span in more if not any(own.start < span.end and span.start < own.end for own in found)]
    return [*joined, *(replace(span, disputed=True) for span in alone)]
