"""A conversation as one text, for programs that code texts."""

import html

from app.export.formats.columns import MaskedConversation

_SPEAKERS = {"parent": "Parent", "coach": "Coach", "supervisor": "Supervisor"}


def plain_text(conversation: MaskedConversation) -> str:
    """A line for who speaks, and what they say below; an empty line between two messages."""
    return "\n".join(
        f"{_SPEAKERS.get(row.speaker, row.speaker)}:\n{_tidy(row.text)}\n" for row in conversation.messages
    )


def page(conversation: MaskedConversation) -> str:
    """The same as HTML, a paragraph for each message."""
    paragraphs = "\n".join(
        f"<p><strong>{_SPEAKERS.get(row.speaker, row.speaker)}:</strong> "
        f"{html.escape(_tidy(row.text)).replace(chr(10), '<br>')}</p>"
        for row in conversation.messages
    )
    return (
        f'<!doctype html>\n<html lang="{html.escape(str(conversation.facts["language"] or "und"))}">'
        f'<head><meta charset="utf-8"><title>{conversation.id}</title></head>\n<body>\n{paragraphs}\n'
        "</body></html>\n"
    )


def _tidy(text: str) -> str:
    """One kind of line end, and none of the control characters that XML cannot hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")
