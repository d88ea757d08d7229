"""What `earshot content check` says."""

from datetime import date

import pytest

from app.content.check import report
from app.settings import PROJECT

BEFORE, AFTER = date(2026, 9, 30), date(2026, 10, 2)


def test_overdue_reviews_are_listed_and_are_no_fault(invented):
    assert report(invented, BEFORE).overdue == ()
    after = report(invented, AFTER)
    assert set(after.overdue) == {
        f"{slug}, due 2026-10-01" for slug in ("quiet-nights", "step-one", "step-two")
    }
    assert after.status == 0


def test_drafts_are_listed_and_reviewed_texts_are_not(invented):
    drafts = report(invented, BEFORE).drafts
    assert "articles/step-one.cy.md" in drafts
    assert "notices.yaml: confidentiality.text" in drafts
    assert not any(draft.startswith("notices.yaml: about") for draft in drafts)
    assert "directory.yaml: [1].what" not in drafts


def test_contacts_that_no_one_has_checked_are_listed(invented):
    assert report(invented, BEFORE).unchecked == ("emergency-999",)


@pytest.mark.parametrize(
    ("file", "code", "missing"),
    [
        ("a.ts", 'words("widget.send") + words("widget.sned")', ("widget.sned (a.ts)",)),
        ("a.ts", "words(`error.${code}`) + words(`widget.state.${now}`)", ("widget.state.… (a.ts)",)),
        ("a.html", "{{ say('advice.titel') }} {{ say('advice.title') }}", ("advice.titel (a.html)",)),
        ("a.py", 'say("advice.lost")\nrecord("advice.opened")', ("advice.lost (a.py)",)),
        ("a.ts", 'import "./widget.js"; load("widget.css")', ()),
    ],
)
def test_a_string_that_the_code_shows_and_the_catalogue_lacks_is_a_fault(
    invented, tmp_path, file, code, missing
):
    (tmp_path / file).write_text(code, encoding="utf-8")
    found = report(invented, BEFORE, sources=[tmp_path])
    assert found.missing == missing
    assert found.status == (1 if missing else 0)
    assert all(any(key in line for line in found.lines()) for key in missing)


def test_a_string_that_no_code_shows_is_told(invented, tmp_path):
    (tmp_path / "a.ts").write_text('words("widget.send")', encoding="utf-8")
    unused = report(invented, BEFORE, sources=[tmp_path]).unused
    assert "error.not_found" in unused
    assert "widget.send" not in unused
    assert report(invented, BEFORE).unused == ()


def test_the_interface_lacks_no_string(charity):
    found = report(charity, BEFORE, sources=[PROJECT / "app", PROJECT / "coach_console"])
    assert found.missing == ()
    assert found.counts["interface strings"] > 300
