"""What Taguette takes: a codebook as CSV, and each conversation as one text.

Taguette reads text files only where Calibre is installed, so each text is there as a page as well.
"""

import csv
import io
import zipfile
from pathlib import Path

from app.content.rules import Codebook
from app.export.formats.codes import KINDS, project_codes
from app.export.formats.columns import MaskedConversation
from app.export.formats.texts import page, plain_text

NAME = "taguette.zip"


class TaguetteTexts:
    """Writes `taguette.zip`: `codebook.csv`, `text/….txt` and `html/….html`."""

    def __init__(self, folder: Path, codebook: Codebook) -> None:
        self._zip = zipfile.ZipFile(folder / NAME, "w", zipfile.ZIP_DEFLATED)
        self._zip.writestr("codebook.csv", codebook_csv(codebook))

    def write(self, conversation: MaskedConversation) -> None:
        self._zip.writestr(f"text/{conversation.id}.txt", plain_text(conversation).encode())
        self._zip.writestr(f"html/{conversation.id}.html", page(conversation).encode())

    def close(self) -> None:
        self._zip.close()


def codebook_csv(codebook: Codebook) -> str:
    """Taguette's tags have no levels but those that dots in their names make."""
    codes = project_codes(codebook)
    names = {code.key: code.name.replace(".", "") for code in codes}
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(("tag", "description"))
    for code in codes:
        kind = KINDS[code.key.partition(":")[0]]
        above = [names[code.parent]] if code.parent else []
        writer.writerow((".".join([kind, *above, names[code.key]]), code.description))
    return sheet.getvalue()
