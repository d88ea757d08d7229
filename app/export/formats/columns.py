"""What a row of an export holds, whatever the format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.export.generalising import Facts
from app.export.models import Row

LISTS = ("topics", "barriers", "service_gaps")
PLAIN = (
    *("period", "main_topic", "disposition", "language", "age_band", "stage", "send", "attendance"),
    *("region", "nation", "codebook_version", "redactor_version"),
)
MESSAGE = ("number", "speaker", "text")
COLUMNS = ("conversation", *MESSAGE, *LISTS, *PLAIN, "simulated")


@dataclass(frozen=True, slots=True, repr=False)
class MaskedConversation:
    """One conversation as an export tells of it: `facts` holds LISTS, PLAIN and `simulated`.

    `known` are the facts under which it was counted; `suppressed` names those that are not told.
    """

    id: UUID
    facts: dict[str, object]
    messages: Sequence[Row]
    known: Facts
    suppressed: Sequence[str] = ()

    def records(self) -> Iterator[dict[str, object]]:
        """One record for each message, with all COLUMNS."""
        for row in self.messages:
            yield {
                "conversation": str(self.id),
                "number": row.number,
                "speaker": row.speaker,
                "text": row.text,
                **self.facts,
            }

    def listed(self, name: str) -> list[str]:
        """The codes of one of LISTS."""
        codes = self.facts[name]
        assert isinstance(codes, list)
        return codes


class Writer(Protocol):
    """Writes conversations into files, one after the other, until it is closed."""

    def write(self, conversation: MaskedConversation) -> None: ...

    def close(self) -> None: ...
