"""The words of a rehearsal: JSON lines with id, topic, title, text and reply, and how they are cut."""

import re
from pathlib import Path

import msgspec

from app.errors import BadRequest

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


class Question(msgspec.Struct, frozen=True):
    """What somebody asked and what they were answered; `topic` is the source's own label."""

    id: str
    topic: str
    title: str
    text: str
    reply: str

    def __repr__(self) -> str:
        return f"Question(id={self.id!r})"


def read_questions(path: Path) -> list[Question]:
    """The questions of a file; BadRequest names the line that is not one, never its words."""
    decoder = msgspec.json.Decoder(Question)
    questions: list[Question] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadRequest(
            f"The file {path} cannot be read: {error.strerror}.", next_step="Check its name and its rights."
        ) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise BadRequest(
                f"Line {number} of {path} is not a question: {error}.",
                next_step='Each line is {"id": …, "topic": …, "title": …, "text": …, "reply": …}.',
            ) from None
        if not (question.title + question.text).strip() or not question.reply.strip():
            raise BadRequest(
                f"Line {number} of {path} has no question, or no reply.", next_step="Fill or remove it."
            )
        questions.append(question)
    if not questions:
        raise BadRequest(f"The file {path} holds no question.", next_step="Give a file of JSON lines.")
    return questions


def in_messages(text: str, *, limit: int) -> list[str]:
    """The text in messages of at most `limit` characters, cut at sentences, or else at words."""
    messages: list[str] = []
    current = ""
    for piece in _pieces(text, limit=limit):
        if current and len(current) + 1 + len(piece) > limit:
            messages.append(current)
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    return [*messages, current] if current else messages


def _pieces(text: str, *, limit: int) -> list[str]:
    pieces = []
    for sentence in SENTENCE_END.split(text.replace("\0", "")):
        rest = sentence.strip()
        while len(rest) > limit:
            cut = rest.rfind(" ", 1, limit + 1)
            cut = cut if cut > 0 else limit
            pieces.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        if rest:
            pieces.append(rest)
    return pieces
