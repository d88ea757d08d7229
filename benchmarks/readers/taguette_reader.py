"""Taguette reads the codebook and the texts with what its own import uses: `FOLDER`."""

import asyncio
import io
import sys
import zipfile
from pathlib import Path

from taguette import convert, validate
from taguette.import_codebook import list_tags


def main(folder: Path) -> None:
    """Print what was read; what Taguette refuses raises."""
    with zipfile.ZipFile(folder / "taguette.zip") as packed:
        tags = list_tags(io.BytesIO(packed.read("codebook.csv")))
        for tag in tags:
            validate.tag_path(tag["path"])
        pages = [name for name in packed.namelist() if name.endswith(".html")]
        for name in pages:
            body = asyncio.run(convert.to_html_chunks(packed.read(name), "text/html", name, {}))
            if "Parent" not in body:
                raise ValueError(f"{name} lost its text")
        texts = sum(name.endswith(".txt") for name in packed.namelist())
    print(f"{len(tags)} tags and {len(pages)} documents loaded; {texts} text files beside them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
