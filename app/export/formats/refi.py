"""A REFI-QDA project and codebook, which NVivo, ATLAS.ti, MAXQDA and others open.

QDA-XML 1.0 puts cases before sources, so both are written aside first and then joined.
"""

import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from app.content.rules import Codebook
from app.export.formats.codes import KINDS, ProjectCode, guid_of, keys_of, project_codes
from app.export.formats.columns import PLAIN, MaskedConversation
from app.export.formats.texts import plain_text

PROJECT, CODEBOOK = "project.qdpx", "codebook.qdc"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_USER = guid_of("user:coaches")


class RefiProject:
    """Writes `project.qdpx` and `codebook.qdc`: each conversation is a source with its codes, and a case with
    what is known of the child as variables."""

    def __init__(self, folder: Path, codebook: Codebook, *, name: str) -> None:
        self._folder, self._name = folder, name
        self._codes = project_codes(codebook)
        self._guids = {code.key: code.guid for code in self._codes}
        (folder / CODEBOOK).write_text(_codebook_file(self._codes), encoding="utf-8")
        self._zip = zipfile.ZipFile(folder / PROJECT, "w", zipfile.ZIP_DEFLATED)
        self._cases = (folder / ".cases.xml").open("w", encoding="utf-8", newline="\n")
        self._sources = (folder / ".sources.xml").open("w", encoding="utf-8", newline="\n")
        self._written = 0

    def write(self, conversation: MaskedConversation) -> None:
        text, guid = plain_text(conversation), str(conversation.id)
        self._zip.writestr(f"sources/{guid}.txt", text.encode())
        self._written += 1
        self._sources.write("".join(self._source(conversation, guid, len(text))))
        self._cases.write("".join(_case(conversation, guid, number=self._written)))

    def close(self) -> None:
        self._cases.close()
        self._sources.close()
        with self._zip, self._zip.open("project.qde", "w", force_zip64=True) as qde:
            qde.write("".join(self._opening()).encode())
            for name, element in ((".cases.xml", "Cases"), (".sources.xml", "Sources")):
                if self._written:
                    qde.write(f"<{element}>\n".encode())
                    with (self._folder / name).open("rb") as part:
                        shutil.copyfileobj(part, qde)
                    qde.write(f"</{element}>\n".encode())
                (self._folder / name).unlink()
            qde.write(b"</Project>\n")

    def _opening(self) -> Iterator[str]:
        yield f'{_HEAD}<Project xmlns="urn:QDA-XML:project:1.0" origin="Earshot" '
        yield f"name={quoteattr(self._name)}>\n"
        yield f'<Users><User guid="{_USER}" name="Coaches"/></Users>\n<CodeBook><Codes>\n'
        yield from _codes(self._codes)
        yield "</Codes></CodeBook>\n<Variables>\n"
        for name in PLAIN:
            yield f'<Variable guid="{guid_of(f"variable:{name}")}" name="{name}" typeOfVariable="Text"/>\n'
        yield "</Variables>\n"

    def _source(self, conversation: MaskedConversation, guid: str, length: int) -> Iterator[str]:
        yield (
            f'<TextSource guid="{guid}" name="{guid}" plainTextPath="internal://{guid}.txt" '
            f'creatingUser="{_USER}">\n'
        )
        keys = [key for key in keys_of(conversation) if key in self._guids]
        if keys and length:
            yield (
                f'<PlainTextSelection guid="{guid_of(f"selection:{guid}")}" name="whole conversation" '
                f'startPosition="0" endPosition="{length}" creatingUser="{_USER}">\n'
            )
            for key in keys:
                yield (
                    f'<Coding guid="{guid_of(f"coding:{guid}:{key}")}" creatingUser="{_USER}">'
                    f'<CodeRef targetGUID="{self._guids[key]}"/></Coding>\n'
                )
            yield "</PlainTextSelection>\n"
        yield "</TextSource>\n"


def _case(conversation: MaskedConversation, guid: str, *, number: int) -> Iterator[str]:
    yield f'<Case guid="{guid_of(f"case:{guid}")}" name="Conversation {number}">\n'
    for name in PLAIN:
        if value := conversation.facts[name]:
            yield (
                f'<VariableValue><VariableRef targetGUID="{guid_of(f"variable:{name}")}"/>'
                f"<TextValue>{escape(str(value))}</TextValue></VariableValue>\n"
            )
    yield f'<SourceRef targetGUID="{guid}"/>\n</Case>\n'


def _codebook_file(codes: Iterable[ProjectCode]) -> str:
    inner = "".join(_codes(codes))
    return (
        f'{_HEAD}<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="Earshot">\n'
        f"<Codes>\n{inner}</Codes>\n</CodeBook>\n"
    )


def _codes(codes: Iterable[ProjectCode]) -> Iterator[str]:
    """A folder for each kind, and in it the codes with their children."""
    known = list(codes)
    for kind, folder in KINDS.items():
        yield f'<Code guid="{guid_of(f"kind:{kind}")}" name={quoteattr(folder)} isCodable="false">\n'
        for code in known:
            if code.parent is None and code.key.startswith(f"{kind}:"):
                yield from _code(code, known)
        yield "</Code>\n"


def _code(code: ProjectCode, known: Iterable[ProjectCode]) -> Iterator[str]:
    yield f'<Code guid="{code.guid}" name={quoteattr(code.name)} isCodable="true">\n'
    if code.description:
        yield f"<Description>{escape(code.description)}</Description>\n"
    for child in known:
        if child.parent == code.key:
            yield from _code(child, known)
    yield "</Code>\n"
