"""Rows as JSON lines: the only format that says where each mask stands, and why."""

import json
from pathlib import Path

from app.export.formats.columns import MaskedConversation

NAME = "rows.jsonl"


class JsonLines:
    """Writes `rows.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / NAME).open("w", encoding="utf-8", newline="\n")

    def write(self, conversation: MaskedConversation) -> None:
        for row, record in zip(conversation.messages, conversation.records(), strict=True):
            self._lines.write(json.dumps({**record, "spans": row.spans}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._lines.close()
