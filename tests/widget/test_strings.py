"""Every string that browser code and pages name stands in the catalogue, and no other of these parts."""

import re
from pathlib import Path

from app.content.reading import read_content
from app.settings import Settings

PROJECT = Path(__file__).parents[2]
SOURCES = [
    *(PROJECT / "app" / "widget").rglob("*.ts"),
    *(PROJECT / "app" / "widget").rglob("*.html"),
    *(PROJECT / "app" / "realtime").rglob("*.html"),
    *(PROJECT / "app" / "realtime" / "client").rglob("*.ts"),
    *(PROJECT / "coach_console").rglob("*.ts"),
]
KEY = re.compile(r"""["'`]((?:common|loader|widget|console|demo|error)\.[a-z_.]+(?:\$\{[^}]+\})?)["'`]""")


def used_keys() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES if not path.name.endswith(".test.ts")]
    return {key for text in texts for key in KEY.findall(text)}


def test_every_key_is_in_the_catalogue() -> None:
    strings = read_content(Settings().content_dir).interface.strings
    used = used_keys()
    assert len(used) > 100
    fixed = {key for key in used if "${" not in key}
    families = {key.partition("${")[0] for key in used - fixed}
    assert {key for key in fixed if key not in strings} == set()
    assert {family for family in families if not any(key.startswith(family) for key in strings)} == set()


def test_no_string_of_widget_and_console_is_left_over() -> None:
    strings = read_content(Settings().content_dir).interface.strings
    used = used_keys()
    families = tuple(key.partition("${")[0] for key in used if "${" in key)
    parts = ("loader.", "widget.", "console.", "demo.")
    unused = {
        key for key in strings if key.startswith(parts) and key not in used and not key.startswith(families)
    }
    assert unused == set()
