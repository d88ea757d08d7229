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
    """`drafts` are Welsh texts to review; `missing` are keys that the code shows and the catalogue lacks.

    `unused` are keys of the catalogue that no code shows.
    """

    counts: dict[str, int]
    drafts: tuple[str, ...]
    overdue: tuple[str, ...]
    unchecked: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def status(self) -> int:
        """The exit status: 1 when a string is missing; a draft or an overdue review is work, not a fault."""
        return 1 if self.missing else 0

    def lines(self) -> tuple[str, ...]:
        """The report as plain lines, headings first."""
        told = [", ".join(f"{count} {name}" for name, count in self.counts.items())]
        for heading, listed in (
            ("Strings that the interface needs and interface.yaml lacks", self.missing),
            ("Strings that no code shows", self.unused),
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
    missing, unused = _shown(content, tuple(sources))
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
        missing=missing,
        unused=unused,
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


def _shown(content: Content, sources: tuple[Path, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys that the code shows and the catalogue lacks, and (where there is code) the other way round.

    Keys stand in the code as whole quoted strings; `error.${code}` asks for any key that begins so. Python
    has dotted names of other kinds, so there only what is said or worded is a key.
    """
    known = content.interface.strings
    parts = "|".join(sorted({key.partition(".")[0] for key in known}))
    quoted = rf"[\"'`]((?:{parts})\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)[\"'`]"
    literal, python = re.compile(quoted), re.compile(rf"\b(?:say|text|words)\(\s*{quoted}")
    beginning = re.compile(rf"[`\"']((?:{parts})\.[a-z0-9_.]*)(?:\$?\{{|[\"'] [+~])")
    missing: set[str] = set()
    shown: set[str] = set()
    for path in _code(sources):
        text = path.read_text(encoding="utf-8")
        keys = {key for key in literal.findall(text) if not FILE_NAME.search(key)}
        starts = set(beginning.findall(text))
        shown |= keys | {key for key in known if key.startswith(tuple(starts))}
        missing |= {
            f"{key} ({path.name})"
            for key in keys - set(known)
            if path.suffix != ".py" or key in python.findall(text)
        }
        missing |= {
            f"{start}… ({path.name})" for start in starts if not any(key.startswith(start) for key in known)
        }
    unused = tuple(key for key in known if key not in shown) if sources else ()
    return tuple(sorted(missing)), unused


def _code(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        for pattern in SOURCES:
            for path in sorted(folder.rglob(pattern)):
                if "node_modules" not in path.parts and not path.name.endswith((".test.ts", ".d.ts")):
                    yield path
