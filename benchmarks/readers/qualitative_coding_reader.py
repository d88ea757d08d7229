"""qualitative-coding validates a project against REFI's schema and imports it: `FOLDER EMPTY_FOLDER`."""

import importlib.resources
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from qualitative_coding.refi_qda.reader import REFIQDAReader
from xmlschema import XMLSchema

PROJECT, CODEBOOK = "{urn:QDA-XML:project:1.0}", "{urn:QDA-XML:codebook:1.0}"


def main(folder: Path, empty: Path) -> None:
    """Print what was imported; anything that is not valid raises."""
    reader = REFIQDAReader(str(folder / "project.qdpx"))  # which validates
    schema = XMLSchema(str(importlib.resources.files("qualitative_coding") / "refi_qda" / "schema.xsd"))
    schema.validate(_as_project(folder / "codebook.qdc"))
    os.chdir(empty)
    reader.unpack_project(empty)
    with reader.corpus.session():
        coded = len(list(reader.corpus.get_coded_lines()))
    documents, codes = len(reader.document_guids), len(reader.code_guids)
    print(f"both files valid; {documents} documents, {codes} codes, {coded} coded lines imported")


def _as_project(codebook: Path) -> ET.Element:
    """The codebook within a project, as the schema at hand is that of projects; the two share its types."""
    root = ET.fromstring(codebook.read_text(encoding="utf-8"))  # noqa: S314 (our own file)
    project, book = ET.Element(f"{PROJECT}Project", {"name": "codebook"}), ET.Element(f"{PROJECT}CodeBook")
    for element in root.iter():
        element.tag = element.tag.replace(CODEBOOK, PROJECT)
    book.extend(list(root))
    project.append(book)
    return project


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
