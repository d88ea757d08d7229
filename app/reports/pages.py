"""What the pages of reports share: their templates, their words, and the names of months."""

from datetime import date
from pathlib import Path

import jinja2

from app.content.pages import MONTHS
from app.content.rules import Content, Language

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """A page from its template and what stands in it."""
    return _environment.get_template(template).render(**values)


def words_of(content: Content, language: Language, key: str, **values: object) -> str:
    """The catalogue's words for a key, with these values put in."""
    text = content.interface.text(key, language)
    return text.format(**values) if values else text


def month_in(month: date, language: Language) -> str:
    """A month as it is written: March 2026."""
    return f"{MONTHS[language][month.month - 1]} {month.year}"
