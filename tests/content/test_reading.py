"""A mistake in the content is named by file, line and field, and all of them at once."""

from pathlib import Path

import pytest

from app.content.rules import Promises, broken_promises


def line_of(path: Path, words: str) -> int:
    """The number of the first line that holds these words."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


SPOILED = [
    # file, old words, new words, words of the line that is named, field, what is said
    (
        "codebook.yaml",
        "  - id: sleep\n",
        "  - id: sleep\n    labbel: x\n",
        "labbel",
        "topics[0].labbel",
        "label",
    ),
    ("codebook.yaml", 'version: "test-1"\n', "version: 2026.1\n", "version", "version", "quotes"),
    ("codebook.yaml", "  - id: behaviour\n", "  - id: sleep\n", None, "topics[2].id", "second time"),
    (
        "codebook.yaml",
        "  - id: sleep/bedtime",
        "  - id: slumber/bedtime",
        "slumber",
        "topics[1].id",
        "parent",
    ),
    (
        "codebook.yaml",
        "en: behaviour, cy: y behaviour",
        "en: behaviour",
        None,
        "topics[2].label.cy",
        "missing",
    ),
    ("codebook.yaml", "review: draft", "review: soon", "soon", "topics[0].label.review", "draft"),
    ("codebook.yaml", "    data: false", "    data: maybe", "maybe", "dispositions[1].data", "true or false"),
    (
        "codebook.yaml",
        "    group: trigger",
        "    group: reason",
        "reason",
        "barriers[0].group",
        "circumstance",
    ),
    (
        "codebook.yaml",
        "  - id: practical\n",
        "  - id: practical-help\n",
        "practical-help",
        "topics[23].id",
        "twenty",
    ),
    ("codebook.yaml", ", nation: wales", ", nation: mercia", "mercia", "regions[0].nation", "nation"),
    ("articles/step-one.en.md", "school-attendance", "scholl", "scholl", "topics[0]", "scholl"),
    ("articles/step-one.en.md", "2026-10-01", "next year", "next year", "review_by", "next year"),
    ("articles/step-one.en.md", '["0-4"]', '["0-3"]', "0-3", "age_bands[0]", "age band"),
    ("articles/step-one.en.md", "first-steps", "last-steps", "last-steps", "pathway", "pathways.yaml"),
    ("articles/step-two.en.md", "step: 2", "step: 1", "step: 1", "step", "step-one"),
    ("articles/step-two.en.md", "step: 2\n", "", "pathway", "pathway", "together"),
    ("articles/step-one.en.md", "slug: step-one", "slug: stepone", "stepone", "slug", "step-one"),
    ("articles/step-one.cy.md", "review: draft", "review: x", "review: x", "review", "draft"),
    ("articles/step-one.cy.md", "Testun Cam un.", "", None, "", "no text"),
    ("articles/step-one.en.md", "---\n", "", None, "", "---"),
    ("directory.yaml", "topics: [sleep]", "topics: [slep]", "slep", "[1].topics[0]", "slep"),
    ("directory.yaml", "https://", "http://", "http://", "[1].web", "https://"),
    ("directory.yaml", "01632 960123", "none", "phone: none", "[1].phone", "digits"),
    ("ready_replies.yaml", "{coach_name} ydw", "{name} ydw", "Helo, {name}", "[0].body.cy", "variables"),
    ("ready_replies.yaml", "topics: [sleep]", "topics: sleep", "topics: sleep", "[0].topics", "list"),
    ("hours.yaml", "Europe/London", "Europe/Camelot", "Camelot", "time_zone", "Camelot"),
    ("hours.yaml", "[ENG]", "[ENG, NARNIA]", "NARNIA", "holidays[1]", "NARNIA"),
    ("hours.yaml", "09:30-12:30", "9:30-12:30", "9:30-12:30", "week.monday[0]", "09:30-12:30"),
    ("hours.yaml", "18:00-21:00", "12:00-21:00", "12:00-21:00", "week.monday[1]", "ended"),
    ("hours.yaml", "18:00-21:00", "21:00-18:00", "21:00-18:00", "week.monday[1]", "before it begins"),
    ("hours.yaml", "  saturday: []\n", "", "week:", "week.saturday", "missing"),
    ("hours.yaml", "2026-12-29", "2026-12-25", None, "exceptions[1].day", "second time"),
    ("hours.yaml", "2026-12-29", "2026-13-29", "2026-13-29", "exceptions[1].day", "2026-13-29"),
    ("notices.yaml", "{retention_days}", "{months}", None, "privacy.text.cy", "variables"),
    ("notices.yaml", "since: 2026-06-01", "since: 2025-06-01", "consents:", "consents", "order"),
    ("notices.yaml", "version: two", "version: one", "consents:", "consents", "same version"),
    ("interface.yaml", 'en: "Send"', 'en: ""', "widget.send", "widget.send.en", "empty"),
]


@pytest.mark.parametrize(("file", "old", "new", "words", "field", "said"), SPOILED)
def test_a_mistake_is_named_by_file_line_and_field(
    folder, spoil, mistakes, file, old, new, words, field, said
):
    spoil(file, old, new)
    found = [mistake for mistake in mistakes() if (mistake.file, mistake.field) == (file, field)]
    assert found, mistakes()
    assert any(said in mistake.text for mistake in found)
    if words is not None:
        assert found[0].line == line_of(folder / file, words)


def test_all_mistakes_of_all_files_are_told_at_once(spoil, mistakes):
    spoil("codebook.yaml", "  - id: sleep\n", "  - id: sleep\n    colour: red\n")
    spoil("codebook.yaml", "    data: false", "    data: 7")
    spoil("hours.yaml", "  sunday:", "  someday:")
    spoil("interface.yaml", 'en: "Send"', "on: 1")
    told = {(mistake.file, mistake.field) for mistake in mistakes()}
    assert told >= {
        ("codebook.yaml", "topics[0].colour"),
        ("codebook.yaml", "dispositions[1].data"),
        ("hours.yaml", "week.someday"),
        ("hours.yaml", "week.sunday"),
        ("interface.yaml", "widget.send.on"),
        ("interface.yaml", "widget.send.en"),
    }


def test_a_key_written_twice_is_refused_where_it_stands_again(folder, mistakes):
    path = folder / "interface.yaml"
    path.write_text(
        path.read_text(encoding="utf-8") + "widget.send: {en: A, cy: B, review: draft}\n", encoding="utf-8"
    )
    (mistake,) = mistakes()
    assert (mistake.file, mistake.field) == ("interface.yaml", "widget.send")
    assert mistake.line == len(path.read_text(encoding="utf-8").splitlines())


def test_emergency_services_come_first(spoil, mistakes):
    spoil("directory.yaml", "- id: invented-line\n", "- id: invented-line\n  emergency: true\n")
    spoil("directory.yaml", "  emergency: true\n", "")
    assert any("those come first" in mistake.text for mistake in mistakes())


@pytest.mark.parametrize("text", ["a: [", "\tx: 1", ""])
def test_a_file_that_is_not_yaml_is_named(folder, mistakes, text):
    (folder / "hours.yaml").write_text(text, encoding="utf-8")
    assert [mistake.file for mistake in mistakes()] == ["hours.yaml"]


def test_a_missing_file_and_a_missing_language_are_named(folder, mistakes):
    (folder / "notices.yaml").unlink()
    (folder / "articles" / "step-one.cy.md").unlink()
    assert {mistake.file for mistake in mistakes()} == {"notices.yaml", "articles/step-one.cy.md"}


def test_promised_numbers_stand_in_the_notices(invented):
    assert invented.notices.privacy.text.en == "We keep it 90 days."
    assert invented.notices.consent.text.cy == "Copi ar ôl 7 diwrnod."
    assert invented.notices.consent.version == "two"


def test_a_broken_promise_is_named(invented):
    kept = Promises(retention_days=90, abandoned_hours=24, rows_after_days=7)
    assert broken_promises(invented.notices, promised=kept) == ()
    longer = Promises(retention_days=365, abandoned_hours=24, rows_after_days=7)
    assert broken_promises(invented.notices, promised=longer) == ("retention_days",)
