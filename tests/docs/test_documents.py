"""What the documents say exists: links, settings, commands, screenshots, functions."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from app.cli import cli
from app.settings import PROJECT, Limits, Settings, Timers

DOCUMENTS = sorted(
    path
    for path in (PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").rglob("*.md"))
    if path.is_file()
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?earshot ([a-z]+)(?: ([a-z]+))?(?![\w-])")
WALK = (
    "app.realtime.endpoint.read_frame",
    "app.realtime.session.Session.receive",
    "app.chat.writer.Writer.post",
    "app.realtime.hub.Hub.fan_out",
)
LARGEST_PICTURE = 300_000


def told(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as they are made of their words."""
    headings = HEADING.findall(FENCE.sub("", told(path)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for field, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from variables(info.annotation, f"{prefix}{field.upper()}__")
        else:
            yield f"{prefix}{field.upper()}"


def commands(group: typer.Typer) -> set[str]:
    """Every command as it is typed, those of groups with the group's name before them."""
    named = {
        str(info.name or (info.callback and info.callback.__name__)) for info in group.registered_commands
    }
    for below in group.registered_groups:
        if below.typer_instance is not None:
            named |= {f"{below.name} {command}" for command in commands(below.typer_instance)}
    return named


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(FENCE.sub("", told(document))) if "://" not in link]
    broken = []
    for link in links:
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_operations_names_every_setting_and_none_that_is_not_there() -> None:
    page = told(PROJECT / "docs" / "operations.md")
    named = set(re.findall(r"^\| `(EARSHOT_\w+)` \|", page, re.MULTILINE))
    assert named == set(variables(Settings, "EARSHOT_"))


def test_operations_gives_the_defaults_of_timers_and_limits() -> None:
    page = told(PROJECT / "docs" / "operations.md")
    for group, model in (("TIMERS", Timers()), ("LIMITS", Limits())):
        for field, default in model.model_dump().items():
            assert f"| `EARSHOT_{group}__{field.upper()}` | {default} |" in page


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_command_that_is_told_exists(document: Path) -> None:
    known = commands(cli)
    groups = {command.partition(" ")[0] for command in known if " " in command}
    typed = [
        (f"{first} {second}" if first in groups else first)
        for text in re.findall(r"`([^`\n]+)`", FENCE.sub("", told(document))) + FENCE.findall(told(document))
        for first, second in COMMAND.findall(text)
    ]
    assert [command for command in typed if command not in known] == []


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", told(PROJECT / "Makefile"), re.MULTILINE))
    assert {"run", "test"} <= set(re.findall(r"^make ([a-z]+)$", told(PROJECT / "README.md"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", told(PROJECT / "README.md"))) <= targets


def test_screenshots_are_pictures_of_a_sensible_size_and_all_are_shown() -> None:
    pictures = {path.name: path.read_bytes() for path in (PROJECT / "docs" / "screenshots").glob("*.png")}
    shown = set(re.findall(r"docs/screenshots/([\w-]+\.png)", told(PROJECT / "README.md")))
    assert shown
    assert shown == set(pictures)
    for picture in pictures.values():
        assert picture.startswith(b"\x89PNG\r\n")
        assert len(picture) <= LARGEST_PICTURE


def test_the_live_walk_names_functions_that_exist_in_their_order() -> None:
    page = told(PROJECT / "docs" / "architecture.md")
    walk = page[page.index("## The live walk") : page.index("## Commit, then tell")]
    found = re.findall(r"^\d\. `(app\.[\w.]+)`", walk, re.MULTILINE)
    assert tuple(found) == WALK
    for path in WALK:
        module, parts = path, []
        while True:
            module, _, part = module.rpartition(".")
            parts.insert(0, part)
            try:
                thing: object = importlib.import_module(module)
                break
            except ModuleNotFoundError:
                continue
        for part in parts:
            thing = getattr(thing, part)
        assert callable(thing)


def test_tests_named_in_the_security_checklist_exist() -> None:
    page = told(PROJECT / "docs" / "security.md")
    named = re.findall(r"`(tests/[\w/]+\.(?:py|ts))::(\w+)`", page)
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (PROJECT / file).is_file() or f"def {test}(" not in told(PROJECT / file)
    ]
    assert missing == []
