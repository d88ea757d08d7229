"""The codebook as programs for qualitative work know it: folders of codes, each with a name of its own."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from app.content.rules import Codebook
from app.export.formats.columns import MaskedConversation

KINDS = {
    "topic": "Topics",
    "barrier": "What stood behind it",
    "service_gap": "What was missing",
    "disposition": "How it ended",
}
_OURS = UUID("7f0c3d0a-9b1e-5d0e-8a53-0d2f4f5c6b71")


@dataclass(frozen=True, slots=True)
class ProjectCode:
    """A code under a folder (`parent` is another code's key); `key` is `kind:id`."""

    key: str
    name: str
    description: str
    parent: str | None

    @property
    def guid(self) -> str:
        """The same in every export, so that programs know a code again."""
        return guid_of(self.key)


def guid_of(key: str) -> str:
    """A GUID for anything that has a name of its own."""
    return str(uuid5(_OURS, key))


def project_codes(codebook: Codebook) -> list[ProjectCode]:
    """Every code, parents before children. A label that two kinds share is told apart by its kind's name."""
    labels = Counter(code.label.en for kind in KINDS for code in codebook.codes(kind))
    return [
        ProjectCode(
            key=f"{kind}:{code.id}",
            name=code.label.en if labels[code.label.en] == 1 else f"{code.label.en} ({KINDS[kind].lower()})",
            description=code.description.en if code.description else "",
            parent=f"{kind}:{code.parent}" if code.parent else None,
        )
        for kind in KINDS
        for code in codebook.codes(kind)
    ]


def keys_of(conversation: MaskedConversation) -> Iterator[str]:
    """The keys of the codes that a conversation carries."""
    for kind, column in (("topic", "topics"), ("barrier", "barriers"), ("service_gap", "service_gaps")):
        yield from (f"{kind}:{code}" for code in conversation.listed(column))
    if conversation.facts["disposition"]:
        yield f"disposition:{conversation.facts['disposition']}"
