"""What `earshot content check` says: what waits for review, is overdue or missing, and how much there is."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from app.content.checking import texts_in
from app.content.rules import Content

SOURCES = ("*.ts", "*.html", "*.py")
FILE_NAME = re.compile(r"\.(?:js|ts|css|html|json|svg|map|py|md|yaml|png)$")


class Report(msgspec.Struct, frozen=True):
    """`drafts` are Welsh texts to review; `missing` are keys that the code shows and the catalogue lacks."""

    counts: dict[str, int]
    drafts: tuple[str, ...]
    overdue: tuple[str, ...]
    unchecked: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def status(self) -> int:
        """The exit status: 1 when a string is missing; a draft or an overdue review is work, not a fault."""
        return 1 if self.missing else 0

    def lines(self) -> tuple[str, ...]:
        """The report as plain lines, headings first."""
        told = [", ".join(f"{count} {name}" for name, count in self.counts.items())]
        for heading, listed in (
            ("Strings that the interface needs and interface.yaml lacks", self.missing),
            ("Articles whose review is overdue", self.overdue),
            ("Contacts that no one has checked", self.unchecked),
            ("Welsh texts that wait for a review", self.drafts),
        ):
            told.append(f"{heading}: {len(listed)}")
            told.extend(f"  {line}" for line in listed)
        return tuple(told)


def report(content: Content, today: date, *, sources: Iterable[Path] = ()) -> Report:
    """What is to do on this day. `sources` are folders of code whose interface keys must all exist."""
    book = content.codebook
    return Report(
        counts={
            "topics": len(book.topics),
            "barriers": len(book.barriers),
            "dispositions": len(book.dispositions),
            "service gaps": len(book.service_gaps),
            "articles": len(content.articles),
            "services": len(content.directory),
            "ready replies": len(content.ready_replies),
            "interface strings": len(content.interface.strings),
        },
        drafts=tuple(_drafts(content)),
        overdue=tuple(
            f"{article.slug}, due {article.review_by}"
            for article in content.articles
            if article.review_by < today
        ),
        unchecked=tuple(
            service.id
            for service in content.directory
            if (service.phone or service.email or service.web) and service.checked is None
        ),
        missing=tuple(sorted(_missing(content, sources))),
    )


def _drafts(content: Content) -> Iterator[str]:
    named = {
        "codebook.yaml": content.codebook,
        "pathways.yaml": content.pathways,
        "directory.yaml": content.directory,
        "ready_replies.yaml": content.ready_replies,
        "notices.yaml": content.notices,
        "hours.yaml": content.hours.exceptions,
        "interface.yaml": content.interface.strings,
    }
    for file, value in named.items():
        yield from (f"{file}: {path}" for path, text in texts_in(value) if text.draft)
    yield from (f"articles/{article.slug}.cy.md" for article in content.articles if article.draft)


def _missing(content: Content, sources: Iterable[Path]) -> Iterator[str]:
    """Keys stand in the code as whole quoted strings; `error.${code}` asks for any key that begins so.

    Python has dotted names of other kinds, so there only what is said or worded is a key.
    """
    known = content.interface.strings
    parts = "|".join(sorted({key.partition(".")[0] for key in known}))
    quoted = rf"[\"'`]((?:{parts})\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)[\"'`]"
    literal, python = re.compile(quoted), re.compile(rf"\b(?:say|text|words)\({quoted}")
    beginning = re.compile(rf"[`\"']((?:{parts})\.(?:[a-z0-9_]+\.)*)(?:\$?\{{|[\"'] [+~])")
    for folder in sources:
        for path in sorted(path for pattern in SOURCES for path in folder.rglob(pattern)):
            if "node_modules" in path.parts or path.name.endswith((".test.ts", ".d.ts")):
                continue
            text = path.read_text(encoding="utf-8")
            for key in set((python if path.suffix == ".py" else literal).findall(text)):
                if key not in known and not FILE_NAME.search(key):
                    yield f"{key} ({path.name})"
            for start in set(beginning.findall(text)):
                if not any(key.startswith(start) for key in known):
                    yield f"{start}… ({path.name})"
