"""Says as JSON what the anonymiser finds with a blank English pipeline and a ruler as its further layer."""

import json
import os
import tempfile

import spacy

from app.anonymise import detect
from app.anonymise.further import SETTING

TEXTS = ("the purple lorry was kind", "we met Brian there", "nothing here")

with tempfile.TemporaryDirectory() as folder:
    blank = spacy.blank("en")
    blank.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "purple lorry"}, {"label": "PERSON", "pattern": "Brian"}]
    )
    blank.to_disk(folder)
    os.environ[SETTING] = folder
    found = [
        [(text[span.start : span.end], span.type, span.disputed) for span in detect(text)] for text in TEXTS
    ]
print(json.dumps(found))
